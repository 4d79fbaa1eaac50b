/**
 * Goal: the live `Processes` keeps the contract, and beyond it what only a real host can break: odd
 * names, leaking descriptors, none left.
 * Method: the shared cases, then small real programs.
 */
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import { layer } from "../../../src/host/process.live.ts"
import { Processes } from "../../../src/host/process.ts"
import { exitOf, planOf, processesCases } from "./processes.cases.ts"

const run = <A, E>(use: (processes: (typeof Processes)["Service"]) => Effect.Effect<A, E>) =>
  Effect.runPromise(Effect.provide(Effect.flatMap(Processes, use), layer))

processesCases({ run: (effect) => Effect.runPromise(Effect.provide(effect, layer)) })

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

test("what a process has open is told by its path, and what has none by its kind", () =>
  run((processes) =>
    Effect.gen(function* () {
      let said = ""
      const onData = (bytes: Uint8Array) => void (said += bytes.toString())
      const script = "exec 7</proc/version; echo ready; exec sleep 100"
      const plan = planOf(["/bin/sh", "-c", script], {
        descriptors: { 1: { kind: "pipe", onData } }
      })
      const child = yield* processes.spawn(plan)
      while (!said.includes("ready")) yield* Effect.sleep(1)
      const open = yield* processes.openFiles(child)
      expect(open).toContain("/proc/version")
      expect(open).toContain("/dev/null")
      expect(open).toContainEqual(expect.stringMatching(/^(pipe|socket):\[/))
      yield* processes.signal(child, "SIGKILL")
      yield* exitOf(child)
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
