/**
 * Goal: `run` and `demo` show real guests, end them in order and leave nothing behind, also when
 * they are stopped, killed, or a guest does not start.
 * Method: the binary as a process of its own, with a user's signals; QEMU processes are counted.
 */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { guestLines } from "../../src/cli/demo/guest.ts"
import { Troupe } from "../../src/index.ts"
import { guestsIn, setStage, troupe } from "./faces-stage.ts"

test("demo --once puts three guests through their paces and leaves nothing behind", async () => {
  await using stage = setStage()
  const environment = { TMPDIR: stage.directory }
  const ended = await troupe(["demo", "--once"], { directory: stage.directory, environment }).ended
  expect(ended).toMatchObject({ code: 0, err: "" })
  for (const name of ["columbine", "harlequin", "pierrot"]) {
    expect(ended.out).toContain(`${name}: says "${guestLines.up}"`)
    expect(ended.out).toContain(`${name}: paused (user)`)
    expect(ended.out).toContain(`${name}: running (unpaused)`)
    expect(ended.out).toContain(`${name}: says "${guestLines.powerButton}"`)
    expect(ended.out).toContain(`${name}: shutoff (shutdown)`)
  }
  expect(readdirSync(stage.directory)).toEqual([])
})

test("a demo that is stopped ends its guests and removes its files", async () => {
  await using stage = setStage()
  const environment = { TMPDIR: stage.directory }
  const demo = troupe(["demo", "--once"], { directory: stage.directory, environment })
  await demo.says(/pierrot: running/)
  demo.kill("SIGINT")
  expect(await demo.ended).toMatchObject({ code: 130 })
  expect(guestsIn(stage.directory)).toEqual([])
  expect(readdirSync(stage.directory)).toEqual([])
})

test("a demo whose QEMU does not run fails with QEMU's own words", async () => {
  await using stage = setStage()
  const path = join(stage.directory, "bin")
  mkdirSync(path)
  const fake = "#!/bin/sh\necho 'no such luck' >&2\nexit 3\n"
  writeFileSync(join(path, "qemu-system-x86_64"), fake, { mode: 0o755 })
  const environment = { TMPDIR: stage.directory, PATH: `${path}:${process.env["PATH"]}` }
  const ended = await troupe(["demo", "--once"], { directory: stage.directory, environment }).ended
  expect(ended).toMatchObject({ code: 7, err: expect.stringMatching(/exit code 3.*no such luck/s) })
  expect(readdirSync(stage.directory)).toEqual(["bin"])
})

test("run shows guests until Ctrl-C, then presses their power buttons", async () => {
  await using stage = setStage()
  for (const name of ["a", "b"]) stage.definition(name)
  const run = troupe(["run", "a.xml", "b.xml", "--root", stage.root, "--json"], stage)
  await run.says(/"line":"TROUPE GUEST UP"[\s\S]*"line":"TROUPE GUEST UP"/)
  expect(guestsIn(stage.directory)).toHaveLength(2)
  run.kill("SIGINT")
  const { code, out } = await run.ended
  expect(code).toBe(0)
  const records = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line))
  for (const name of ["a", "b"]) {
    const mine = records.filter((record) => record.name === name)
    expect(mine.at(-1)).toMatchObject({ line: guestLines.powerButton })
    expect(mine.filter(({ type }) => type === "state").at(-1)).toMatchObject({
      state: "shutoff",
      reason: "shutdown"
    })
  }
  expect(guestsIn(stage.directory)).toEqual([])
})

test("run ends the guests that have started when another one cannot", async () => {
  await using stage = setStage()
  stage.definition("a")
  writeFileSync(join(stage.directory, "b.xml"), stage.definition("b").replace("b.img", "none.img"))
  const ended = await troupe(["run", "a.xml", "b.xml", "--root", stage.root], stage).ended
  expect(ended.code).toBe(7)
  expect(ended.err).toMatch(/cannot start 'b': .*none\.img/)
  expect(guestsIn(stage.directory)).toEqual([])
})

test("guests of a run that was killed end with the next engine, unless kept", async () => {
  await using stage = setStage()
  for (const name of ["a", "b"]) stage.definition(name)
  const kept = troupe(["run", "b.xml", "--keep", "--root", stage.root], stage)
  await kept.says(/b: running/)
  kept.kill("SIGKILL")
  await kept.ended
  const run = troupe(["run", "a.xml", "--root", stage.root], stage)
  await run.says(/a: running/)
  run.kill("SIGKILL")
  await run.ended
  expect(guestsIn(stage.directory)).toHaveLength(2)
  await using engine = await Troupe.open({ root: stage.root, guests: "stop" })
  const isListed = async (name: string) =>
    (await engine.list()).some((summary) => summary.name === name)
  while (await isListed("a")) await new Promise((resolve) => setTimeout(resolve, 20))
  expect(await isListed("b")).toBe(true)
})
