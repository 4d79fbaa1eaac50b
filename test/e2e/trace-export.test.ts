/**
 * Goal: a trace file comes out of the command line in every format that it is exported as, whole or
 * a part of it; xstate's inspection events come back as a trace; bad files are told.
 * Method: the binary as a process of its own, on a trace of a hundred turns.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Result from "effect/Result"
import { expect, test } from "vitest"
import { readTrace } from "../../src/trace/read.ts"
import { writeTrace } from "../../src/trace/write.ts"
import { setStage, type Stage, troupe } from "./faces-stage.ts"
import { longTrace } from "./report/long.ts"

const play = (stage: Stage, ...words: readonly string[]) =>
  troupe(["trace", "export", ...words], {
    directory: stage.directory,
    environment: { TROUPE_ROOT: stage.root }
  }).ended

test("a trace is exported, whole or in part, and events come back as a trace", async () => {
  await using stage = setStage()
  const text = writeTrace(longTrace(400))
  writeFileSync(join(stage.directory, "run.trace.json"), text)
  const chrome = await play(stage, "run.trace.json", "--format", "perfetto")
  expect(chrome).toMatchObject({ code: 0, err: "" })
  const { traceEvents } = JSON.parse(chrome.out)
  expect(traceEvents.filter(({ ph }: { ph: string }) => ph === "i")).toHaveLength(400)
  const sequence = await play(stage, "run.trace.json", "--format", "mermaid")
  expect(sequence).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^sequenceDiagram\n/),
    err: expect.stringContaining("the first 250 of 400 entries")
  })
  const part = ["run.trace.json", "--format", "trace", "--from", "10", "--to", "19"]
  const { out } = await play(stage, ...part)
  const { header, entries } = Result.getOrThrow(readTrace(out))
  expect([header.omitted, entries.length]).toEqual([10, 10])
  const stately = ["run.trace.json", "--format", "stately", "-o", "events.json"]
  expect(await play(stage, ...stately)).toMatchObject({ code: 0, out: "", err: "" })
  const events = JSON.parse(readFileSync(join(stage.directory, "events.json"), "utf8"))
  expect(JSON.parse(events[0].definition)).toMatchObject({ id: "domain" })
  const back = await play(stage, "events.json", "--format", "trace")
  expect(Result.getOrThrow(readTrace(back.out)).entries).toHaveLength(400)
})

test("of half a file what is whole is exported, and it is told where the file ends", async () => {
  await using stage = setStage()
  const text = writeTrace(longTrace(40))
  const at = (name: string) => join(stage.directory, name)
  writeFileSync(at("half.json"), text.slice(0, Math.floor(text.length * 0.8)))
  const half = await play(stage, "half.json", "--format", "trace")
  expect(half).toMatchObject({
    code: 0,
    err: expect.stringMatching(/ends at line \d+, column \d+: its first \d+ entries are whole/)
  })
  const { length } = Result.getOrThrow(readTrace(half.out)).entries
  expect(half.err).toContain(`its first ${length} entries`)
  expect(length).toBeGreaterThan(10)
})

test("bad files and windows are told in a sentence", async () => {
  await using stage = setStage()
  const write = (name: string, text: string) => writeFileSync(join(stage.directory, name), text)
  write("run.trace.json", writeTrace(longTrace(5)))
  write("half.json", writeTrace(longTrace(5)).slice(0, 300))
  write("events.json", '[{ "type": "@xstate.event" }]')
  const wrong = async (...words: readonly string[]) => {
    const { code, err } = await play(stage, ...words, "--format", "mermaid")
    return `${code} ${err}`
  }
  expect(await wrong("gone.json")).toMatch(/^4 .*there is no file/)
  expect(await wrong("half.json")).toMatch(/^3 .*the file ends in the middle/)
  expect(await wrong("events.json")).toMatch(/^3 .*\[0\].sessionId/)
  expect(await wrong("run.trace.json", "--from", "5")).toMatch(/^3 .*has the entries 0 to 4/)
})
