/**
 * A deterministic world: one ready list that is at once the kernel's Dispatcher, Effect's Scheduler
 * and a virtual clock. Everything in it runs synchronously on one stack; who is served next is read
 * from a list of choices, or asked of a strategy and noted, so that one list replays one
 * interleaving and a failure shrinks. Never touches a promise, a timer or the event loop.
 */
import type * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as Scheduler from "effect/Scheduler"
import type { Dispatcher } from "../kernel/dispatcher.ts"
import { type Alarm, type Ground, Realm, type Task } from "./realm.ts"

/** Deliveries after which a world that has not come to rest is taken to be in a livelock. */
export const stepsMaxDefault = 100_000

/** 2026-01-01 UTC. Far from zero, so that wall time mistaken for monotonic time is seen at once. */
export const wallOriginMs = 1_767_225_600_000

/** What waits to be served, as a strategy sees it. */
export interface Candidate {
  /** The realm that it belongs to: a process of the simulated host, or the world itself. */
  readonly realm: string
  readonly label: string
}

/** Who is served next: an index into `ready`, never called with fewer than two. */
export interface Strategy {
  readonly next: (ready: readonly Candidate[]) => number
}

export interface WorldOptions {
  readonly stepsMax?: number
  /** Time may pass while deliveries wait, as on a loaded host: a timer is one more choice. */
  readonly mayTimePass?: boolean
  /** At the i-th operation of any fiber: does it give way there? Without it, fibers never do. */
  readonly preemptions?: readonly boolean[]
  /** Called after each delivery: where what must always hold is looked at. */
  readonly onStep?: (label: string) => void
}

/** Time passing, as a candidate. */
const passing: Candidate = { realm: "time", label: "time passes" }

export class World implements Dispatcher, Scheduler.Scheduler, Ground {
  readonly executionMode = "sync" as const
  private readonly strategy: Strategy
  private readonly options: WorldOptions
  private readonly ready: Task[] = []
  /** By time, and by age among equals. */
  private readonly alarms: Alarm[] = []
  private operations = 0
  private readonly deliveries: string[] = []
  private readonly widths: number[] = []
  private readonly made: number[] = []
  private readonly own: Realm
  /** Monotonic time, in ms. Passes only when nothing is ready, or by choice. */
  nowMs = 0
  /** Where the wall clock stands at monotonic 0. Somebody may set it: a clock that jumps. */
  wallOriginMs = wallOriginMs

  /**
   * The i-th choice of n > 1 tasks is `choices[i] % n`; past the end, first come first served. A
   * strategy is asked instead, and what it chose stands in `taken`: the list that replays the run.
   */
  constructor(choices: readonly number[] | Strategy = [], options: WorldOptions = {}) {
    this.strategy = "next" in choices ? choices : listed(choices)
    this.options = options
    this.own = new Realm("world", this)
  }

  /** What was delivered so far, in order, by label. */
  get trace(): readonly string[] {
    return this.deliveries
  }

  get steps(): number {
    return this.deliveries.length
  }

  /** Between how many tasks each choice so far was: what `explore` needs to try the others. */
  get branching(): readonly number[] {
    return this.widths
  }

  /** The choices so far. A world that is given them, and the same work, does the same again. */
  get taken(): readonly number[] {
    return this.made
  }

  /** True when nothing is ready; timers may still be set. */
  get isCalm(): boolean {
    return this.ready.length === 0
  }

  get timerCount(): number {
    return this.alarms.length
  }

  /** Give this to a `Kernel`, to actors and to whatever runs fibers. */
  get context(): Context.Context<never> {
    return this.own.context
  }

  get clock(): Clock.Clock {
    return this.own.clock
  }

  /** A part of the world that can be ended as a whole, as a process is by SIGKILL. */
  realm(name: string): Realm {
    return new Realm(name, this)
  }

  /** Dispatcher. */
  schedule(label: string, run: () => void): void {
    this.own.schedule(label, run)
  }

  /** Scheduler. */
  shouldYield(): boolean {
    return this.options.preemptions?.[this.operations++] ?? false
  }

