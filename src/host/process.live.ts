/**
 * Processes of this host, behind `Processes`: `posix_spawn` by way of Node, `/proc`, and signals.
 * Names a process by pid and start time, and looks at the start time right before each signal.
 */
import { type ChildProcess, spawn, type StdioOptions } from "node:child_process"
import * as fs from "node:fs"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { assert } from "../base/assert.ts"
import {
  type Child,
  isAlive,
  type ProcessExit,
  type ProcessId,
  type ProcessInfo,
  Processes,
  SpawnError,
  type SpawnPlan
} from "./process.ts"
import { SpawnThread } from "./spawn-thread.live.ts"

/** Of `/proc/PID/stat` looked at in one turn: a read takes about 10 us. */
const inspectedPerTurn = 128

const stateOf: { readonly [letter: string]: ProcessInfo["state"] } = {
  R: "running",
  S: "sleeping",
  I: "sleeping",
  P: "sleeping",
  D: "uninterruptible",
  T: "stopped",
  t: "stopped",
  Z: "zombie",
  X: "dead",
  x: "dead"
}

/**
 * proc(5): `pid (comm) state ppid ...`, starttime being field 22. The name may hold blanks and
 * parentheses, so the fields are counted from the last closing one.
 */
const parseStat = (pid: number, text: string): ProcessInfo | undefined => {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ")
  const [letter, parent] = fields
  const startTime = fields[19]
  if (letter === undefined || parent === undefined || startTime === undefined) return undefined
  // num_threads (field 20): a leader that is a zombie while other threads are still ending has its
  // files, sockets and locks yet, for some 10 ms of a killed QEMU. It is dead with the last thread.
  const isEnding = letter === "Z" && Number(fields[17]) > 1
  const state = isEnding ? "uninterruptible" : (stateOf[letter] ?? "running")
  const cpuTicks = Number(fields[11]) + Number(fields[12])
  return { pid, startTime, parent: Number(parent), cpuTicks, state }
}

/** 52 numbers of 20 digits at most, and a name of 15 characters. */
const statBytesMax = 2_048

/**
 * Looks at processes through /proc, which never waits for a disk: quicker at once than by way of a
 * thread. Keeps a descriptor in reserve: without one left nobody could tell whether a QEMU is dead,
 * and "cannot look" must never pass for "is gone".
 */
class ProcessTable {
  readonly #reserve: { fd: number | undefined } = { fd: undefined }
  readonly #buffer = Buffer.alloc(statBytesMax)

  constructor() {
    this.#refill()
  }

  inspect(pid: number): ProcessInfo | undefined {
    if (!Number.isSafeInteger(pid) || pid <= 0) return undefined
    const text = this.#read(`/proc/${pid}/stat`)
    return text === undefined ? undefined : parseStat(pid, text)
  }

  pids(): readonly number[] {
    return this.#withReserve(() => fs.readdirSync("/proc"))
      .map(Number)
      .filter(Number.isSafeInteger)
  }

  close(): void {
    if (this.#reserve.fd !== undefined) fs.closeSync(this.#reserve.fd)
    this.#reserve.fd = undefined
  }

  #read(path: string): string | undefined {
    try {
      return this.#withReserve(() => this.#text(path))
    } catch (cause) {
      if (codeOf(cause) === "ENOENT" || codeOf(cause) === "ESRCH") return undefined
      throw cause
    }
  }

  /** The kernel makes the whole text with the first read: half the time of `readFileSync`. */
  #text(path: string): string {
    const fd = fs.openSync(path, "r")
    try {
      return this.#buffer.toString("latin1", 0, fs.readSync(fd, this.#buffer, 0, statBytesMax, 0))
    } finally {
      fs.closeSync(fd)
    }
  }

  #withReserve<A>(read: () => A): A {
    try {
      return read()
    } catch (cause) {
      if (codeOf(cause) !== "EMFILE" && codeOf(cause) !== "ENFILE") throw cause
      this.close()
      try {
        return read()
      } finally {
        this.#refill()
      }
    }
  }

  #refill(): void {
    try {
      this.#reserve.fd = fs.openSync("/dev/null", "r")
    } catch {
      this.#reserve.fd = undefined // Somebody was quicker; the next refill may find one.
    }
  }
}

const isSame = (info: ProcessInfo | undefined, process: ProcessId): info is ProcessInfo =>
  info !== undefined && info.startTime === process.startTime

