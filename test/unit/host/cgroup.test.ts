/**
 * Goal: control groups are used where the host has version 2 of them and may be written, and are
 * told as unavailable otherwise.
 * Method: the host's own tree where it lets us; a directory that is none.
 */
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { expect, test } from "vitest"
import {
  cgroupHost,
  makeCgroup,
  placeInCgroup,
  removeCgroup,
  setCgroup
} from "../../../src/host/cgroup.ts"
import * as FilesLive from "../../../src/host/files.live.ts"
import type { Files } from "../../../src/host/files.ts"
import * as ProcessesLive from "../../../src/host/process.live.ts"
import { type ProcessExit, Processes } from "../../../src/host/process.ts"

const run = <A, E>(effect: Effect.Effect<A, E, Files | Processes>) =>
  Effect.runPromise(Effect.provide(effect, Layer.merge(FilesLive.layer, ProcessesLive.layer)))

const mounted = fs
  .readFileSync("/proc/self/mounts", "utf8")
  .split("\n")
  .some((line) => line.split(" ")[2] === "cgroup2")

test("the host's tree is found where it is mounted, or told as absent", async () => {
  if (!mounted) {
    const error = await run(Effect.flip(cgroupHost))
    expect(error).toMatchObject({ _tag: "CgroupUnavailable" })
    return
  }
  const host = await run(cgroupHost)
  expect(fs.existsSync(`${host.mount}/cgroup.procs`)).toBe(true)
})

/** Whether this user may make groups here at all; a container often may not. */
const writableMount = (): string | undefined => {
  if (!mounted) return undefined
  const row = fs
    .readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .find((line) => line.split(" ")[2] === "cgroup2")
  const [, mount = "", , options = ""] = row?.split(" ") ?? []
  try {
    fs.accessSync(mount, fs.constants.W_OK)
    return options.split(",").includes("rw") ? mount : undefined
  } catch {
    return undefined
  }
}

const mount = writableMount()

test.runIf(mount !== undefined)("a process is moved into a group, which goes when it is gone", () =>
  run(
    Effect.gen(function* () {
      const processes = yield* Processes
      const path = `${mount}/troupe-test-${process.pid}`
      expect(yield* makeCgroup(path)).toBe(true)
      expect(yield* makeCgroup(path)).toBe(false)
      const child = yield* processes.spawn({
        argv: ["/bin/sleep", "100"],
        environment: {},
        directory: "/",
        descriptors: {},
        isDetached: false
      })
      yield* placeInCgroup(path, child)
      expect(fs.readFileSync(`${path}/cgroup.procs`, "utf8")).toBe(`${child.pid}\n`)
      const busy = yield* Effect.flip(removeCgroup(path))
      expect(busy.message).toContain("EBUSY")
      yield* processes.signal(child, "SIGKILL")
      yield* Effect.callback<ProcessExit>((resume) =>
        child.onExit((exit) => resume(Effect.succeed(exit)))
      )
      expect(yield* removeCgroup(path)).toBe(true)
      expect(yield* removeCgroup(path)).toBe(false)
    })
  )
)

test("what cannot be set or entered is told with the group and the reason", async () => {
  const none = `${tmpdir()}/no-such-group`
  const setting = await run(Effect.flip(setCgroup(none, { "memory.max": "1" })))
  expect(setting.message).toBe(
    `cannot set memory.max of control group '${none}': cannot open '${none}/memory.max': ENOENT`
  )
  const entering = await run(Effect.flip(placeInCgroup(none, { pid: 1, startTime: "1" })))
  expect(entering).toMatchObject({ _tag: "CgroupUnavailable" })
})
