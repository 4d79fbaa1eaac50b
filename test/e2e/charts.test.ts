/**
 * Goal: charts come out of the command line in every format, of our machines and of anybody's, and
 * programs of others read them.
 * Method: the binary as a process of its own; SCXML is compiled by Qt's SCXML compiler, which
 * checks more than that it is XML (Debian's package, unpacked into the checkout's cache).
 */
import { execFile } from "node:child_process"
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { mkdtemp } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { inflateSync } from "node:zlib"
import { expect, test } from "vitest"
import { machines } from "../../machines/index.ts"
import { describe } from "../../src/charts/describe.ts"
import { scxml } from "../../src/charts/scxml.ts"
import { fixtures } from "../unit/charts/fixtures.ts"
import { debianPackage } from "./debian.ts"
import { setStage, type Stage, troupe } from "./faces-stage.ts"

const play = (stage: Stage, ...words: readonly string[]) =>
  troupe(["chart", ...words], {
    directory: stage.directory,
    environment: { TROUPE_ROOT: stage.root }
  }).ended

const beginnings = {
  mermaid: /^stateDiagram-v2\n/,
  svg: /^<svg xmlns=/,
  plantuml: /^@startuml\n/,
  dot: /^digraph /,
  scxml: /^<\?xml version="1.0" encoding="UTF-8"\?>\n<scxml /,
  xstate: /^\{\n {2}"id": "config"/,
  json: /^\{\n {2}"version": 1/,
  layout: /^\{\n {2}"version": 1/,
  text: /^╭─+╮\n│ +config +│\n/,
  boxes: /^╭─+╮\n│ +config +│\n/,
  tree: /^config\n├─ ● current\n/
} as const

/** How large a PNG is, and how many bytes its lines are made of (PNG specification, 5.3 and 10). */
const pngOf = (bytes: Buffer) => {
  expect(bytes.subarray(0, 8).toString("latin1")).toBe("\x89PNG\r\n\x1a\n")
  const packed: Buffer[] = []
  for (let at = 8; at < bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    const data = bytes.subarray(at + 8, at + 8 + bytes.readUInt32BE(at))
    if (bytes.toString("latin1", at + 4, at + 8) === "IDAT") packed.push(data)
  }
  const shades = new Set(inflateSync(Buffer.concat(packed))).size
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20), shades }
}

test("a machine of ours comes in every format, to the terminal or into a file", async () => {
  await using stage = setStage()
  expect(await play(stage, "--list")).toMatchObject({
    code: 0,
    out: "driver\nconfig\ndomain\nhostdev\n"
  })
  for (const [format, beginning] of Object.entries(beginnings)) {
    const printed = await play(stage, "config", "--format", format)
    expect(printed).toMatchObject({ code: 0, err: "", out: expect.stringMatching(beginning) })
    const written = await play(stage, "config", "--format", format, "-o", "chart.out")
    expect(written).toMatchObject({ code: 0, err: "", out: "" })
    expect(readFileSync(join(stage.directory, "chart.out"), "utf8")).toBe(printed.out)
  }
  const drawn = await play(stage, "config", "--format", "png", "-o", "chart.png")
  expect(drawn).toMatchObject({ code: 0, err: "", out: "" })
  const { width, height, shades } = pngOf(readFileSync(join(stage.directory, "chart.png")))
  const { out } = await play(stage, "config", "--format", "svg")
  const [, left, top] = /viewBox="0 0 ([0-9.]+) ([0-9.]+)"/.exec(out) ?? []
  expect([width, height]).toEqual([2 * Number(left), 2 * Number(top)])
  // Boxes, arrows and letters, with soft edges.
  expect(shades).toBeGreaterThan(10)
  const dark = await play(stage, "config", "--format", "svg", "--theme", "dark")
  expect(dark.out).not.toContain("prefers-color-scheme")
})

const userMachine = `
import { createMachine } from ${JSON.stringify(import.meta.resolve("xstate"))}
const states = { a: { on: { GO: "b" } }, b: {} }
export const one = createMachine({ id: "first", initial: "a", states })
`

test("a machine that a file exports is drawn; what is wrong with a file is told", async () => {
  await using stage = setStage()
  const write = (name: string, text: string) => writeFileSync(join(stage.directory, name), text)
  write("one.mjs", userMachine)
  write("two.ts", `${userMachine}\nexport const two: object = createMachine({ id: "second" })`)
  write("none.ts", "export const x = { root: 1 }")
  write("broken.ts", "export const x = {")
  const one = await play(stage, "one.mjs", "--format", "svg")
  expect(one).toMatchObject({ code: 0, err: "", out: expect.stringContaining("Statechart first") })
  const two = await play(stage, "./two.ts#two")
  expect(two).toMatchObject({ code: 0, out: expect.stringContaining("second") })
  const wrong = async (word: string) => {
    const { code, err } = await play(stage, word)
    return `${code} ${err}`
  }
  expect(await wrong("two.ts")).toMatch(
    /^4 .*several machines: name one as FILE#EXPORT, of one, two/
  )
  expect(await wrong("two.ts#three")).toMatch(/^4 .*no machine 'three'; there are one, two/)
  expect(await wrong("none.ts")).toMatch(/^3 .*exports no machine of xstate 5/)
  expect(await wrong("broken.ts")).toMatch(/^3 .*cannot load/)
  expect(await wrong("gone.ts")).toMatch(/^4 .*there is no file/)
  expect(await wrong("domian")).toMatch(/^4 .*did you mean 'domain'/)
})

test("a file's suffix says the format; another one that is asked for is refused", async () => {
  await using stage = setStage()
  const written = async (name: string, ...words: readonly string[]) => {
    const { code, err } = await play(stage, "config", "-o", name, ...words)
    return code === 0 ? readFileSync(join(stage.directory, name), "utf8") : `${code} ${err}`
  }
  const { svg, mermaid, plantuml, dot, scxml: xml, json, text, layout } = beginnings
  const suffixes = { svg, mmd: mermaid, puml: plantuml, dot, scxml: xml, json, txt: text }
  for (const [suffix, beginning] of Object.entries(suffixes))
    expect(await written(`chart.${suffix}`)).toMatch(beginning)
  expect(await written("CHART.SVG")).toMatch(svg)
  expect(await written("chart.unknown")).toMatch(mermaid)
  expect(await written("picture.json", "--format", "layout")).toMatch(layout)
  expect(await written("marked.svg", "--highlight", "current")).toMatch(svg)
  expect(await written("x.svg", "--format", "mermaid")).toMatch(
    /^3 .*'x.svg' is by its name svg, not mermaid/
  )
  expect(existsSync(join(stage.directory, "x.svg"))).toBe(false)
})

test("what a file prints and what is wrong with it is told, and not in the picture", async () => {
  await using stage = setStage()
  const write = (name: string, text: string) => writeFileSync(join(stage.directory, name), text)
  const loud =
    'console.log("LOUD")\nprocess.stdout.write("LOUDER\\n")\nsetInterval(() => {}, 1e6)\n'
  write("loud.mjs", `${loud}${userMachine}`)
  const { code, out, err } = await play(stage, "loud.mjs", "--format", "svg")
  expect({ code, err }).toEqual({ code: 0, err: "LOUD\nLOUDER\n" })
  expect(out).toMatch(/^<svg[^]*<\/svg>\n$/)
  write("bad.mjs", "export const x = {\n  a: 1,\n  b: ]\n}\n")
  write("bad.ts", "export const x: number = {\n  a: 1,\n  b: ]\n}\n")
  write("throws.mjs", "const a = 1\n\n  throw new Error('boom\\u001b[2J' + a)\n")
  write("imports.mjs", "import './throws.mjs'\n")
  write("four.mjs", "export const old = { __xstatenode: true, id: 'old', transition() {} }\n")
  const wrong = async (word: string) => {
    const ended = await play(stage, word)
    return `${ended.code} ${ended.err}`
  }
  expect(await wrong("bad.mjs")).toMatch(/^3 .*Unexpected token ']' \(line 3, column 6\)/)
  expect(await wrong("bad.ts")).toMatch(/^3 .*Expression expected \(line 3, column 6\)/)
  expect(await wrong("throws.mjs")).toMatch(/^3 .*boom\\u\{1b\}\[2J1 \(line 3, column 9\)/)
  expect(await wrong("imports.mjs")).toMatch(/^3 .*boom.* \('.*throws.mjs', line 3, column 9\)/)
  expect(await wrong("four.mjs")).toMatch(/^3 .*'old' of '.*four.mjs' is a machine of xstate 4/)
})

test("a file that waits for ever at its top is given up, and that is told", async () => {
  await using stage = setStage()
  const file = join(stage.directory, "waits.mjs")
  writeFileSync(file, "await new Promise(() => {})\n")
  const here = (path: string) => JSON.stringify(import.meta.resolve(path))
  const program = `
    import { exportsOf } from ${here("../../src/chart-file.ts")}
    import * as Effect from ${here("effect/Effect")}
    const ended = await Effect.runPromise(Effect.flip(exportsOf(${JSON.stringify(file)}, 200)))
    process.stdout.write(ended.message)`
  const words = ["--input-type=module", "-e", program]
  const { stdout } = await promisify(execFile)(process.execPath, words)
  expect(stdout).toBe(`cannot load '${file}': it waits at its top for more than 0.2 s`)
})

const versions = (xstate: string) => `
import { createMachine } from ${JSON.stringify(xstate)}
export const one = createMachine({ id: "door", initial: "shut", states: {
  shut: { on: { OPEN: "open" } }, open: { on: { CLOSE: "shut" } } } })
export const two = createMachine({ id: "door", initial: "shut", states: {
  shut: { on: { OPEN: "open", LOCK: "locked" } }, open: { on: { CLOSE: "shut" } }, locked: {} } })
`

const counted = {
  format: "troupe-chart-coverage",
  version: 1,
  machines: {
    door: { states: { shut: 1, open: 1 }, transitions: { shut: { OPEN: [1], LOCK: [0] } } }
  }
}

test("coverage is drawn, what was never taken is listed, and too little fails", async () => {
  await using stage = setStage()
  const write = (name: string, text: string) => writeFileSync(join(stage.directory, name), text)
  write("doors.mjs", versions(import.meta.resolve("xstate")))
  write("run.json", JSON.stringify(counted))
  write("none.json", "{")
  const text = await play(
    stage,
    "doors.mjs#two",
    "--coverage",
    "run.json",
    "--coverage",
    "run.json"
  )
  expect(text).toMatchObject({ code: 0, err: "" })
  expect(text.out).toContain("OPEN ×2 → open")
  expect(text.out).toContain("states 2 of 3, transitions 1 of 3: 33.3 %")
  expect(text.out).toContain("  locked, a state: LOCK\n")
  expect(text.out).toContain("  open, CLOSE: OPEN → CLOSE\n")
  const coverage = ["doors.mjs#two", "--coverage", "run.json"]
  expect(await play(stage, ...coverage, "--fail-under", "33")).toMatchObject({ code: 0 })
  const failed = await play(stage, ...coverage, "--fail-under", "33.4", "--format", "json")
  expect(failed).toMatchObject({ code: 1, err: expect.stringContaining("33.3 %") })
  expect(JSON.parse(failed.out)).toMatchObject({ machine: "door", transitions: { reached: 1 } })
  const picture = await play(stage, ...coverage, "--format", "svg", "-o", "chart.svg")
  expect(picture).toMatchObject({ code: 0, out: expect.stringContaining("never reached") })
  expect(readFileSync(join(stage.directory, "chart.svg"), "utf8")).toContain("CLOSE ×0")
  const wrong = async (...words: readonly string[]) => {
    const { code, err } = await play(stage, "doors.mjs#two", ...words)
    return `${code} ${err}`
  }
  expect(await wrong("--coverage", "gone.json")).toMatch(/^4 .*there is no file/)
  expect(await wrong("--coverage", "none.json")).toMatch(/^3 .*'none.json': it is not JSON/)
  expect(await wrong("--fail-under", "10")).toMatch(/^3 .*is about --coverage/)
  expect(await wrong("--coverage", "run.json", "--format", "dot")).toMatch(/^3 .*no room for marks/)
  expect(await wrong("--coverage", "run.json", "--highlight", "shut")).toMatch(/^3 .*at a time/)
  expect(await wrong("--highlight", "shot")).toMatch(/^4 .*did you mean 'shut'/)
})

test("two versions of a machine are compared; a state is pointed at", async () => {
  await using stage = setStage()
  const text = versions(import.meta.resolve("xstate"))
  writeFileSync(join(stage.directory, "doors.mjs"), text)
  const words = ["doors.mjs#two", "--diff", "doors.mjs#one"]
  const shown = await play(stage, ...words)
  expect(shown).toMatchObject({ code: 0, err: "" })
  expect(shown.out).toContain("+ LOCK → locked\n")
  expect(shown.out).toContain("+ locked, a state\n")
  const json = await play(stage, ...words, "--format", "json")
  expect(JSON.parse(json.out).changes).toHaveLength(2)
  const same = await play(stage, "doors.mjs#one", "--diff", "doors.mjs#one")
  expect(same.out).toContain("nothing is added, removed or changed")
  const pointed = await play(stage, "domain", "--highlight", "running", "--format", "svg")
  expect(pointed.out).toContain('mark-active" data-state="life.running"')
})

test("Qt's SCXML compiler takes the SCXML of every machine", async () => {
  const compiler = join(await debianPackage("libqt6scxml6-bin"), "usr/lib/qt6/libexec/qscxmlc")
  const directory = await mkdtemp(join(tmpdir(), "troupe-scxml-"))
  const run = promisify(execFile)
  try {
    for (const [name, machine] of Object.entries({ ...machines, ...fixtures })) {
      const file = join(directory, `${name}.scxml`)
      writeFileSync(file, scxml(describe(machine)))
      const { stderr } = await run(compiler, [file, "-o", join(directory, name)])
      expect(`${name}: ${stderr}`).toBe(`${name}: `)
    }
    const broken = join(directory, "broken.scxml")
    writeFileSync(
      broken,
      scxml(describe(machines.config)).replaceAll('target="current"', 'target="x"')
    )
    await expect(run(compiler, [broken, "-o", join(directory, "broken")])).rejects.toThrow(/x/)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})

test("boxes that are too wide give way to a tree, unless they are asked for", async () => {
  await using stage = setStage()
  const printed = async (format: string) => (await play(stage, "hostdev", "--format", format)).out
  const [text, tree, boxes] = [await printed("text"), await printed("tree"), await printed("boxes")]
  expect(text).toBe(tree)
  expect(tree).toMatch(/^hostdev\n├─/)
  expect(boxes).toMatch(/^╭─{120,}╮\n│ +hostdev +│\n/)
})
