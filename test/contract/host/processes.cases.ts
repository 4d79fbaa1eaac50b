/**
 * Goal: what every `Processes` does, the live one and a simulated one, in the same words.
 * Method: small programs (`sh`, `sleep`, `true`) that both kinds of host have.
 */
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import {
  type Child,
  isAlive,
  type ProcessExit,
  Processes,
  type ProcessInfo,
  type SpawnPlan
} from "../../../src/host/process.ts"

type Service = (typeof Processes)["Service"]

export interface ProcessesBench {
  readonly run: (effect: Effect.Effect<void, unknown, Processes>) => Promise<void>
}

export const planOf = (argv: SpawnPlan["argv"], more: Partial<SpawnPlan> = {}): SpawnPlan => ({
  argv,
  environment: {},
  directory: "/",
  descriptors: {},
  isDetached: false,
  ...more
})

export const exitOf = (child: Child) =>
  Effect.callback<ProcessExit>((resume) => child.onExit((exit) => resume(Effect.succeed(exit))))

const shell = (script: string): SpawnPlan["argv"] => ["/bin/sh", "-c", script]

const until = Effect.fnUntraced(function* (
  processes: Service,
  pid: number,
  state: ProcessInfo["state"]
) {
  while ((yield* processes.inspect(pid))?.state !== state) yield* Effect.sleep(1)
})

const killed = { code: undefined, signal: "SIGKILL" }

/** A child that says `ready`, and the wait for it. */
const saying = (script: string) => {
  let said = ""
  const onData = (bytes: Uint8Array) => void (said += new TextDecoder().decode(bytes))
  const plan = planOf(shell(script), { descriptors: { 1: { kind: "pipe", onData } } })
  const ready = Effect.gen(function* () {
    while (!said.includes("ready\n")) yield* Effect.sleep(1)
  })
  return { plan, ready, said: () => said }
}

type Case = (processes: Service) => Effect.Effect<void, unknown>

