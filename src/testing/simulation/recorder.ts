/**
 * The strategy of a run: first come, first served while it is set up and while it ends; in between
 * what the plan's schedule says, noted choice by choice.
 */
import { listed } from "../strategy/listed.ts"
import { strategyNamed } from "../strategy/mixed.ts"
import type { Candidate, Strategy } from "../strategy/strategy.ts"
import type { Schedule } from "./plan.ts"

export class Recorder implements Strategy {
  private readonly strategy: Strategy
  private readonly made: number[] = []
  private isArmed = false

  constructor(schedule: Schedule) {
    this.strategy =
      schedule.kind === "listed"
        ? listed(schedule.choices)
        : strategyNamed(schedule.kind, schedule.seed)
  }

  get taken(): readonly number[] {
    return this.made
  }

  arm(): void {
    this.isArmed = true
  }

  disarm(): void {
    this.isArmed = false
  }

  next(ready: readonly Candidate[]): number {
    if (!this.isArmed) return 0
    return this.note(this.strategy.next(ready) % ready.length)
  }

  /** A choice that is no delivery: what a power cut loses. */
  pick(count: number): number {
    if (count <= 1) return 0
    const options = Array.from({ length: count }, (_, index) => ({
      realm: "disk",
      label: String(index)
    }))
    return this.note(this.strategy.next(options) % count)
  }

  private note(choice: number): number {
    this.made.push(choice)
    return choice
  }
}
