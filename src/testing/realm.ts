/**
 * A part of a world that lives and dies as a whole, as a process does: its fibers, deliveries and
 * timers are its own, and when it is killed none of them takes another step, finalizers neither.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Scheduler from "effect/Scheduler"
import type { Dispatcher } from "../kernel/dispatcher.ts"

export interface Task {
  readonly realm: string
  readonly label: string
  readonly owner: Realm
  readonly run: () => void
}

export interface Alarm extends Task {
  readonly atMs: number
}

/** What realms stand on: the world. */
export interface Ground {
  readonly nowMs: number
  readonly wallOriginMs: number
  readonly add: (task: Task) => void
  readonly setAlarm: (alarm: Alarm) => void
  readonly drop: (isMeant: (task: Task) => boolean) => void
  readonly shouldYield: () => boolean
}

export class Realm implements Dispatcher, Scheduler.Scheduler {
  readonly executionMode = "sync" as const
  readonly name: string
  private readonly ground: Ground
  private held: Task[] | undefined
  isAlive = true

  constructor(name: string, ground: Ground) {
    this.name = name
    this.ground = ground
  }

  /** Give this to a `Kernel`, to actors and to whatever runs fibers in this realm. */
  get context(): Context.Context<never> {
    return Context.empty().pipe(
      Context.add(Scheduler.Scheduler, this),
      Context.add(Clock.Clock, this.clock)
    ) as Context.Context<never>
  }

  /** Dispatcher. */
  schedule(label: string, run: () => void): void {
    if (this.isAlive) this.add({ realm: this.name, label, owner: this, run })
  }

  /** Scheduler. */
  shouldYield(): boolean {
    return this.ground.shouldYield()
  }

  /** Scheduler. Priorities are not looked at: any order is possible, and the choice decides. */
  makeDispatcher(): Scheduler.SchedulerDispatcher {
    return { scheduleTask: (task) => this.schedule("fiber", task), flush: () => {} }
  }

  /** Calls `run` once, when `ms` have passed, unless it is cancelled before. */
  after(ms: number, run: () => void, label = "timer"): () => void {
    // What never comes due is no timer: it must not keep `drain` going.
    if (!this.isAlive || !Number.isFinite(ms)) return () => {}
    const atMs = this.ground.nowMs + ms
    const due = () => {
      if (this.held === undefined) run()
      else this.held.push({ ...alarm, run })
    }
    const alarm: Alarm = { realm: this.name, label, owner: this, atMs, run: due }
    this.ground.setAlarm(alarm)
    return () => this.ground.drop((task) => task === alarm)
  }

  /** SIGKILL: nothing of it happens any more, and what it still schedules is not heard. */
  kill(): void {
    this.isAlive = false
    this.held = undefined
    this.ground.drop((task) => task.owner === this)
  }

  /** SIGSTOP: what it would do waits for `thaw`. */
  freeze(): void {
    if (this.held !== undefined) return
    const held: Task[] = []
    this.ground.drop((task) => {
      const isMine = task.owner === this && !("atMs" in task)
      if (isMine) held.unshift(task)
      return isMine
    })
    this.held = held
  }

  /** SIGCONT. */
  thaw(): void {
    const held = this.held ?? []
    this.held = undefined
    for (const task of held) this.ground.add(task)
  }

  private add(task: Task): void {
    if (this.held === undefined) this.ground.add(task)
    else this.held.push(task)
  }

  private readonly nanos = (ms: number): bigint => BigInt(Math.round(ms * 1e6))

  private readonly wallMs = (): number => this.ground.wallOriginMs + this.ground.nowMs

  readonly clock: Clock.Clock = {
    currentTimeMillisUnsafe: () => this.wallMs(),
    currentTimeMillis: Effect.sync(() => this.wallMs()),
    currentTimeNanosUnsafe: () => this.nanos(this.wallMs()),
    currentTimeNanos: Effect.sync(() => this.nanos(this.wallMs())),
    monotonicTimeNanosUnsafe: () => this.nanos(this.ground.nowMs),
    monotonicTimeNanos: Effect.sync(() => this.nanos(this.ground.nowMs)),
    sleep: (duration) =>
      Effect.callback<void>((resume) => {
        const ms = Duration.toMillis(duration)
        return Effect.sync(this.after(ms, () => resume(Effect.void)))
      })
  }
}
