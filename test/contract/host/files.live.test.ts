/**
 * Goal: the live `Files` keeps the contract, and beyond it what only a real host can break: a lock
 * whose holder was killed, a FIFO in a file's place, a full disk, many small reads.
 * Method: the shared cases, then real files in a temporary directory.
 */
import { execFileSync, spawn } from "node:child_process"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import { afterAll, expect, test } from "vitest"
import { layer } from "../../../src/host/files.live.ts"
import { Files } from "../../../src/host/files.ts"
import { filesCases } from "./files.cases.ts"

const directories: string[] = []
const makeDirectory = (): string => {
  const directory = fs.mkdtempSync(join(tmpdir(), "tr-files-"))
  directories.push(directory)
  return directory
}

afterAll(() => {
  for (const directory of directories) fs.rmSync(directory, { recursive: true, force: true })
})

const run = <A, E>(effect: Effect.Effect<A, E, Files>) =>
  Effect.runPromise(Effect.provide(effect, layer))

filesCases({ run, makeDirectory })

test("the kernel drops the lock of a holder that was killed", async () => {
  const path = join(makeDirectory(), "lock")
  const holder = fileURLToPath(new URL("lock-holder.ts", import.meta.url))
  const child = spawn(process.execPath, [holder, path], { stdio: ["ignore", "pipe", "inherit"] })
  await new Promise<void>((resolve) => child.stdout.once("data", () => resolve()))
  const lock = run(Effect.scoped(Effect.flatMap(Files, (files) => files.lock(path))))
  await expect(lock).rejects.toMatchObject({ _tag: "FileLocked" })
  child.kill("SIGKILL")
  await new Promise<void>((resolve) => child.once("exit", () => resolve()))
  await run(Effect.scoped(Effect.flatMap(Files, (files) => files.lock(path))))
})

test("a FIFO in a file's place keeps nobody waiting", async () => {
  const path = join(makeDirectory(), "fifo")
  execFileSync("mkfifo", [path])
  const open = (flag: "append" | "write") =>
    run(Effect.flip(Effect.flatMap(Files, (files) => files.open(path, flag))))
  expect(await open("append")).toMatchObject({ code: "ENXIO" })
  expect(await open("write")).toMatchObject({ code: "ENXIO" })
  const read = run(Effect.flatMap(Files, (files) => files.read(path, 10)))
  expect((await read).byteLength).toBe(0)
})

test("a full disk is told by its errno", async () => {
  const writing = Effect.gen(function* () {
    const files = yield* Files
    const file = yield* files.open("/dev/full", "append")
    const error = yield* Effect.flip(files.write(file, new Uint8Array(10)))
    yield* files.close(file)
    return error
  })
  expect(await run(writing)).toMatchObject({ operation: "write", code: "ENOSPC" })
})

test("files of /proc are read whole, though they say they are empty", async () => {
  const read = run(Effect.flatMap(Files, (files) => files.read("/proc/self/status", 65_536)))
  expect(new TextDecoder().decode(await read)).toContain("Name:")
})

test("a name with a NUL is refused, not thrown", async () => {
  const reading = run(Effect.flip(Effect.flatMap(Files, (files) => files.read("/tmp/a\0b", 1))))
  expect(await reading).toMatchObject({ _tag: "FileError", code: "EINVAL" })
})

test("no descriptor is left of 2,000 reads, half of them failing", async () => {
  const directory = makeDirectory()
  fs.writeFileSync(join(directory, "0"), "x")
  const open = () => fs.readdirSync("/proc/self/fd").length
  const before = open()
  const reading = Effect.gen(function* () {
    const files = yield* Files
    const read = (index: number) => Effect.exit(files.read(join(directory, `${index % 2}`), 10))
    const exits = yield* Effect.forEach(Array(2000).keys(), read, { concurrency: 32 })
    return exits.filter((exit) => exit._tag === "Success").length
  })
  expect(await run(reading)).toBe(1000)
  expect(open()).toBe(before)
})
