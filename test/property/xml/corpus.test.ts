/**
 * Goal: nothing that libvirt prints is lost or changed by reading and writing it.
 * Method: every definition of the shared corpus through the parser and back. What libvirt printed
 * is compared with the corpus's own comparator; everything else must at least be stable. Without
 * the corpus beside the checkout there is nothing to measure, and the test says so.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import * as Result from "effect/Result"
import { expect, test } from "vitest"
import { formatDomain, type Parsed, parseDomain } from "../../../src/xml/domain.ts"
import { corpusFolder, whyAbsent } from "../../conformance/world.ts"

const absent = whyAbsent()

const kinds = ["xml", "native-xml", "live", "hotplug", "argv", "native"]
const uuid = "c7a5fdbd-edaf-9455-926a-d65c16db1809"

interface Sample {
  readonly name: string
  readonly text: string
  readonly kind: "active" | "inactive"
  readonly isPrinted: boolean
}

const samples = (): readonly Sample[] =>
  kinds.flatMap((folder) => {
    const path = join(corpusFolder, "open", folder)
    const files = existsSync(path) ? readdirSync(path) : []
    return files.flatMap((file): readonly Sample[] => {
      if (!file.endsWith(".xml") || file.endsWith(".device.xml")) return []
      const isActive = /[.]active[.]xml$|dump[.]xml$/.test(file) || folder === "hotplug"
      const isPrinted = /[.](out|inactive|active)[.]xml$|dump[.]xml$/.test(file)
      const text = readFileSync(join(path, file), "utf8")
      const name = `${folder}/${file}`
      return [{ name, text, kind: isActive ? "active" : "inactive", isPrinted }]
    })
  })

const write = ({ domain, id }: Parsed, kind: Sample["kind"]) =>
  formatDomain(domain, { kind, ...(id === undefined ? {} : { id }) })

interface Comparator {
  readonly compareXml: (
    expected: string,
    actual: string
  ) => { readonly diffs: readonly { readonly change: string; readonly path: string }[] }
}

test.skipIf(absent !== undefined)(absent ?? "writes what libvirt printed as it was", async () => {
  const { compareXml }: Comparator = await import(join(corpusFolder, "tools", "compare-xml.mjs"))
  const changed: string[] = []
  let compared = 0
  for (const { name, text, kind, isPrinted } of samples()) {
    // A value that differs from run to run stands as this word in what was recorded.
    if (!isPrinted || text.includes("@ANY@")) continue
    compared += 1
    const parsed = parseDomain(text, { kind, uuid, purpose: "reload" })
    if (Result.isFailure(parsed)) changed.push(`${name}: ${parsed.failure.message}`)
    else {
      const { diffs } = compareXml(text, write(parsed.success, kind))
      changed.push(...diffs.map(({ change, path }) => `${name}: ${change} ${path}`))
    }
  }
  expect(compared).toBeGreaterThan(500)
  expect(changed).toEqual([])
})

test.skipIf(absent !== undefined)(absent ?? "is stable from the first writing on", () => {
  const unstable: string[] = []
  for (const { name, text, kind } of samples()) {
    const parsed = parseDomain(text, { kind, uuid })
    if (Result.isFailure(parsed)) continue
    const first = write(parsed.success, kind)
    const again = parseDomain(first, { kind })
    if (Result.isFailure(again) || write(again.success, kind) !== first) unstable.push(name)
  }
  expect(unstable).toEqual([])
})
