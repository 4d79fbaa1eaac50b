// Goal: on the real file system the store keeps what it promises: a killed engine loses nothing
// that it acknowledged, a second one is refused, and names of any kind are safe as files.
// Method: real processes killed by SIGKILL at random instants; definitions in libvirt's XML.
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { afterEach, beforeEach, expect, test } from "vitest"
import * as LiveIds from "../../../src/base/ids.live.ts"
import * as LiveFiles from "../../../src/host/files.live.ts"
import { domainText } from "../../../src/store/domain-text.ts"
import { make, type Store, type StoreOptions } from "../../../src/store/store.ts"
import { parseDomain } from "../../../src/xml/domain.ts"
import { type Contents, contentsOf, readIdentity } from "./world.ts"

let root = ""

beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), "troupe-store-"))
})

afterEach(() => {
  fs.rmSync(root, { recursive: true, force: true })
})

const live = <A, E>(
  work: (store: Store["Service"]) => Effect.Effect<A, E>,
  options: Partial<StoreOptions> = {}
): Promise<A> =>
  Effect.runPromise(
    make({ root, owner: `vitest, pid ${process.pid}`, ...options }).pipe(
      Effect.flatMap(work),
      Effect.scoped,
      Effect.provide(LiveFiles.layer),
      Effect.provide(LiveIds.layer)
    )
  )

const template = `<domain type='qemu'>
  <name>x</name><uuid>c7a5fdbd-cdaf-9455-926a-d65c16db1809</uuid>
  <memory>65536</memory><vcpu>1</vcpu><os><type arch='x86_64'>hvm</type></os></domain>`

const domain = Result.getOrThrow(parseDomain(template)).domain

test("names of any kind are kept apart, found again, and stay in their directory", async () => {
  const paths = ["a/b", "../../etc", ".", "..", "web"]
  const texts = ["x,y=z", "虚拟机", "\"'&<>%", "new\nline", "\u00e9", "e\u0301"]
  const names = [...paths, ...texts]
  const uuidOf = (index: number) => `c7a5fdbd-cdaf-9455-926a-${String(index).padStart(12, "0")}`
  const domains = names.map((name, index) => ({ ...domain, name, uuid: uuidOf(index) }))
  await live((store) =>
    Effect.forEach(domains, (one) =>
      Effect.andThen(
        store.writeDefinition({ ...one, xml: domainText(one, "inactive") }),
        store.setAutostart(one.name, true)
      )
    )
  )
  const { heads, quarantined } = await live((store) => store.indexDefinitions)
  expect(quarantined).toEqual([])
  expect(heads.map(({ name }) => name).toSorted()).toEqual(names.toSorted())
  expect(heads.every(({ isAutostart }) => isAutostart)).toBe(true)
  expect(fs.readdirSync(path.join(root, "etc/qemu"))).toHaveLength(names.length + 1)
  expect(fs.readdirSync(root).toSorted()).toEqual(
    ["cache", "etc", "holder", "lib", "lock", "log", "run"].toSorted()
  )
})

test("a second engine is refused while the first holds the root, and told who it is", async () => {
  const message = await live(() =>
    Effect.promise(() => live(() => Effect.void, { owner: "second" }).then(String, String))
  )
  expect(message).toContain(`is in use by vitest, pid ${process.pid}`)
  await live(() => Effect.void)
})

/** Runs the engine for a while, kills it, and gives the contents it spoke of, in order. */
const liveAndDie = async (seed: number, afterLines: number): Promise<readonly Contents[]> => {
  const script = path.join(import.meta.dirname, "killed-engine.ts")
  const child = spawn(process.execPath, [script, root, String(seed)], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  const exited = new Promise((resolve) => child.once("exit", resolve))
  let output = ""
  child.stdout.setEncoding("utf8")
  child.stdout.on("data", (text: string) => {
    output += text
    // The pipe is read late: the child is already some operations further when it is killed.
    if (output.split("\n").length > afterLines) child.kill("SIGKILL")
  })
  await exited
  return output
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Contents)
}

test("an engine killed at any instant has lost nothing that it acknowledged", async () => {
  for (let seed = 1; seed <= 5; seed++) {
    const told = await liveAndDie(seed, 10 + seed * 11)
    expect(told.length).toBeGreaterThan(1)
    const found = await live(contentsOf, { readIdentity })
    // The last line is either under way or acknowledged; the one before it was acknowledged.
    expect(told.slice(-2).map(sorted)).toContainEqual(sorted(found))
    if (told.length % 2 === 1) expect(sorted(found)).toEqual(sorted(told.at(-1)))
  }
})

const sorted = (contents: Contents | undefined) => ({
  definitions: contents?.definitions,
  autostart: contents?.autostart.toSorted()
})