const list = (table: ProcessTable) =>
  Effect.callback<readonly ProcessInfo[]>((resume) => {
    const found: ProcessInfo[] = []
    const pids = table.pids()
    const some = (from: number): void => {
      for (const pid of pids.slice(from, from + inspectedPerTurn)) {
        const info = table.inspect(pid)
        if (info !== undefined) found.push(info)
      }
      const next = from + inspectedPerTurn
      if (next < pids.length) setImmediate(() => some(next))
      else resume(Effect.succeed(found))
    }
    some(0)
  })

const commandLine = (table: ProcessTable, process: ProcessId) =>
  Effect.callback<readonly string[] | undefined>((resume) => {
    fs.readFile(`/proc/${process.pid}/cmdline`, "utf8", (error, text) => {
      // Looked at after the read: only then is what was read surely of this process.
      if (!isSame(table.inspect(process.pid), process)) return resume(Effect.succeed(undefined))
      // It lives and cannot be read: without an answer the caller's deadline tells.
      if (error !== null) return
      const words = text.split("\0")
      resume(Effect.succeed(words.at(-1) === "" ? words.slice(0, -1) : words))
    })
  })

/** What closes between the list and the look is left out. */
const openFiles = (table: ProcessTable, process: ProcessId) =>
  Effect.callback<readonly string[] | undefined>((resume) => {
    const folder = `/proc/${process.pid}/fd`
    const looking = fs.promises
      .readdir(folder)
      .then((names) =>
        Promise.allSettled(names.map((name) => fs.promises.readlink(`${folder}/${name}`)))
      )
    const tell = (paths: readonly string[] | undefined) => {
      // Looked at after the read, as for the command line.
      const isIt = isSame(table.inspect(process.pid), process)
      resume(Effect.succeed(isIt ? paths : undefined))
    }
    looking.then(
      (links) => tell(links.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []))),
      () => tell(undefined)
    )
  })

/**
 * Descriptors that whoever started us left open without close-on-exec; every child would inherit
 * them. Node marks the low ones itself, up to the first gap.
 */
const leaking = (): readonly number[] => {
  const closeOnExec = 0o2000000
  // A child can be given no number past the limit; one that was open before the limit was lowered
  // stays out of our reach.
  const limits = fs.readFileSync("/proc/self/limits", "latin1")
  const highest = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? 1024)
  return fs
    .readdirSync("/proc/self/fdinfo")
    .map(Number)
    .filter((fd) => {
      if (fd <= 2 || fd >= highest) return false
      try {
        const flags = /^flags:\s*([0-7]+)/m.exec(
          fs.readFileSync(`/proc/self/fdinfo/${fd}`, "latin1")
        )
        return flags?.[1] !== undefined && (Number.parseInt(flags[1], 8) & closeOnExec) === 0
      } catch {
        return false // The directory's own descriptor, closed since.
      }
    })
}

type Stdio = Exclude<StdioOptions, string>

const stdioOf = (plan: SpawnPlan, leaks: readonly number[], nullFd: number): Stdio => {
  const named = Object.keys(plan.descriptors).map(Number)
  const highest = Math.max(2, ...named, ...leaks)
  return Array.from({ length: highest + 1 }, (_, fd): Stdio[number] => {
    const descriptor = fd === 0 ? undefined : plan.descriptors[fd]
    switch (descriptor?.kind) {
      case "file":
        return descriptor.file.fd
      case "listener":
        return descriptor.listener as Stdio[number]
      case "pipe":
        return "pipe"
      default:
        // Covering a leaking descriptor with /dev/null is as near to closing it as Node comes.
        return leaks.includes(fd) || descriptor !== undefined ? nullFd : "ignore"
    }
  })
}

/** Calls each listener once, those that come after the exit too, never on the caller's stack. */
const exitBoard = () => {
  let exit: ProcessExit | undefined
  const listeners: ((exit: ProcessExit) => void)[] = []
  const exited = (how: ProcessExit): void => {
    exit = how
    for (const listener of listeners.splice(0)) listener(how)
  }
  const onExit: Child["onExit"] = (listener) => {
    if (exit === undefined) listeners.push(listener)
    else setImmediate(listener, exit)
  }
  return { exited, onExit }
}

const exitOf = (child: ChildProcess): Child["onExit"] => {
  const { exited, onExit } = exitBoard()
  child.once("exit", (code, signal) =>
    exited({ code: code ?? undefined, signal: signal ?? undefined })
  )
  return onExit
}

const listen = (child: ChildProcess, plan: SpawnPlan): void => {
  for (const [fd, descriptor] of Object.entries(plan.descriptors)) {
    const stream = child.stdio[Number(fd)]
    if (descriptor.kind !== "pipe" || !stream) continue
    stream.on("data", descriptor.onData)
    stream.on("error", () => {}) // The child's exit tells what there is to tell.
    if (descriptor.onEnd !== undefined) stream.on("close", descriptor.onEnd)
  }
}

