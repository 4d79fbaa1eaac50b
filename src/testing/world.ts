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
import { type Alarm, type Ground, Realm, type Task, type Telling } from "./realm.ts"
import { listed } from "./strategy/listed.ts"
import type { Strategy, Watcher } from "./strategy/strategy.ts"

export type { Candidate, Strategy } from "./strategy/strategy.ts"

/** Deliveries after which a world that has not come to rest is taken to be in a livelock. */
export const stepsMaxDefault = 100_000

/** 2026-01-01 UTC. Far from zero, so that wall time mistaken for monotonic time is seen at once. */
export const wallOriginMs = 1_767_225_600_000

export interface WorldOptions {
  readonly stepsMax?: number
  /** Time may pass while deliveries wait, as on a loaded host: a timer is one more choice. */
  readonly mayTimePass?: boolean
  /** So much of it at one time, in ms: what a loaded host is late by. By default any amount. */
  readonly lagMsMax?: number
  /** At the i-th operation of any fiber: does it give way there? Without it, fibers never do. */
  readonly preemptions?: readonly boolean[]
  /** Called after each delivery: where what must always hold is looked at. */
  readonly onStep?: (label: string) => void
}

export class World implements Dispatcher, Scheduler.Scheduler, Ground {
  readonly executionMode = "sync" as const
  private readonly strategy: Strategy
  private readonly watcher: Watcher | undefined
  private readonly options: WorldOptions
  private readonly stepsMax: number
  private readonly ready: Task[] = []
  /** By time, and by age among equals. */
  private readonly alarms: Alarm[] = []
  private operations = 0
  private readonly deliveries: string[] = []
  private readonly widths: number[] = []
  private readonly made: number[] = []
  private readonly own: Realm
  /** Time passing, as a candidate. */
  private readonly passing: Task
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
    this.watcher = this.strategy.watcher
    this.options = options
    this.stepsMax = options.stepsMax ?? stepsMaxDefault
    this.own = new Realm("world", this, { isTelling: true })
    this.passing = { realm: "time", label: "time passes", owner: this.own, run: () => {} }
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
  realm(name: string, telling: Telling = {}): Realm {
    return new Realm(name, this, telling)
  }

  /** Dispatcher. */
  schedule(label: string, run: () => void): void {
    this.own.schedule(label, run)
  }

  /** Dispatcher: only where somebody watches what deliveries share. */
  get touch(): ((what: string | undefined, isWrite?: boolean) => void) | undefined {
    return this.own.touch
  }

  /** For realms. */
  get isWatched(): boolean {
    return this.watcher !== undefined
  }

  /** For realms, and for simulated devices: `undefined` is everything there is. */
  touched(what: string | undefined, isWrite: boolean): void {
    this.watcher?.touched(what, isWrite)
  }

  /**
   * One of `count` ways on, as a choice like those among deliveries: which fault comes, where a
   * crash is. `explore` tries all of them.
   */
  pick(count: number): number {
    if (count < 2) return 0
    this.widths.push(count)
    const index = (this.strategy.pick?.(count) ?? 0) % count
    this.made.push(index)
    return index
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
    const { stepsMax } = this
    if (this.steps >= stepsMax) throw new Error(`no rest after ${stepsMax} deliveries (livelock)`)
    const mayTimePass = this.options.mayTimePass === true
    if (this.isCalm) {
      if (!this.isTimerDue(untilMs)) return false
      this.letTimePass(mayTimePass)
    }
    const lagMs = this.options.lagMsMax ?? Number.POSITIVE_INFINITY
    const isTimeAChoice = mayTimePass && this.isTimerDue(Math.min(untilMs, this.nowMs + lagMs))
    const index = this.choose(isTimeAChoice)
    if (index === this.ready.length) {
      this.letTimePass(true)
      return true
    }
    this.deliver(this.takeOut(index))
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
    this.watcher?.added(task)
  }

  /** For realms. */
  setAlarm(alarm: Alarm): void {
    this.watcher?.added(alarm)
    let at = this.alarms.length
    while (at > 0 && (this.alarms[at - 1]?.atMs ?? 0) > alarm.atMs) at--
    this.alarms.splice(at, 0, alarm)
  }

  /** For realms: takes out an alarm, due or not. `false`: it is not here. */
  cancel(alarm: Alarm): boolean {
    const at = this.alarms.indexOf(alarm)
    if (at >= 0) return this.alarms.splice(at, 1).length > 0
    const due = this.ready.indexOf(alarm)
    // What might have been delivered now, and will not be, changes for everybody.
    if (due >= 0) this.watcher?.touched(undefined, true)
    return due >= 0 && this.ready.splice(due, 1).length > 0
  }

  /** For realms: takes out every task and alarm that `isMeant`, and gives them in their order. */
  drop(isMeant: (task: Task) => boolean): readonly Task[] {
    this.watcher?.touched(undefined, true)
    const dropped: Task[] = []
    for (const list of [this.ready, this.alarms] as Task[][]) {
      dropped.push(...list.filter(isMeant))
      const kept = list.filter((task) => !isMeant(task))
      list.splice(0, list.length, ...kept)
    }
    return dropped
  }

  private deliver(task: Task): void {
    const { label } = task
    this.deliveries.push(label)
    this.watcher?.begins(task)
    if (task.owner.isOne && task.isAlone !== true) this.watcher?.touched(task.owner.name, true)
    task.run()
    this.watcher?.ended()
    this.options.onStep?.(label)
  }

  private takeOut(index: number): Task {
    const { ready } = this
    const task = ready[index]
    if (task === undefined) throw new Error("a choice is one of the ready tasks")
    // Neither `splice` nor `shift`: this is done millions of times, on lists of a few.
    for (let at = index + 1; at < ready.length; at++) ready[at - 1] = ready[at] as Task
    ready.pop()
    return task
  }

  private isTimerDue(byMs: number): boolean {
    const first = this.alarms[0]
    return first !== undefined && first.atMs <= byMs
  }

  private choose(isTimeAChoice: boolean): number {
    const count = this.ready.length + (isTimeAChoice ? 1 : 0)
    if (count === 1) return 0
    this.widths.push(count)
    if (isTimeAChoice) this.ready.push(this.passing)
    const index = this.strategy.next(this.ready) % count
    if (isTimeAChoice) this.ready.pop()
    this.made.push(index)
    return index
  }

  /** Where time might have passed earlier, it is a delivery like any other. */
  private letTimePass(isDelivery: boolean): void {
    if (!isDelivery) this.watcher?.timePassed()
    else this.watcher?.begins(this.passing)
    this.passTime()
    if (isDelivery) this.watcher?.ended()
  }

  /** Everything that is due next becomes ready at once, so that its order is a choice too. */
  private passTime(): void {
    this.nowMs = Math.max(this.nowMs, this.alarms[0]?.atMs ?? this.nowMs)
    const later = this.alarms.findIndex((alarm) => alarm.atMs > this.nowMs)
    this.ready.push(...this.alarms.splice(0, later < 0 ? this.alarms.length : later))
  }
}
