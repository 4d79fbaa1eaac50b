/**
 * Scores Troupe against libvirt's own results, by kind of case, and holds the scores against the
 * committed floor. With `--write`, records the scores in the reference page and raises the floor.
 */
import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { corpusFolder, whyAbsent } from "./world.ts"

const root = resolve(import.meta.dirname, "../..")
const floorFile = join(import.meta.dirname, "floor.json")
const page = join(root, "docs/reference/conformance.md")
const longestMs = 600_000

/** How the cases of one kind came out, as the shared tool counts them. */
type Counts = { readonly [result: string]: number }

interface Scores {
  readonly what: "argv" | "xml"
  readonly kinds: { readonly [kind: string]: Counts }
}

const measure = (what: "argv" | "xml"): Scores => {
  const directory = mkdtempSync(join(tmpdir(), "troupe-conformance-"))
  try {
    const report = join(directory, "scores.json")
    const server = `${process.execPath} ${join(import.meta.dirname, `${what}-server.ts`)}`
    const tool = join(corpusFolder, "tools/score.mjs")
    const args = [tool, `--${what}-server`, server, "--json", report, join(corpusFolder, "open")]
    execFileSync(process.execPath, args, { stdio: "ignore", timeout: longestMs })
    const { kinds } = JSON.parse(readFileSync(report, "utf8"))
    return { what, kinds }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const sum = (counts: Counts, names: readonly string[]): number =>
  names.reduce((total, name) => total + (counts[name] ?? 0), 0)

const mustWork = ["identical", "guest-abi", "wrong", "refused", "crash"]
const mustFail = ["error-honoured", "error-missed"]

const percent = (part: number, whole: number): string =>
  whole === 0 ? "-" : `${((100 * part) / whole).toFixed(1)} %`

const row = (what: string, kind: string, counts: Counts): string => {
  const works = sum(counts, mustWork)
  const fails = sum(counts, mustFail)
  const identical = counts["identical"] ?? 0
  const same = identical + (counts["guest-abi"] ?? 0)
  const honoured = counts["error-honoured"] ?? 0
  const cells = [
    what,
    kind,
    String(works),
    `${identical} (${percent(identical, works)})`,
    what === "argv" ? `${same} (${percent(same, works)})` : "",
    String(counts["refused"] ?? 0),
    fails === 0 ? "" : `${honoured} of ${fails}`
  ]
  return `| ${cells.join(" | ")} |`
}

const head = [
  "| what | kind | cases | identical | same guest | refused | errors refused too |",
  "| --- | --- | --- | --- | --- | --- | --- |"
]

const table = (all: readonly Scores[]): string =>
  [
    ...head,
    ...all.flatMap(({ what, kinds }) =>
      Object.entries(kinds).map(([kind, counts]) => row(what, kind, counts))
    )
  ].join("\n")

/** What may not fall: agreement with libvirt, and that nothing crashes. */
type Floor = { [key: string]: number }

const reached = (all: readonly Scores[]): Floor =>
  Object.fromEntries(
    all.flatMap(({ what, kinds }) =>
      Object.entries(kinds).flatMap(([kind, counts]) =>
        ["identical", "error-honoured"].map((name): [string, number] => [
          `${what} ${kind} ${name}`,
          counts[name] ?? 0
        ])
      )
    )
  )

const belowFloor = (now: Floor, floor: Floor): readonly string[] =>
  Object.entries(floor)
    .filter(([key, least]) => (now[key] ?? 0) < least)
    .map(([key, least]) => `${key}: ${now[key] ?? 0}, was ${least}`)

const text = (all: readonly Scores[]): string =>
  `# Conformance with libvirt

Measured over the open half of the shared corpus with \`npm run conformance -- --write\`.
"Identical" is agreement in meaning, as the corpus's comparators judge it; "same guest" counts
command lines that differ on the host's side only. Cases that are refused ask for something that is
not built yet; the refusal names it. \`npm run conformance\` fails when any figure falls.

${table(all)}
`

const absent = whyAbsent()
if (absent !== undefined) {
  console.error(absent)
  process.exit(1)
}
const scores = [measure("argv"), measure("xml")]
console.log(table(scores))
const now = reached(scores)
const floor: Floor = JSON.parse(readFileSync(floorFile, "utf8"))
const fallen = belowFloor(now, floor)
for (const line of fallen) console.error(`below the floor: ${line}`)
if (process.argv.includes("--write") && fallen.length === 0) {
  writeFileSync(page, text(scores))
  writeFileSync(floorFile, `${JSON.stringify({ ...floor, ...now }, null, 2)}\n`)
}
process.exitCode = fallen.length === 0 ? 0 : 1
