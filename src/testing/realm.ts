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
import { CurrentRun } from "../kernel/script.ts"

export interface Task {
  readonly realm: string
  readonly label: string
  readonly owner: Realm
  readonly run: () => void
  /** Of a realm that is one: it meets nothing of its memory. */
  readonly isAlone?: true
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
  /** `false`: there is no such alarm, it rang or is held. */
  readonly cancel: (alarm: Alarm) => boolean
  readonly drop: (isMeant: (task: Task) => boolean) => readonly Task[]
  /** Somebody wants to know what deliveries share. */
  readonly isWatched: boolean
  readonly touched: (what: string | undefined, isWrite: boolean) => void
  readonly shouldYield: () => boolean
}

/** What is known of what its deliveries share. */
export interface Telling {
  readonly isTelling?: boolean
  readonly isOne?: boolean
}

export class Realm implements Dispatcher, Scheduler.Scheduler {
  readonly executionMode = "sync" as const
  readonly name: string
  private readonly ground: Ground
  private held: Task[] | undefined
  /** Its deliveries tell all that they share by `touch`; of others nothing is believed. */
  readonly isTelling: boolean
  /** All its deliveries share something that nobody else does: the memory of one program. */
  readonly isOne: boolean
  isAlive = true
  /**
   * Dispatcher: the present delivery looks at or changes `what`, by default the latter; without a
   * name, everything there is.
   */
  readonly touch: ((what: string | undefined, isWrite?: boolean) => void) | undefined

  constructor(name: string, ground: Ground, { isTelling = false, isOne = false }: Telling = {}) {
    this.name = name
    this.isTelling = isTelling
    this.isOne = isOne
    this.ground = ground
    this.touch = ground.isWatched
      ? (what, isWrite = true) =>
          ground.touched(what === undefined ? undefined : `${name}/${what}`, isWrite)
      : undefined
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

  /** What does nothing that anybody could notice, in a realm that is one. */
  scheduleAlone(label: string, run: () => void): void {
    const alone = () => {
      this.touch?.("nothing", false)
      run()
    }
    if (this.isAlive) this.add({ realm: this.name, label, owner: this, run: alone, isAlone: true })
  }

  /** Scheduler. */
  shouldYield(): boolean {
    return this.ground.shouldYield()
  }

  /** Scheduler. Priorities are not looked at: any order is possible, and the choice decides. */
  makeDispatcher(): Scheduler.SchedulerDispatcher {
    const { touch } = this
    // Whose fiber goes on is not told, and somebody may want to interrupt it.
    const scheduleTask =
      touch === undefined
        ? (task: () => void) => this.schedule("fiber", task)
        : (task: () => void) =>
            this.schedule("fiber", () => {
              touch(undefined)
              task()
            })
    return { scheduleTask, flush: () => {} }
  }

  /** Calls `run` once, when `ms` have passed, unless it is cancelled before. */
  after(ms: number, run: () => void, label = "timer"): () => void {
    // What never comes due is no timer: it must not keep `drain` going.
    if (!this.isAlive || !Number.isFinite(ms)) return () => {}
    const atMs = this.ground.nowMs + ms
    let isCancelled = false
    const ring = () => {
      if (!isCancelled) run()
    }
    const due = () => {
      if (this.held === undefined) ring()
      // No alarm any more: stopped again before it is served, it waits as any task.
      else this.held.push({ realm: this.name, label, owner: this, run: ring })
    }
    const alarm: Alarm = { realm: this.name, label, owner: this, atMs, run: due }
    this.ground.setAlarm(alarm)
    return () => {
      isCancelled = true
      this.ground.cancel(alarm)
    }
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
    this.held = [...this.ground.drop((task) => task.owner === this && !("atMs" in task))]
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

  private sleep(duration: Duration.Duration, wake?: () => void): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      const ring = () => {
        wake?.()
        resume(Effect.void)
      }
      return Effect.sync(this.after(Duration.toMillis(duration), ring))
    })
  }

  /** What goes on then is the work of the actor whose script sleeps; of others nothing is known. */
  private toldSleep(duration: Duration.Duration): Effect.Effect<void> {
    return Effect.withFiber((fiber) => {
      const run = fiber.getRef(CurrentRun)
      return this.sleep(duration, () => {
        this.touch?.(run && `run ${run.number}`, run === undefined)
      })
    })
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
      this.touch === undefined ? this.sleep(duration) : this.toldSleep(duration)
  }
}
