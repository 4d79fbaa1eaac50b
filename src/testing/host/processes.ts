/**
 * The process table of the simulated host: pids that are used again, parents, states, signals, and
 * deaths in the steps that the kernel takes, which others may come between: the descriptors close,
 * the process is a zombie, it is reaped. Each process has a realm of its own. Knows no Effect.
 */
import { assert } from "../../base/assert.ts"
import type { ProcessExit, ProcessId, ProcessInfo, Signal } from "../../host/process.ts"
import type { Realm } from "../realm.ts"
import type { Touch } from "../../kernel/dispatcher.ts"
import { Errno } from "./node.ts"
import type { World } from "../world.ts"
import { Descriptors } from "./descriptors.ts"

export interface ProcessTableOptions {
  /** Pids are from `pidMin` to `pidMax`; few of them are soon used again. */
  readonly pidMin?: number
  readonly pidMax?: number
}

/** What every process starts with. */
export interface Birth {
  readonly parent: number
  readonly argv: readonly string[]
  readonly environment?: { readonly [name: string]: string }
  readonly directory?: string
  readonly descriptorsMax?: number | undefined
  readonly isEngine?: true
}

/** A signal that came to a process which was not dead yet. */
export interface Sent {
  readonly pid: number
  readonly signal: Signal
  /** What /proc told of the process then. */
  readonly words: readonly string[]
}

type Phase = "alive" | "ending" | "zombie" | "gone"

/** pid 1 reads the exit status of orphans when it comes to it. */
const reapedByInitMs = 50

/** One process. The table changes it; others look. */
export class SimulatedProcess implements ProcessId {
  readonly pid: number
  readonly startTime: string
  readonly realm: Realm
  readonly descriptors: Descriptors
  readonly birth: Birth
  parent: number
  /** What /proc tells: changes when it becomes another program (exec). */
  words: readonly string[]
  phase: Phase = "alive"
  isStopped = false
  /** In the kernel, and not to be interrupted, not even by SIGKILL. */
  isStuck = false
  exit: ProcessExit | undefined
  readonly handlers = new Map<Signal, () => void>()
  /** Signals that wait until it runs again. */
  readonly waiting: Signal[] = []
  /** Called by the table when it is a zombie: its parent, if that is one of ours. */
  onZombie: (() => void) | undefined
  /** Set for one whose death is one step, told to this when all of it is done. */
  onDead: (() => void) | undefined

  constructor(birth: Birth, id: ProcessId, realm: Realm) {
    this.birth = birth
    this.pid = id.pid
    this.startTime = id.startTime
    this.parent = birth.parent
    this.words = birth.argv
    this.realm = realm
    this.descriptors = new Descriptors(birth.descriptorsMax)
  }

  get isAlive(): boolean {
    return this.phase === "alive"
  }

  get state(): ProcessInfo["state"] {
    if (this.phase === "gone") return "dead"
    if (this.phase === "zombie") return "zombie"
    // A leader whose threads are still ending holds its files: the live service says the same.
    if (this.phase === "ending" || this.isStuck) return "uninterruptible"
    return this.isStopped ? "stopped" : "sleeping"
  }

  get info(): ProcessInfo {
    const { pid, startTime, parent, state } = this
    return { pid, startTime, parent, cpuTicks: 0, state }
  }
}

const forget = (waiting: Signal[], signal: Signal): void => {
  const at = waiting.indexOf(signal)
  if (at >= 0) waiting.splice(at, 1)
}

/** Always there: pid 1, and the kernel's own threads, which have no command line. */
const permanent: readonly ProcessInfo[] = [
  { pid: 1, startTime: "1", parent: 0, cpuTicks: 0, state: "sleeping" },
  { pid: 2, startTime: "1", parent: 0, cpuTicks: 0, state: "sleeping" }
]

