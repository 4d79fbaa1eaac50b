/**
 * How soon an engine is open on a root with many definitions: lock, index, look for living guests.
 * `node test/benchmark/index.bench.ts [--definitions 10000] [--rounds 5]`.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { guestDomainXml } from "../../src/cli/demo/guest.ts"
import { Troupe } from "../../src/index.ts"

const { values } = parseArgs({
  options: {
    definitions: { type: "string", default: "10000" },
    rounds: { type: "string", default: "5" }
  }
})

const directory = mkdtempSync(join(tmpdir(), "ti-"))
const root = join(directory, "root")
mkdirSync(join(root, "etc/qemu"), { recursive: true })
for (let index = 0; index < Number(values.definitions); index++) {
  const uuid = `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`
  const serial = { kind: "pty" } as const
  const xml = guestDomainXml({ name: `guest-${index}`, uuid, diskPath: "/nowhere.img", serial })
  writeFileSync(join(root, "etc/qemu", `guest-${index}.xml`), xml)
}

const times: number[] = []
for (let round = 0; round < Number(values.rounds); round++) {
  const begun = performance.now()
  const troupe = await Troupe.open({ root })
  times.push(performance.now() - begun)
  const listed = await troupe.list()
  if (listed.length !== Number(values.definitions)) throw new Error(`${listed.length} are listed`)
  await troupe[Symbol.asyncDispose]()
}
rmSync(directory, { recursive: true })

const [first = Number.NaN] = times
const sorted = times.toSorted((a, b) => a - b)
const median = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
const resident = Math.round(process.memoryUsage.rss() / 2 ** 20)
process.stdout.write(
  [
    `${values.definitions} definitions: open in ${median.toFixed(0)} ms`,
    `median of ${times.length}, the first ${first.toFixed(0)} ms, resident ${resident} MiB\n`
  ].join(", ")
)
