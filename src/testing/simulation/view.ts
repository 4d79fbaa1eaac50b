/**
 * What invariants look at: the world, the simulated host, the engine of the present life with its
 * actors, and what was noted so far. They look and never touch.
 */
import type { Driver } from "../../../actors/driver/driver.ts"
import type { Engine } from "../../engine/engine.ts"
import type { InspectionRecord, Turn } from "../../kernel/inspection.ts"
import type { Faults } from "../fault.ts"
import type { History } from "../history/operation.ts"
import type { EngineProcess, SimulatedHost } from "../host/host.ts"
import type { World } from "../world.ts"
import type { Plan } from "./plan.ts"

/** One engine process from its start to its end. */
export interface Life {
  /** From 1. */
  readonly number: number
  readonly process: EngineProcess
  /** Its supervisor, from before the engine opens; `parts()` are the actors while it runs. */
  readonly driver: Driver | undefined
  /** Once it has opened. */
  readonly engine: Engine | undefined
}

export interface View {
  readonly plan: Plan
  readonly world: World
  readonly host: SimulatedHost
  readonly faults: Faults
  /** `undefined` between two lives. */
  readonly life: Life | undefined
  readonly history: History
  /** The next number of the one counter of everything noted. */
  readonly tick: number
}

/** A law that did not hold. */
export interface Violation {
  /** `I01 OneQemuPerUuid`, or what the simulation itself found: `stuck`, `crashed`. */
  readonly invariant: string
  readonly message: string
  /** When it was seen. */
  readonly step: number
}

/**
 * What one invariant does in one run; it may keep what it has seen. Each hook gives the message of
 * a violation, or nothing. Hooks that are called often must be cheap.
 */
export interface Checks {
  /** After each delivery. */
  readonly step?: (view: View, label: string) => string | undefined
  /** Each turn of each actor, when it is taken. */
  readonly turn?: (record: InspectionRecord, view: View) => string | undefined
  /** The same with the message and the actor's states before and after it. */
  readonly decided?: (turn: Turn, view: View) => string | undefined
  /** An engine has opened; after a crash: recovery is done as far as callers can tell. */
  readonly opened?: (view: View) => string | undefined
  /** Calls are over, faults healed, time has passed; the engine is open and has nothing to do. */
  readonly rest?: (view: View) => string | undefined
  /** The last engine was closed with its guests. */
  readonly ended?: (view: View) => string | undefined
  /** At the very end, over all that was noted. */
  readonly history?: (view: View) => string | undefined
}

/** One of the named laws. */
export interface Invariant {
  /** `I01`. */
  readonly id: string
  /** `OneQemuPerUuid`. */
  readonly name: string
  readonly statement: string
  /**
   * It judges what happens by what clients called, and is of no use where nobody notes calls:
   * `simulate` leaves it out.
   */
  readonly needsCalls?: true
  readonly make: () => Checks
}
