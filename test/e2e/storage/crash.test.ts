/**
 * Goal: an engine that is killed while it makes volumes leaves whole ones only, and all that it
 * acknowledged. Method: engines in processes of their own, killed in the middle of a creation that
 * does not end, and at moments that nobody chose.
 */
import { spawn } from "node:child_process"
import { join } from "node:path"
import * as readline from "node:readline"
import { afterEach, beforeEach, expect, test } from "vitest"
import { imageFacts, megabyte, run, Stage } from "./stage.ts"

let stage: Stage

beforeEach(async () => {
  stage = await new Stage().open()
  await stage.pool()
  await stage.close()
})

afterEach(() => stage.end())

/** A killed engine and what it had acknowledged. */
const killedWhen = async (
  words: { readonly emulator: string; readonly prefix: string },
  isTime: (said: readonly string[]) => Promise<unknown>
): Promise<readonly string[]> => {
  const program = join(import.meta.dirname, "child.ts")
  const child = spawn(process.execPath, [program, stage.root, words.emulator, words.prefix], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  const said: string[] = []
  const ended = new Promise((resolve) => child.once("close", resolve))
  readline.createInterface({ input: child.stdout }).on("line", (line) => said.push(line))
  try {
    while (said.length === 0) await pause(2)
    await isTime(said)
  } finally {
    child.kill("SIGKILL")
    await ended
  }
  return said.slice(1)
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

test("killed in the middle of a creation, nothing of it is left after the next start", async () => {
  const emulator = stage.stuckTool()
  let tool = 0
  const made = await killedWhen({ emulator, prefix: "v" }, async () => {
    tool = await stage.toolPid()
  })
  process.kill(tool, "SIGKILL")
  expect(made).toEqual([])
  expect(stage.files()).toHaveLength(1)
  await stage.open()
  await run(stage.storage.startPool({ name: "images" }))
  expect(await run(stage.storage.listVolumes({ name: "images" }))).toEqual([])
  expect(stage.files()).toEqual([])
})

test("killed at any moment, what is listed is whole, what was acknowledged is listed", async () => {
  const emulator = "/usr/bin/qemu-system-x86_64"
  const acknowledged: string[] = []
  for (const delayMs of [0, 7, 23, 61, 97]) {
    const made = await killedWhen({ emulator, prefix: `v${delayMs}-` }, () => pause(delayMs))
    acknowledged.push(...made)
  }
  await stage.open()
  await run(stage.storage.startPool({ name: "images" }))
  const volumes = await run(stage.storage.listVolumes({ name: "images" }))
  const names = volumes.map(({ name }) => name)
  expect(names).toEqual(expect.arrayContaining(acknowledged))
  for (const { name, key } of volumes) {
    const format = Number(name.slice(name.indexOf("-") + 1)) % 2 === 0 ? "qcow2" : "raw"
    expect(imageFacts(key)).toMatchObject({ format, "virtual-size": 2 * megabyte })
  }
  // An orphan that outlived its engine may still write to a name that is gone.
  expect(stage.files()).toEqual(names.toSorted())
})