export class ProcessTable {
  /** Where what the kernel and pid 1 do happens. */
  kernel: Realm
  readonly #world: World
  readonly #pids: { readonly min: number; readonly max: number }
  readonly #all = new Map<number, SimulatedProcess>()
  /** Looked at after each delivery, and changed seldom. */
  #sorted: readonly SimulatedProcess[] | undefined
  readonly #sent: Sent[] = []
  #lastPid: number
  #lastTicks = 0
  #bootedAtMs = 0
  /** Told what is looked at and what is changed, where somebody wants to know. */
  touch: Touch | undefined
  /** Told of each that was born. */
  onBirth: ((process: SimulatedProcess) => void) | undefined
  /** Told of each that is no more, with how it ended. */
  onDeath: ((process: SimulatedProcess, exit: ProcessExit) => void) | undefined

  constructor(world: World, { pidMin = 300, pidMax = 32_768 }: ProcessTableOptions = {}) {
    this.#world = world
    this.#pids = { min: pidMin, max: pidMax }
    this.#lastPid = pidMin - 1
    this.kernel = world.realm("kernel")
  }

  /** All that have a pid, zombies too, by pid. */
  get all(): readonly SimulatedProcess[] {
    this.touch?.("processes", false)
    this.#sorted ??= [...this.#all.values()].toSorted((a, b) => a.pid - b.pid)
    return this.#sorted
  }

  /** Every signal that came to a process, in order: who was meant, and who it was. */
  get sent(): readonly Sent[] {
    return this.#sent
  }

  get infos(): readonly ProcessInfo[] {
    return [...permanent, ...this.all.map(({ info }) => info)]
  }

  get(pid: number): SimulatedProcess | undefined {
    this.touchPid(pid, false)
    return this.#all.get(pid)
  }

  inspect(pid: number): ProcessInfo | undefined {
    this.touchPid(pid, false)
    return this.#all.get(pid)?.info ?? permanent.find((one) => one.pid === pid)
  }

  /** That very process, dead or alive, as long as it has its pid. */
  find({ pid, startTime }: ProcessId): SimulatedProcess | undefined {
    this.touchPid(pid, false)
    const process = this.#all.get(pid)
    return process?.startTime === startTime ? process : undefined
  }

