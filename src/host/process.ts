/**
 * Processes of the host as a service: spawn, look at, signal. A process is named by its pid *and*
 * its start time, for pids are used again; nothing is ever signalled by pid alone.
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type { FileHandle } from "./files.ts"

/** Which process, for the life of the host's boot. `startTime` is field 22 of `/proc/PID/stat`. */
export interface ProcessId {
  readonly pid: number
  readonly startTime: string
}

export interface ProcessInfo extends ProcessId {
  readonly parent: number
  /** Processor time that it has used, in user and in kernel mode, in 1/100 s (USER_HZ). */
  readonly cpuTicks: number
  /** `zombie` and `dead` are dead: only the parent has yet to read their exit status. */
  readonly state: "running" | "sleeping" | "uninterruptible" | "stopped" | "zombie" | "dead"
}

/** `USER_HZ`, in which the kernel tells times to programs: 100 on every Linux that QEMU runs on. */
export const ticksPerSecond = 100

/** A zombie is dead: it runs no instruction and holds no resource any more. */
export const isAlive = (info: ProcessInfo | undefined): info is ProcessInfo =>
  info !== undefined && info.state !== "zombie" && info.state !== "dead"

/** How a child ended. Exactly one of the two is set. */
export interface ProcessExit {
  readonly code: number | undefined
  readonly signal: string | undefined
}

export class SpawnError extends Data.TaggedError("SpawnError")<{
  readonly command: string
  readonly code: string
}> {
  override get message(): string {
    return `cannot run '${this.command}': ${this.code}`
  }
}

/** What becomes a process, completely: nothing is inherited that is not named here. */
export interface SpawnPlan {
  /** Absolute path of the program, then its arguments. Never given to a shell. */
  readonly argv: readonly [string, ...string[]]
  readonly environment: { readonly [name: string]: string }
  readonly directory: string
  /** Descriptor number in the child -> what it is. 0 is always /dev/null. */
  readonly descriptors: {
    readonly [fd: number]:
      | { readonly kind: "file"; readonly file: FileHandle }
      | { readonly kind: "listener"; readonly listener: unknown }
      | { readonly kind: "null" }
      | {
          readonly kind: "pipe"
          readonly onData: (bytes: Uint8Array) => void
          /** Once, behind the last data; the child's exit may be told before it. */
          readonly onEnd?: () => void
        }
  }
  /** A session of its own, so that it outlives us and no terminal signal reaches it. */
  readonly isDetached: boolean
}

export interface Child extends ProcessId {
  /** Calls once, when we saw the child's exit; in a later turn if we had seen it already. */
  readonly onExit: (listener: (exit: ProcessExit) => void) => void
}

export type Signal = "SIGTERM" | "SIGKILL" | "SIGSTOP" | "SIGCONT" | "SIGINT" | "SIGHUP"

export class Processes extends Context.Service<
  Processes,
  {
    readonly spawn: (plan: SpawnPlan) => Effect.Effect<Child, SpawnError>
    /** `undefined` when `/proc` has no such process. Cheap, and never waits for that process. */
    readonly inspect: (pid: number) => Effect.Effect<ProcessInfo | undefined>
    readonly list: Effect.Effect<readonly ProcessInfo[]>
    /**
     * The words of the command line; `undefined` when that very process is gone, empty for kernel
     * threads and zombies. Reading it takes the process's memory lock, so that it can hang with a
     * process that hangs in the kernel: interruptible, and apart from `inspect`.
     */
    readonly commandLine: (process: ProcessId) => Effect.Effect<readonly string[] | undefined>
    /**
     * Where its descriptors lead, as /proc says it: `/dev/sg4`, `socket:[4711]`. `undefined` when
     * that very process is gone, or is not ours to look into.
     */
    readonly openFiles: (process: ProcessId) => Effect.Effect<readonly string[] | undefined>
    /**
     * Sends the signal if that very process still lives; `false` when it is gone. `true` also when
     * it lives and is not ours to signal: who asked sees that it does not die.
     */
    readonly signal: (process: ProcessId, signal: Signal) => Effect.Effect<boolean>
    /** Our own pid and user. */
    readonly self: Effect.Effect<{
      readonly pid: number
      readonly uid: number
      readonly gid: number
    }>
  }
>()("troupe/host/Processes") {}
