/**
 * Goal: what an engine did can be had as a trace file: from a program, and from `troupe run`.
 * Method: real guests; the files are read back by the reader of the format.
 */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import * as Result from "effect/Result"
import { expect, test } from "vitest"
import { Troupe } from "../../src/index.ts"
import { readTrace } from "../../src/trace/read.ts"
import type { Trace, TurnEntry } from "../../src/trace/trace.ts"
import { guestsIn, setStage, troupe } from "./faces-stage.ts"

const turnsOf = ({ entries }: Trace): readonly TurnEntry[] =>
  entries.flatMap((entry) => (entry.kind === "turn" ? [entry] : []))

const messagesOf = (trace: Trace, actor: string): readonly string[] =>
  turnsOf(trace)
    .filter((turn) => turn.actor.startsWith(actor))
    .map(({ message }) => message)

const read = (text: string): Trace => Result.getOrThrow(readTrace(text))

test("a program gets the last turns of its engine, with who sent what", async () => {
  await using stage = setStage()
  await using engine = await Troupe.open({ root: stage.root, guests: "stop" })
  const guest = await engine.create(stage.definition("a"))
  await guest.destroy()
  const trace = read(await engine.trace())
  expect(trace.header.program).toMatch(/^\d+\.\d+\.\d+/)
  expect(trace.header).toMatchObject({ machines: { domain: "domain" }, simulation: undefined })
  const messages = messagesOf(trace, "domain/")
  for (const message of ["create", "launched", "destroy"]) expect(messages).toContain(message)
  const launched = turnsOf(trace).find(({ message }) => message === "launched")
  expect(launched?.sender).toBe(`domain/${guest.uuid}`)
  expect(launched?.script).toBeDefined()
  const { atMs = 0 } = turnsOf(trace).at(-1) ?? {}
  expect(Math.abs((trace.header.wallOriginMs ?? 0) + atMs - Date.now())).toBeLessThan(60_000)
})

test("a trace has nothing of a definition in it but its uuid", async () => {
  await using stage = setStage()
  await using engine = await Troupe.open({ root: stage.root, guests: "stop" })
  const secret = "correct-horse-battery"
  const xml = stage
    .definition("a")
    .replace("</devices>", `<graphics type='vnc' passwd='${secret.slice(0, 8)}'/></devices>`)
    .replace("<devices>", `<title>${secret}</title><devices>`)
  expect(xml).toContain(secret)
  const guest = await engine.define(xml)
  await guest.setDescription(secret)
  const text = await engine.trace()
  expect(text).toContain(guest.uuid)
  expect(text).not.toContain(secret)
  expect(text).not.toContain(`"${secret.slice(0, 8)}"`)
})

/** The file is replaced as a whole, and the new one is there before the old one goes. */
const untilChanged = async (path: string, before: number): Promise<void> => {
  while (statSync(path).ino === before) await sleep(20)
}

test("run writes a trace at once, at SIGUSR2, and when the engine has closed", async () => {
  await using stage = setStage()
  stage.definition("a")
  const path = join(stage.directory, "a.trace.json")
  const words = ["run", "a.xml", "--root", stage.root, "--json", "--trace", "a.trace.json"]
  const run = troupe(words, stage)
  await run.says(/"line":"TROUPE GUEST UP"/)
  const early = read(readFileSync(path, "utf8"))
  expect(messagesOf(early, "domain/")).toEqual([])
  const { ino } = statSync(path)
  run.kill("SIGUSR2")
  await untilChanged(path, ino)
  const middle = read(readFileSync(path, "utf8"))
  expect(messagesOf(middle, "domain/")).toContain("launched")
  run.kill("SIGINT")
  expect(await run.ended).toMatchObject({ code: 0, err: "" })
  const end = read(readFileSync(path, "utf8"))
  expect(end.header.createdBy).toMatch(/^troupe run, pid \d+$/)
  expect(messagesOf(end, "domain/")).toContain("exited")
  expect(turnsOf(end).at(-1)?.outcome).toBe("stopped")
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(readdirSync(stage.directory).filter((name) => name.endsWith(".tmp"))).toEqual([])
})

test("run ends before any guest when the trace cannot be written", async () => {
  await using stage = setStage()
  stage.definition("a")
  const words = ["run", "a.xml", "--root", stage.root, "--trace", "no/such/a.trace.json"]
  const ended = await troupe(words, stage).ended
  expect(ended.code).toBe(7)
  expect(ended.err).toContain("no/such/a.trace.json")
  expect(guestsIn(stage.directory)).toEqual([])
})

test("SIGUSR2 does nothing to a run that writes no trace", async () => {
  await using stage = setStage()
  stage.definition("a")
  const run = troupe(["run", "a.xml", "--root", stage.root, "--json"], stage)
  await run.says(/"line":"TROUPE GUEST UP"/)
  run.kill("SIGUSR2")
  run.kill("SIGINT")
  expect(await run.ended).toMatchObject({ code: 0 })
  expect(existsSync(join(stage.directory, "a.trace.json"))).toBe(false)
})