  /** Throws EAGAIN when no pid is left. */
  create(birth: Birth): SimulatedProcess {
    this.touch?.("processes")
    const pid = this.#freePid()
    const name = birth.argv[0]?.split("/").at(-1) ?? ""
    // A program does one thing after the other; an engine tells by itself what it shares.
    const telling = { isTelling: true, isOne: birth.isEngine !== true }
    const realm = this.#world.realm(`${name}[${pid}]`, telling)
    const process = new SimulatedProcess(birth, { pid, startTime: this.#startTime() }, realm)
    this.#all.set(pid, process)
    this.#sorted = undefined
    this.onBirth?.(process)
    return process
  }

  /** `false` when that very process is no more. */
  signal(id: ProcessId, signal: Signal): boolean {
    // Nobody's signals hurt pid 1, and the kernel's threads take none.
    if (permanent.some(({ pid, startTime }) => pid === id.pid && startTime === id.startTime))
      return true
    const process = this.find(id)
    if (process === undefined || process.phase === "zombie") return false
    this.touchPid(id.pid)
    this.#sent.push({ pid: id.pid, signal, words: process.words })
    if (process.isAlive) this.#take(process, signal)
    return true
  }

  /** Nothing of it happens any more, except that signals come to it, until `ms` have passed. */
  stick(process: SimulatedProcess, ms: number): void {
    if (!process.isAlive || process.isStuck) return
    process.isStuck = true
    process.realm.freeze()
    this.kernel.after(
      ms,
      () => {
        process.isStuck = false
        this.#go(process)
      },
      `unstick ${process.pid}`
    )
  }

  /** It ends, step by step. */
  end(process: SimulatedProcess, exit: ProcessExit): void {
    this.touch?.(undefined)
    if (!process.isAlive) return
    if (process.onDead !== undefined) return this.#endAtOnce(process, exit, process.onDead)
    process.phase = "ending"
    process.exit = exit
    process.realm.kill()
    this.kernel.schedule(`close ${process.pid}`, () => {
      process.descriptors.closeAll()
      this.kernel.schedule(`zombie ${process.pid}`, () => this.#zombie(process, exit))
    })
  }

  /** Its state and its words; who sees all of them tells of `processes`, as does who adds one. */
  touchPid(pid: number, isWrite = true): void {
    this.touch?.(`process ${pid}`, isWrite)
    if (isWrite) this.touch?.("processes")
  }

  /** Its parent has read its exit status: the pid is free. */
  reap(process: SimulatedProcess): void {
    this.touch?.(undefined)
    assert(process.phase === "zombie", "only a zombie is reaped")
    process.phase = "gone"
    this.#all.delete(process.pid)
    this.#sorted = undefined
  }

  /** The power fails: none is left, and the next boot counts from the beginning. */
  clear(): void {
    this.kernel.kill()
    for (const process of this.#all.values()) {
      process.phase = "gone"
      process.realm.kill()
    }
    this.#all.clear()
    this.#sorted = undefined
    this.#lastPid = this.#pids.min - 1
    this.#lastTicks = 0
    this.#bootedAtMs = this.#world.nowMs
    this.kernel = this.#world.realm("kernel")
  }

  #endAtOnce(process: SimulatedProcess, exit: ProcessExit, told: () => void): void {
    process.phase = "ending"
    process.exit = exit
    process.realm.kill()
    process.descriptors.closeAll()
    this.#zombie(process, exit)
    told()
  }

  #zombie(process: SimulatedProcess, exit: ProcessExit): void {
    process.phase = "zombie"
    this.onDeath?.(process, exit)
    for (const child of this.#all.values())
      if (child.parent === process.pid && child !== process) this.#orphan(child)
    if (process.parent === 1 || process.onZombie === undefined) this.#reapSoon(process)
    else process.onZombie()
  }

  #orphan(child: SimulatedProcess): void {
    child.parent = 1
    child.onZombie = undefined
    if (child.phase === "zombie") this.#reapSoon(child)
  }

  #reapSoon(process: SimulatedProcess): void {
    this.kernel.after(
      reapedByInitMs,
      () => {
        if (process.phase === "zombie") this.reap(process)
      },
      `init reaps ${process.pid}`
    )
  }

  #take(process: SimulatedProcess, signal: Signal): void {
    if (signal === "SIGCONT") {
      process.isStopped = false
      forget(process.waiting, "SIGSTOP")
      return this.#go(process)
    }
    const isHeld = process.isStuck || (process.isStopped && signal !== "SIGKILL")
    if (isHeld) {
      if (!process.waiting.includes(signal)) process.waiting.push(signal)
      return
    }
    if (signal === "SIGSTOP") {
      process.isStopped = true
      return process.realm.freeze()
    }
    const handler = process.handlers.get(signal)
    if (handler === undefined) this.end(process, { code: undefined, signal })
    else process.realm.schedule(signal, handler)
  }

  /** It runs again, if nothing else holds it, after the signals that waited for it. */
  #go(process: SimulatedProcess): void {
    if (!process.isAlive || process.isStuck) return
    const waiting = process.waiting.splice(0)
    if (waiting.includes("SIGKILL")) return this.#take(process, "SIGKILL")
    if (process.isStopped) return void process.waiting.push(...waiting)
    process.realm.thaw()
    for (const signal of waiting) if (process.isAlive) this.#take(process, signal)
  }

  #freePid(): number {
    const { min, max } = this.#pids
    for (let tried = min; tried <= max; tried++) {
      this.#lastPid = this.#lastPid >= max ? min : this.#lastPid + 1
      if (!this.#all.has(this.#lastPid)) return this.#lastPid
    }
    throw new Errno("EAGAIN")
  }

  /**
   * Ticks of 10 ms since the boot. No two are alike: a pid is used again within one tick only here,
   * where pids are few, and the kernel's own promise is that pid and start time name one process.
   */
  #startTime(): string {
    const ticks = 100 + Math.floor((this.#world.nowMs - this.#bootedAtMs) / 10)
    this.#lastTicks = Math.max(this.#lastTicks + 1, ticks)
    return String(this.#lastTicks)
  }
}