const codeOf = (cause: unknown): string => {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "EAGAIN"
  return code.startsWith("ERR_") ? "EINVAL" : code
}

interface Surroundings {
  readonly table: ProcessTable
  readonly thread: SpawnThread
  readonly leaks: readonly number[]
  readonly nullFd: number
}

/** The child's descriptors by number, when no pipe to us is among them. */
const numbersOf = (stdio: Stdio): readonly (number | "ignore")[] | undefined => {
  const numbers = stdio.map((entry) => {
    if (typeof entry === "number" || entry === "ignore") return entry
    const fd = (entry as { readonly fd?: number } | null)?.fd
    return typeof fd === "number" ? fd : undefined
  })
  return numbers.includes(undefined) ? undefined : (numbers as readonly (number | "ignore")[])
}

/** A child that outlives us and has no pipe to us: spawned off the event loop. */
const spawnInThread = (
  thread: SpawnThread,
  plan: SpawnPlan,
  stdio: readonly (number | "ignore")[]
) =>
  Effect.uninterruptible(
    Effect.callback<Child, SpawnError>((resume) => {
      const [command] = plan.argv
      const { argv, environment, directory } = plan
      const { exited, onExit } = exitBoard()
      const fail = (code: string) => resume(Effect.fail(new SpawnError({ command, code })))
      thread.spawn(
        { argv, environment, directory, stdio },
        {
          onExited: exited,
          onFailed: fail,
          onSpawned: (pid, stat) => {
            const info = parseStat(pid, stat)
            if (info === undefined) return fail("EIO")
            resume(Effect.succeed({ pid, startTime: info.startTime, onExit }))
          }
        }
      )
    })
  )

const spawnIn = (around: Surroundings, plan: SpawnPlan) =>
  Effect.suspend(() => {
    const { leaks, nullFd, thread } = around
    const numbers = plan.isDetached ? numbersOf(stdioOf(plan, leaks, nullFd)) : undefined
    return numbers === undefined ? spawnHere(around, plan) : spawnInThread(thread, plan, numbers)
  })

const spawnHere = ({ table, leaks, nullFd }: Surroundings, plan: SpawnPlan) =>
  Effect.uninterruptible(
    Effect.callback<Child, SpawnError>((resume) => {
      const [command, ...words] = plan.argv
      const fail = (cause: unknown) =>
        resume(Effect.fail(new SpawnError({ command, code: codeOf(cause) })))
      try {
        const child = spawn(command, words, {
          cwd: plan.directory,
          env: { ...plan.environment },
          stdio: stdioOf(plan, leaks, nullFd),
          detached: plan.isDetached
        })
        child.on("error", fail)
        if (child.pid === undefined) return
        const onExit = exitOf(child)
        listen(child, plan)
        if (plan.isDetached) child.unref()
        // Nobody but the event loop reaps it, and that has not turned since: it has its pid still.
        const info = table.inspect(child.pid)
        assert(info !== undefined, "a child that was not reaped is in /proc")
        resume(Effect.succeed({ pid: child.pid, startTime: info.startTime, onExit }))
      } catch (cause) {
        fail(cause)
      }
    })
  )

const surroundings = Effect.acquireRelease(
  Effect.sync(
    (): Surroundings => ({
      table: new ProcessTable(),
      thread: new SpawnThread(),
      leaks: leaking(),
      nullFd: fs.openSync("/dev/null", "r+")
    })
  ),
  ({ table, thread, nullFd }) =>
    Effect.sync(() => {
      thread.close()
      table.close()
      fs.closeSync(nullFd)
    })
)

const live = Effect.map(surroundings, (around) =>
  Processes.of({
    spawn: (plan) => spawnIn(around, plan),
    inspect: (pid) => Effect.sync(() => around.table.inspect(pid)),
    list: list(around.table),
    commandLine: (target) => commandLine(around.table, target),
    openFiles: (target) => openFiles(around.table, target),
    signal: (target, signal) =>
      Effect.sync(() => {
        const info = around.table.inspect(target.pid)
        if (!isSame(info, target) || !isAlive(info)) return false
        try {
          return process.kill(target.pid, signal)
        } catch (cause) {
          return codeOf(cause) !== "ESRCH"
        }
      }),
    self: Effect.sync(() => ({
      pid: process.pid,
      uid: process.geteuid?.() ?? 0,
      gid: process.getegid?.() ?? 0
    }))
  })
)

export const layer: Layer.Layer<Processes> = Layer.effect(Processes, live)