const cases: { readonly [name: string]: Case } = {
  "a child tells its exit, also to who asks late": Effect.fnUntraced(function* (processes) {
    const child = yield* processes.spawn(planOf(shell("exit 7")))
    expect(yield* exitOf(child)).toEqual({ code: 7, signal: undefined })
    expect(yield* exitOf(child)).toEqual({ code: 7, signal: undefined })
    expect(yield* processes.inspect(child.pid)).toBeUndefined()
    expect(yield* processes.signal(child, "SIGKILL")).toBe(false)
  }),

  "a detached child tells its exit too, and leaves no zombie": Effect.fnUntraced(
    function* (processes) {
      const child = yield* processes.spawn(planOf(shell("exit 7"), { isDetached: true }))
      expect(yield* exitOf(child)).toEqual({ code: 7, signal: undefined })
      expect(yield* processes.inspect(child.pid)).toBeUndefined()
      expect(yield* processes.commandLine(child)).toBeUndefined()
    }
  ),

  "a signal reaches that very process and no other of its pid": Effect.fnUntraced(
    function* (processes) {
      const child = yield* processes.spawn(planOf(["/bin/sleep", "100"]))
      expect(yield* processes.signal({ pid: child.pid, startTime: "1" }, "SIGKILL")).toBe(false)
      expect(isAlive(yield* processes.inspect(child.pid))).toBe(true)
      expect(yield* processes.signal(child, "SIGKILL")).toBe(true)
      expect(yield* exitOf(child)).toEqual(killed)
    }
  ),

  "a process is looked at, listed, and known by its words": Effect.fnUntraced(
    function* (processes) {
      const { pid } = yield* processes.self
      const child = yield* processes.spawn(planOf(["/bin/sleep", "100"]))
      const id = { pid: child.pid, startTime: child.startTime }
      expect(yield* processes.inspect(child.pid)).toMatchObject({ ...id, parent: pid })
      expect((yield* processes.list).filter((one) => one.pid === child.pid)).toMatchObject([id])
      expect((yield* processes.list).some((one) => one.pid === pid)).toBe(true)
      expect(yield* processes.commandLine(child)).toEqual(["/bin/sleep", "100"])
      expect(yield* processes.commandLine({ pid: child.pid, startTime: "1" })).toBeUndefined()
      yield* processes.signal(child, "SIGKILL")
      yield* exitOf(child)
    }
  ),

  "what a process has open is told of that very process alone": Effect.fnUntraced(
    function* (processes) {
      const child = yield* processes.spawn(planOf(["/bin/sleep", "100"]))
      expect(yield* processes.openFiles(child)).toBeInstanceOf(Array)
      expect(yield* processes.openFiles({ pid: child.pid, startTime: "1" })).toBeUndefined()
      yield* processes.signal(child, "SIGKILL")
      yield* exitOf(child)
      expect(yield* processes.openFiles(child)).toBeUndefined()
    }
  ),

  "what becomes another program is known by the other's words": Effect.fnUntraced(
    function* (processes) {
      const words = ["/bin/sh", "-c", 'exec "$@"', "sh", "/bin/sleep", "100"] as const
      const child = yield* processes.spawn(planOf([...words]))
      const isSleep = (words: readonly string[] | undefined) => words?.[0] === "/bin/sleep"
      while (!isSleep(yield* processes.commandLine(child))) yield* Effect.sleep(1)
      expect(yield* processes.commandLine(child)).toEqual(["/bin/sleep", "100"])
      yield* processes.signal(child, "SIGKILL")
      expect(yield* exitOf(child)).toEqual(killed)
    }
  ),

  "a child that its parent never reaps is a zombie: dead, wordless, beyond signals":
    Effect.fnUntraced(function* (processes) {
      // The shell's own child ends, and the shell, now `sleep`, never reaps it.
      const child = yield* processes.spawn(planOf(shell("sleep 0.01 & exec sleep 100")))
      const zombie = () =>
        Effect.map(processes.list, (all) =>
          all.find(({ parent, state }) => parent === child.pid && state === "zombie")
        )
      let seen = yield* zombie()
      while (seen === undefined) {
        yield* Effect.sleep(1)
        seen = yield* zombie()
      }
      expect(isAlive(seen)).toBe(false)
      expect(yield* processes.signal(seen, "SIGKILL")).toBe(false)
      expect(yield* processes.commandLine(seen)).toEqual([])
      yield* processes.signal(child, "SIGKILL")
      yield* exitOf(child)
      while ((yield* processes.inspect(seen.pid)) !== undefined) yield* Effect.sleep(1)
    }),

  "a stopped process is told as stopped, and only SIGKILL reaches it": Effect.fnUntraced(
    function* (processes) {
      const child = yield* processes.spawn(planOf(["/bin/sleep", "100"]))
      yield* processes.signal(child, "SIGSTOP")
      yield* until(processes, child.pid, "stopped")
      expect(yield* processes.signal(child, "SIGTERM")).toBe(true)
      yield* Effect.sleep(20)
      expect((yield* processes.inspect(child.pid))?.state).toBe("stopped")
      yield* processes.signal(child, "SIGKILL")
      expect(yield* exitOf(child)).toEqual(killed)
    }
  ),

  "a signal that waits for a stopped process reaches it when it goes on": Effect.fnUntraced(
    function* (processes) {
      const child = yield* processes.spawn(planOf(["/bin/sleep", "100"]))
      yield* processes.signal(child, "SIGSTOP")
      yield* until(processes, child.pid, "stopped")
      yield* processes.signal(child, "SIGTERM")
      yield* processes.signal(child, "SIGCONT")
      expect(yield* exitOf(child)).toEqual({ code: undefined, signal: "SIGTERM" })
    }
  ),

  "a process may take a signal its own way": Effect.fnUntraced(function* (processes) {
    const script = "trap 'exit 3' TERM; echo ready; while :; do sleep 0.01; done"
    const { plan, ready } = saying(script)
    const child = yield* processes.spawn(plan)
    yield* ready
    yield* processes.signal(child, "SIGTERM")
    expect(yield* exitOf(child)).toEqual({ code: 3, signal: undefined })
  }),

  "what a child says comes through its pipe": Effect.fnUntraced(function* (processes) {
    const { plan, ready, said } = saying("echo well; echo ready")
    const child = yield* processes.spawn(plan)
    yield* ready
    yield* exitOf(child)
    expect(said()).toBe("well\nready\n")
  }),

  "a directory that is not there is told": Effect.fnUntraced(function* (processes) {
    const plan = planOf(["/bin/true"], { directory: "/nonexistent" })
    expect((yield* Effect.flip(processes.spawn(plan))).code).toBe("ENOENT")
  })
}

const refusals = [
  { argv: ["/nonexistent"], code: "ENOENT" },
  { argv: ["/etc/passwd"], code: "EACCES" },
  { argv: ["/bin/true", "a\0b"], code: "EINVAL" },
  { argv: ["/bin/true", "x".repeat(4_000_000)], code: "E2BIG" }
] as const

export const processesCases = ({ run }: ProcessesBench): void => {
  for (const [name, perform] of Object.entries(cases))
    test(name, () => run(Effect.flatMap(Processes, perform)))

  test.each(refusals)("what cannot be started is told as $code", ({ argv, code }) =>
    run(
      Effect.gen(function* () {
        const processes = yield* Processes
        const [command, ...words] = argv
        const error = yield* Effect.flip(processes.spawn(planOf([command, ...words])))
        expect(error).toMatchObject({ _tag: "SpawnError", code })
      })
    )
  )
}
