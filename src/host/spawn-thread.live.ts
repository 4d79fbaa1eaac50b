/**
 * Spawns children on a thread of its own. `fork` and the wait for `exec` block the thread that does
 * them, by 2 ms in a small process on an idle host and 50 ms in a large one on a busy one; here
 * they block nobody's event loop. This file is both sides: the asking one and, in the thread, the
 * doing.
 */
import { spawn, type StdioOptions } from "node:child_process"
import * as fs from "node:fs"
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads"
import type { ProcessExit } from "./process.ts"

export interface ThreadPlan {
  readonly argv: readonly [string, ...string[]]
  readonly environment: { readonly [name: string]: string }
  readonly directory: string
  /** Numbers of descriptors of this process, `ignore` for /dev/null. */
  readonly stdio: readonly (number | "ignore")[]
}

type Asked = ThreadPlan & { readonly ticket: number }

type Told =
  /** `stat` is `/proc/PID/stat`, read before anybody could reap the child. */
  | {
      readonly type: "spawned"
      readonly ticket: number
      readonly pid: number
      readonly stat: string
    }
  | { readonly type: "failed"; readonly ticket: number; readonly code: string }
  | { readonly type: "exited"; readonly ticket: number; readonly exit: ProcessExit }

export interface SpawnListener {
  readonly onSpawned: (pid: number, stat: string) => void
  readonly onFailed: (code: string) => void
  readonly onExited: (exit: ProcessExit) => void
}

/** Marks our own threads, so that importing this file in a user's thread does nothing. */
const mark = "troupe spawn thread"

/** The asking side. The thread is started with the first child, and ends with this process. */
export class SpawnThread {
  private worker: Worker | undefined
  private readonly waiting = new Map<number, SpawnListener>()
  private unanswered = 0
  private tickets = 0

  spawn(plan: ThreadPlan, listener: SpawnListener): void {
    const ticket = ++this.tickets
    this.waiting.set(ticket, listener)
    this.worker ??= this.open()
    // Only an answer that is still to come keeps this process going; a living child does not.
    if (this.unanswered++ === 0) this.worker.ref()
    const asked: Asked = { ...plan, ticket }
    this.worker.postMessage(asked)
  }

  close(): void {
    void this.worker?.terminate()
    this.worker = undefined
  }

  private open(): Worker {
    const worker = new Worker(new URL(import.meta.url), { workerData: mark, execArgv: [] })
    worker.unref()
    worker.on("message", (told: Told) => this.hear(told))
    worker.on("error", () => this.lose())
    return worker
  }

  private hear(told: Told): void {
    const listener = this.waiting.get(told.ticket)
    if (told.type !== "exited" && --this.unanswered === 0) this.worker?.unref()
    if (told.type !== "spawned") this.waiting.delete(told.ticket)
    if (told.type === "spawned") listener?.onSpawned(told.pid, told.stat)
    else if (told.type === "failed") listener?.onFailed(told.code)
    else listener?.onExited(told.exit)
  }

  /**
   * The thread died of something: what was asked fails; children live on and are seen by looking.
   */
  private lose(): void {
    this.worker = undefined
    this.unanswered = 0
    for (const listener of this.waiting.values()) listener.onFailed("EAGAIN")
    this.waiting.clear()
  }
}

const codeOf = (cause: unknown): string => {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "EAGAIN"
  return code.startsWith("ERR_") ? "EINVAL" : code
}

/** The doing side. */
const serve = (tell: (told: Told) => void) => (asked: Asked) => {
  const { ticket, argv, environment, directory, stdio } = asked
  const [command, ...words] = argv
  try {
    const child = spawn(command, words, {
      cwd: directory,
      env: environment,
      stdio: stdio as StdioOptions,
      detached: true
    })
    child.once("error", (cause) => tell({ type: "failed", ticket, code: codeOf(cause) }))
    if (child.pid === undefined) return
    child.once("exit", (code, signal) =>
      tell({
        type: "exited",
        ticket,
        exit: { code: code ?? undefined, signal: signal ?? undefined }
      })
    )
    try {
      const stat = fs.readFileSync(`/proc/${child.pid}/stat`, "latin1")
      tell({ type: "spawned", ticket, pid: child.pid, stat })
    } catch (cause) {
      // A child that we cannot name (no descriptor left to look with) must not live on unnamed.
      child.kill("SIGKILL")
      tell({ type: "failed", ticket, code: codeOf(cause) })
    }
  } catch (cause) {
    tell({ type: "failed", ticket, code: codeOf(cause) })
  }
}

if (!isMainThread && workerData === mark && parentPort !== null) {
  const port = parentPort
  port.on(
    "message",
    serve((told) => port.postMessage(told))
  )
}
