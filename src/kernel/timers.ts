/**
 * Deadlines of calls, many and mostly never reached: set and dropped in constant time. Kept in
 * steps and rounded up, with one sleeping fiber for the earliest. Monotonic, from Effect's Clock,
 * so that neither a step of the wall clock nor a test's real time matters.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import { timerStepMs } from "./limits.ts"

export interface Timer {
  readonly cancel: () => void
}

export class Timers {
  private readonly steps = new Map<number, Set<() => void>>()
  private readonly clock: Clock.Clock
  private readonly context: Context.Context<never>
  private sleeper: { readonly step: number; readonly fiber: Fiber.Fiber<void> } | undefined

  constructor(context: Context.Context<never>) {
    this.context = context
    this.clock = Context.get(context, Clock.Clock)
  }

  nowMs(): number {
    return Number(this.clock.monotonicTimeNanosUnsafe()) / 1e6
  }

  /** Deadlines that are set. */
  get size(): number {
    let size = 0
    for (const rings of this.steps.values()) size += rings.size
    return size
  }

  /** Calls `ring` once, at or up to one step after `atMs`, unless it is cancelled before. */
  at(atMs: number, ring: () => void): Timer {
    const step = Math.ceil(atMs / timerStepMs)
    const rings = this.steps.get(step) ?? new Set()
    this.steps.set(step, rings)
    const entry = () => ring()
    rings.add(entry)
    if (this.sleeper === undefined || step < this.sleeper.step) this.sleepUntil(step)
    return {
      cancel: () => {
        rings.delete(entry)
        if (rings.size === 0 && this.steps.get(step) === rings) this.steps.delete(step)
      }
    }
  }

  /**
   * Ends the sleeping fiber. Not done when the last timer is cancelled: that happens after nearly
   * every call, and one idle wake-up later is cheaper than a fiber for each.
   */
  stop(): void {
    this.sleeper?.fiber.interruptUnsafe()
    this.sleeper = undefined
  }

  private sleepUntil(step: number): void {
    this.sleeper?.fiber.interruptUnsafe()
    const waitMs = Math.max(0, step * timerStepMs - this.nowMs())
    const nap = Effect.andThen(
      Effect.sleep(waitMs),
      Effect.sync(() => this.wake(step))
    )
    this.sleeper = { step, fiber: Effect.runForkWith(this.context)(nap) }
  }

  private wake(step: number): void {
    this.sleeper = undefined
    try {
      for (const key of this.dueBy(step)) this.ring(key)
    } finally {
      // A ring may have set a timer of its own, and with it a sleeper. One that threw leaves the
      // rest to the next wake-up, which is now.
      const next = this.earliest()
      if (next !== undefined && this.sleeper === undefined) this.sleepUntil(next)
    }
  }

  private ring(key: number): void {
    const rings = this.steps.get(key)
    // Those that are set for this step meanwhile ring at the next wake-up.
    for (const ring of Array.from(rings ?? [])) if (rings?.delete(ring) === true) ring()
    if (rings?.size === 0 && this.steps.get(key) === rings) this.steps.delete(key)
  }

  private dueBy(step: number): readonly number[] {
    return [...this.steps.keys()].filter((key) => key <= step).sort((a, b) => a - b)
  }

  private earliest(): number | undefined {
    let earliest: number | undefined
    for (const key of this.steps.keys())
      if (earliest === undefined || key < earliest) earliest = key
    return earliest
  }
}