  /** Scheduler. */
  makeDispatcher(): Scheduler.SchedulerDispatcher {
    return this.own.makeDispatcher()
  }

  /**
   * Delivers one task, or lets time pass up to `untilMs`. `false` when nothing is ready and no
   * timer comes due by then.
   */
  step(untilMs = Number.POSITIVE_INFINITY): boolean {
    const stepsMax = this.options.stepsMax ?? stepsMaxDefault
    if (this.steps >= stepsMax) throw new Error(`no rest after ${stepsMax} deliveries (livelock)`)
    if (this.isCalm && !this.isTimerDue(untilMs)) return false
    if (this.isCalm) this.passTime()
    const isTimeAChoice = this.options.mayTimePass === true && this.isTimerDue(untilMs)
    const index = this.choose(isTimeAChoice)
    if (index === this.ready.length) {
      this.passTime()
      return true
    }
    const [task] = this.ready.splice(index, 1)
    if (task === undefined) throw new Error("a choice is one of the ready tasks")
    this.deliveries.push(task.label)
    task.run()
    this.options.onStep?.(task.label)
    return true
  }

  /** Delivers until nothing is ready and no timer is set. Throws in a livelock. */
  drain(): void {
    while (this.step());
  }

  /** Delivers what is ready and what comes due within `durationMs`, then stands at that time. */
  advance(durationMs: number): void {
    const untilMs = this.nowMs + durationMs
    while (this.step(untilMs));
    this.nowMs = Math.max(this.nowMs, untilMs)
  }

  /** Starts a fiber in this world. Its first part runs at once, as Effect has it. */
  fork<A, E>(effect: Effect.Effect<A, E>): Fiber.Fiber<A, E> {
    return Effect.runForkWith(this.context)(effect)
  }

  /** Runs an effect to its end. Throws when the world rests before: a deadlock, or an escape. */
  run<A, E>(effect: Effect.Effect<A, E>): Exit.Exit<A, E> {
    const fiber = this.fork(effect)
    this.drain()
    const exit = fiber.pollUnsafe()
    if (exit === undefined) throw new Error("the world is at rest, and the effect has not ended")
    return exit
  }

  /** For realms. */
  add(task: Task): void {
    this.ready.push(task)
  }

  /** For realms. */
  setAlarm(alarm: Alarm): void {
    let at = this.alarms.length
    while (at > 0 && (this.alarms[at - 1]?.atMs ?? 0) > alarm.atMs) at--
    this.alarms.splice(at, 0, alarm)
  }

  /** For realms: takes out every task and alarm that `isMeant`. */
  drop(isMeant: (task: Task) => boolean): void {
    for (const list of [this.ready, this.alarms] as Task[][])
      for (let at = list.length - 1; at >= 0; at--) {
        const task = list[at]
        if (task !== undefined && isMeant(task)) list.splice(at, 1)
      }
  }

  private isTimerDue(byMs: number): boolean {
    const first = this.alarms[0]
    return first !== undefined && first.atMs <= byMs
  }

  private choose(isTimeAChoice: boolean): number {
    const count = this.ready.length + (isTimeAChoice ? 1 : 0)
    if (count === 1) return 0
    this.widths.push(count)
    const candidates = isTimeAChoice ? [...this.ready, passing] : this.ready
    const index = this.strategy.next(candidates) % count
    this.made.push(index)
    return index
  }

  /** Everything that is due next becomes ready at once, so that its order is a choice too. */
  private passTime(): void {
    this.nowMs = Math.max(this.nowMs, this.alarms[0]?.atMs ?? this.nowMs)
    const later = this.alarms.findIndex((alarm) => alarm.atMs > this.nowMs)
    this.ready.push(...this.alarms.splice(0, later < 0 ? this.alarms.length : later))
  }
}

/** The i-th choice is `choices[i]`; past the end, first come first served. */
const listed = (choices: readonly number[]): Strategy => {
  let at = 0
  return { next: () => choices[at++] ?? 0 }
}
