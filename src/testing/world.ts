/**
 * A deterministic world: one ready list that is at once the kernel's Dispatcher, Effect's Scheduler
 * and a virtual clock. Everything in it runs synchronously on one stack; who is served next is read
 * from a list of choices, so that one list replays one interleaving and a failure shrinks. Never
 * touches a promise, a timer or the event loop.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import type { Dispatcher } from "../kernel/dispatcher.ts"

/** Deliveries after which a world that has not come to rest is taken to be in a livelock. */
export const stepsMaxDefault = 100_000

/** 2026-01-01 UTC. Far from zero, so that wall time mistaken for monotonic time is seen at once. */
export const wallOriginMs = 1_767_225_600_000

export interface WorldOptions {
  readonly stepsMax?: number
  /** Time may pass while deliveries wait, as on a loaded host: a timer is one more choice. */
  readonly mayTimePass?: boolean
  /** At the i-th operation of any fiber: does it give way there? Without it, fibers never do. */
  readonly preemptions?: readonly boolean[]
}

interface Task {
  readonly label: string
  readonly run: () => void
}

interface Alarm extends Task {
  readonly atMs: number
}

export class World implements Dispatcher, Scheduler.Scheduler {
  readonly executionMode = "sync" as const
  private readonly choices: readonly number[]
  private readonly options: WorldOptions
  private readonly ready: Task[] = []
  /** By time, and by age among equals. */
  private alarms: readonly Alarm[] = []
  private operations = 0
  private readonly deliveries: string[] = []
  private readonly widths: number[] = []
  /** Monotonic time, in ms. Passes only when nothing is ready, or by choice. */
  nowMs = 0

  /** The i-th choice of n > 1 tasks is `choices[i] % n`; past the end, first come first served. */
  constructor(choices: readonly number[] = [], options: WorldOptions = {}) {
    this.choices = choices
    this.options = options
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

  /** True when nothing is ready; timers may still be set. */
  get isCalm(): boolean {
    return this.ready.length === 0
  }

  get timerCount(): number {
    return this.alarms.length
  }

  /** Give this to a `Kernel`, to actors and to whatever runs fibers. */
  get context(): Context.Context<never> {
    return Context.empty().pipe(
      Context.add(Scheduler.Scheduler, this),
      Context.add(Clock.Clock, this.clock)
    ) as Context.Context<never>
  }

  /** Dispatcher. */
  schedule(label: string, run: () => void): void {
    this.ready.push({ label, run })
  }

  /** Scheduler. */
  shouldYield(): boolean {
    return this.options.preemptions?.[this.operations++] ?? false
  }

  /** Scheduler. Priorities are not looked at: any order is possible, and the choice decides. */
  makeDispatcher(): Scheduler.SchedulerDispatcher {
    return { scheduleTask: (task) => this.schedule("fiber", task), flush: () => {} }
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
    const index = this.choose(this.ready.length + (isTimeAChoice ? 1 : 0))
    if (index === this.ready.length) {
      this.passTime()
      return true
    }
    const [task] = this.ready.splice(index, 1)
    if (task === undefined) throw new Error("a choice is one of the ready tasks")
    this.deliveries.push(task.label)
    task.run()
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

  private isTimerDue(byMs: number): boolean {
    const first = this.alarms[0]
    return first !== undefined && first.atMs <= byMs
  }

  private choose(count: number): number {
    if (count === 1) return 0
    this.widths.push(count)
    return (this.choices[this.widths.length - 1] ?? 0) % count
  }

  /** Everything that is due next becomes ready at once, so that its order is a choice too. */
  private passTime(): void {
    this.nowMs = Math.max(this.nowMs, this.alarms[0]?.atMs ?? this.nowMs)
    const due = this.alarms.filter((alarm) => alarm.atMs <= this.nowMs)
    this.alarms = this.alarms.filter((alarm) => alarm.atMs > this.nowMs)
    this.ready.push(...due)
  }

  private setAlarm(atMs: number, run: () => void): () => void {
    const alarm: Alarm = { label: `timer@${atMs}`, atMs, run }
    const later = this.alarms.findIndex((other) => other.atMs > atMs)
    this.alarms = this.alarms.toSpliced(later < 0 ? this.alarms.length : later, 0, alarm)
    return () => {
      this.alarms = this.alarms.filter((other) => other !== alarm)
      const index = this.ready.indexOf(alarm)
      if (index >= 0) this.ready.splice(index, 1)
    }
  }

  private readonly nanos = (ms: number): bigint => BigInt(Math.round(ms * 1e6))

  readonly clock: Clock.Clock = {
    currentTimeMillisUnsafe: () => wallOriginMs + this.nowMs,
    currentTimeMillis: Effect.sync(() => wallOriginMs + this.nowMs),
    currentTimeNanosUnsafe: () => this.nanos(wallOriginMs + this.nowMs),
    currentTimeNanos: Effect.sync(() => this.nanos(wallOriginMs + this.nowMs)),
    monotonicTimeNanosUnsafe: () => this.nanos(this.nowMs),
    monotonicTimeNanos: Effect.sync(() => this.nanos(this.nowMs)),
    sleep: (duration) =>
      Effect.callback<void>((resume) => {
        const ms = Duration.toMillis(duration)
        // What never comes due is no timer: it must not keep `drain` going.
        if (!Number.isFinite(ms)) return undefined
        return Effect.sync(this.setAlarm(this.nowMs + ms, () => resume(Effect.void)))
      })
  }
}
