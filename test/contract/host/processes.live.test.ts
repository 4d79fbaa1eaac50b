/**
 * Goal: a process is known by pid and start time, whatever its name; nothing is inherited unasked;
 * no failure to start is thrown.
 * Method: small real programs.
 */
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import { layer } from "../../../src/host/process.live.ts"
import {
  type Child,
  isAlive,
  type ProcessExit,
  Processes,
  type SpawnPlan
} from "../../../src/host/process.ts"

const run = <A, E>(use: (processes: (typeof Processes)["Service"]) => Effect.Effect<A, E>) =>
  Effect.runPromise(Effect.provide(Effect.flatMap(Processes, use), layer))

const planOf = (argv: SpawnPlan["argv"], more: Partial<SpawnPlan> = {}): SpawnPlan => ({
  argv,
  environment: {},
  directory: "/",
  descriptors: {},
  isDetached: false,
  ...more
})

const exitOf = (child: Child) =>
  Effect.callback<ProcessExit>((resume) => child.onExit((exit) => resume(Effect.succeed(exit))))

test("a child tells its exit, also to who asks late", () =>
  run((processes) =>
    Effect.gen(function* () {
      const child = yield* processes.spawn(planOf(["/bin/sh", "-c", "exit 7"]))
      expect(yield* exitOf(child)).toEqual({ code: 7, signal: undefined })
      expect(yield* exitOf(child)).toEqual({ code: 7, signal: undefined })
      expect(yield* processes.inspect(child.pid)).toBeUndefined()
      expect(yield* processes.signal(child, "SIGKILL")).toBe(false)
    })
  ))

test("a signal reaches that very process and no other of its pid", () =>
  run((processes) =>
    Effect.gen(function* () {
      const child = yield* processes.spawn(planOf(["/bin/sleep", "100"]))
      expect(yield* processes.signal({ pid: child.pid, startTime: "1" }, "SIGKILL")).toBe(false)
      expect(isAlive(yield* processes.inspect(child.pid))).toBe(true)
      expect(yield* processes.signal(child, "SIGKILL")).toBe(true)
      expect(yield* exitOf(child)).toEqual({ code: undefined, signal: "SIGKILL" })
    })
  ))

test("a program whose name has blanks and parentheses is looked at like any other", async () => {
  const directory = fs.mkdtempSync(join(tmpdir(), "tr-proc-"))
  const program = join(directory, ") R 1 (x")
  fs.copyFileSync("/bin/sleep", program)
  fs.chmodSync(program, 0o755)
  await run((processes) =>
    Effect.gen(function* () {
      const child = yield* processes.spawn(planOf([program, "100"]))
      const info = yield* processes.inspect(child.pid)
      expect(info).toMatchObject({ startTime: child.startTime, parent: process.pid })
      expect(yield* processes.commandLine(child)).toEqual([program, "100"])
      yield* processes.signal(child, "SIGKILL")
      yield* exitOf(child)
      expect(yield* processes.commandLine(child)).toBeUndefined()
    })
  )
  fs.rmSync(directory, { recursive: true })
})

test("a stopped process is told as stopped, a zombie as dead", () =>
  run((processes) =>
    Effect.gen(function* () {
      // The shell's own child ends, and the shell, now `sleep`, never reaps it.
      const script = "sleep 0.01 & exec sleep 100"
      const child = yield* processes.spawn(planOf(["/bin/sh", "-c", script]))
      const zombie = () =>
        Effect.map(processes.list, (all) =>
          all.find(({ parent, state }) => parent === child.pid && state === "zombie")
        )
      let seen = yield* zombie()
      while (seen === undefined) seen = yield* zombie()
      expect(isAlive(seen)).toBe(false)
      expect(yield* processes.signal(seen, "SIGKILL")).toBe(false)
      yield* processes.signal(child, "SIGSTOP")
      while ((yield* processes.inspect(child.pid))?.state !== "stopped") yield* Effect.sleep(1)
      yield* processes.signal(child, "SIGKILL")
      yield* exitOf(child)
    })
  ))

test("a child has the named descriptors and environment, and nothing else", () =>
  run((processes) =>
    Effect.gen(function* () {
      const words: string[] = []
      const child = yield* processes.spawn(
        planOf(["/usr/bin/env", "-S", "ls -l /proc/self/fd"], {
          environment: { ONLY: "this" },
          descriptors: {
            1: { kind: "pipe", onData: (bytes) => void words.push(bytes.toString()) },
            5: { kind: "null" }
          }
        })
      )
      yield* exitOf(child)
      while (!words.join("").includes("fd\n")) yield* Effect.sleep(1)
      const open = [...words.join("").matchAll(/ (\d+) -> (\S+)/g)]
        .map(([, fd, target]) => [Number(fd), target ?? ""] as const)
        .filter(([, target]) => !target.endsWith("/fd") && target !== "/dev/null")
      expect(open.map(([fd]) => fd)).toEqual([1])
    })
  ))

test.each([
  { argv: ["/nonexistent"], code: "ENOENT" },
  { argv: ["/etc/passwd"], code: "EACCES" },
  { argv: ["/bin/true", "a\0b"], code: "EINVAL" },
  { argv: ["/bin/true", "x".repeat(4_000_000)], code: "E2BIG" }
] as const)("what cannot be started is told as $code", ({ argv, code }) =>
  run((processes) =>
    Effect.gen(function* () {
      const [command, ...words] = argv
      const error = yield* Effect.flip(processes.spawn(planOf([command, ...words])))
      expect(error).toMatchObject({ _tag: "SpawnError", code })
    })
  )
)

test("a directory that is not there is told", () =>
  run((processes) =>
    Effect.gen(function* () {
      const plan = planOf(["/bin/true"], { directory: "/nonexistent" })
      expect((yield* Effect.flip(processes.spawn(plan))).code).toBe("ENOENT")
    })
  ))

test("without a descriptor left starts fail, and a living process is still seen and killed", () => {
  const directory = fs.mkdtempSync(join(tmpdir(), "tr-fd-"))
  const program = fileURLToPath(new URL("exhausted.ts", import.meta.url))
  const words = ["--nofile=64:64", process.execPath, program, directory]
  const found = JSON.parse(execFileSync("prlimit", words, { encoding: "utf8" }))
  expect(found).toEqual({
    spawn: "EMFILE",
    open: "EMFILE",
    bind: "EMFILE",
    connect: "EMFILE",
    isSeen: true,
    isSeenAgain: true,
    isListed: true,
    isKilled: true,
    exit: { signal: "SIGKILL" }
  })
  fs.rmSync(directory, { recursive: true })
})
