/**
 * Goal: charts come out of the command line in every format, of our machines and of anybody's, and
 * programs of others read them.
 * Method: the binary as a process of its own; SCXML is compiled by Qt's SCXML compiler, which
 * checks more than that it is XML (Debian's package, unpacked into the checkout's cache).
 */
import { execFile } from "node:child_process"
import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { mkdtemp } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
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
  layout: /^\{\n {2}"version": 1/
} as const

test("a machine of ours comes in every format, to the terminal or into a file", async () => {
  await using stage = setStage()
  expect(await play(stage, "--list")).toMatchObject({ code: 0, out: "driver\nconfig\ndomain\n" })
  for (const [format, beginning] of Object.entries(beginnings)) {
    const printed = await play(stage, "config", "--format", format)
    expect(printed).toMatchObject({ code: 0, err: "", out: expect.stringMatching(beginning) })
    const written = await play(stage, "config", "--format", format, "-o", "chart.out")
    expect(written).toMatchObject({ code: 0, err: "", out: "" })
    expect(readFileSync(join(stage.directory, "chart.out"), "utf8")).toBe(printed.out)
  }
  const text = await play(stage, "config", "--format", "png", "-o", "chart.png")
  expect(text).toMatchObject({ code: 3, err: expect.stringContaining("@resvg/resvg-js") })
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
