// Goal: an operation that is asked for twice, also of a later engine, is done once.
// Method: the promise face on a real root, with the same operation id again, and a real guest.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, test } from "vitest"
import { guestDomainXml, guestImage } from "../../src/cli/demo/guest.ts"
import { Troupe } from "../../src/index.ts"

const directory = mkdtempSync(join(tmpdir(), "op-"))
const root = join(directory, "root")
const diskPath = join(directory, "disk.img")
writeFileSync(diskPath, guestImage())
const serial = { kind: "file", path: join(directory, "serial") } as const
afterAll(() => rmSync(directory, { recursive: true }))

test("a start, a define and a failure are answered from the journal", async () => {
  const xml = guestDomainXml({ name: "once", diskPath, serial })
  {
    await using troupe = await Troupe.open({ root })
    const first = await troupe.define(xml, { operationId: "define-1" })
    const again = await troupe.define(xml, { operationId: "define-1" })
    expect(again.uuid).toBe(first.uuid)
    const id = await first.start({ operationId: "start-1" })
    expect(await first.start({ operationId: "start-1" })).toBe(id)
    await expect(first.start()).rejects.toThrow("active already")
    await expect(first.start({ operationId: "start-2" })).rejects.toThrow("active already")
    await expect(first.start({ operationId: "start-2" })).rejects.toThrow("it failed")
    await expect(first.suspend({ operationId: "start-1" })).rejects.toThrow("domainCreate")
  }
  {
    await using troupe = await Troupe.open({ root, guests: "stop" })
    const [domain] = await troupe.list()
    expect(domain?.state).toBe("running")
    const handle = await troupe.define(xml, { operationId: "define-1" })
    expect(await handle.start({ operationId: "start-1" })).toBe(domain?.id)
  }
})
