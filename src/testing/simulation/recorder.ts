/**
 * The strategy of a run: first come, first served while it is set up and while it ends; in between
 * what the plan's schedule says, noted choice by choice.
 */
import { Chance } from "../strategy/chance.ts"
import { listed } from "../strategy/listed.ts"
import { strategyNamed } from "../strategy/mixed.ts"
import type { Candidate, Strategy, Watcher } from "../strategy/strategy.ts"
import { planDefaults, type Schedule } from "./plan.ts"

/**
 * Time passes while something waits: at one choice of so many, where it may at all. A host that
 * stands still for long does so seldom, or nothing would ever come to its end.
 */
const hastes = (lagMs: number): number => (lagMs <= 250 ? 5 : 50)

export class Recorder implements Strategy {
  private readonly strategy: Strategy
  private readonly made: number[] = []
  private isArmed = false
  /** When time may pass; a list of choices says so itself. */
  private readonly chance: Chance | undefined

  private readonly haste: number
  /** Somebody else's strategy, with what it wants to be asked and told. */
  private readonly given: Strategy | undefined

  constructor(schedule: Schedule, lagMsMax: number = planDefaults.lagMsMax, given?: Strategy) {
    this.haste = hastes(lagMsMax)
    this.given = given
    const isListed = schedule.kind === "listed"
    this.chance = isListed || given !== undefined ? undefined : new Chance(schedule.seed)
    this.strategy =
      given ?? (isListed ? listed(schedule.choices) : strategyNamed(schedule.kind, schedule.seed))
  }

  get watcher(): Watcher | undefined {
    const watcher = this.given?.watcher
    return watcher && this.gated(watcher)
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
    const last = ready.length - 1
    // Otherwise a strategy that favours one party lets hours pass between two deliveries.
    const isHeld =
      this.chance !== undefined && ready[last]?.realm === "time" && !this.chance.oneIn(this.haste)
    const served = isHeld ? ready.slice(0, last) : ready
    return this.note(served.length < 2 ? 0 : this.strategy.next(served) % served.length)
  }

  /** A choice that is no delivery: what a power cut loses. */
  pick(count: number): number {
    if (count <= 1) return 0
    if (this.given !== undefined) return this.note((this.given.pick?.(count) ?? 0) % count)
    const options = Array.from({ length: count }, (_, index) => ({
      realm: "disk",
      label: String(index)
    }))
    return this.note(this.strategy.next(options) % count)
  }

  /** What waits from before the arming may be served after it, and has to be known. */
  private gated(watcher: Watcher): Watcher {
    let isOver = false
    const whileArmed = (tell: () => void): void => {
      isOver ||= this.made.length > 0 && !this.isArmed
      if (this.isArmed) tell()
    }
    return {
      added: (candidate) => {
        if (!isOver) watcher.added(candidate)
      },
      begins: (candidate) => whileArmed(() => watcher.begins(candidate)),
      touched: (what, isWrite) => whileArmed(() => watcher.touched(what, isWrite)),
      ended: () => whileArmed(watcher.ended),
      timePassed: () => whileArmed(watcher.timePassed)
    }
  }

  private note(choice: number): number {
    this.made.push(choice)
    return choice
  }
}
