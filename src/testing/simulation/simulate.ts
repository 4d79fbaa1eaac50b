/**
 * A program of somebody's own in the simulated world: it is given a real engine on a simulated
 * host, and runs under a schedule and faults that replay. It lives in the engine's process, as with
 * the embedded library: when that is killed the program is gone too, and begins again on the next.
 */
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type { Engine } from "../../engine/engine.ts"
import type { PlannedFault } from "../fault.ts"
import type { Up } from "./client.ts"
import type { Schedule } from "./plan.ts"
import { type Party, type Report, type RunOptions, runPlan, type Stage } from "./simulation.ts"
import type { Invariant } from "./view.ts"

export interface SimulateOptions {
  /** By default first come, first served. A list of choices shrinks; a seed is quick to draw. */
  readonly schedule?: Schedule | readonly number[]
  readonly faults?: readonly PlannedFault[]
  /** Slots 0 to `domains` - 1 (`slotName`, `slotUuid`) are defined before the program begins. */
  readonly domains?: number
  /** Time may pass while deliveries wait, as on a loaded host. True by default. */
  readonly mayTimePass?: boolean
  /** Laws that are looked at all along: the engine's, and one's own. By default none. */
  readonly invariants?: readonly Invariant[]
  /** The program is begun again so often, when its engine was killed. */
  readonly livesMax?: number
}

export interface Simulated<A, E> extends Report {
  /** How the program ended; `undefined` when it did not, or was lost with its engine for good. */
  readonly exit: Exit.Exit<A, E> | undefined
}

export type Program<A, E> = (engine: Engine, life: number) => Effect.Effect<A, E>

const livesMaxDefault = 8

/**
 * Runs `program` to its end, then lets faults heal and looks whether everything comes to rest. A
 * program that fails is no violation: what it must do is its own tests' to say.
 */
export const simulate = <A, E>(
  program: Program<A, E>,
  options: SimulateOptions = {}
): Simulated<A, E> => {
  const { schedule = [], faults = [], domains = 0, mayTimePass = true, invariants = [] } = options
  let party: ProgramParty<A, E> | undefined
  const run: RunOptions = {
    invariants,
    isProbed: false,
    isTraced: true,
    parties: (stage) => {
      party = new ProgramParty(program, stage, options.livesMax ?? livesMaxDefault)
      return [party]
    }
  }
  const plan = {
    domains,
    clients: [],
    faults,
    schedule: "kind" in schedule ? schedule : { kind: "listed" as const, choices: schedule },
    mayTimePass
  }
  const report = runPlan(plan, run)
  return { ...report, exit: party?.exit }
}

class ProgramParty<A, E> implements Party {
  private readonly program: Program<A, E>
  private readonly stage: Stage
  private readonly livesMax: number
  private lives = 0
  private up: Up | undefined
  exit: Exit.Exit<A, E> | undefined

  constructor(program: Program<A, E>, stage: Stage, livesMax: number) {
    this.program = program
    this.stage = stage
    this.livesMax = livesMax
  }

  get isDone(): boolean {
    return this.exit !== undefined || (this.up === undefined && this.lives >= this.livesMax)
  }

  start(): void {
    this.stage.whenUp((up) => this.run(up))
  }

  engineGone(up: Up): void {
    if (this.up !== up) return
    this.up = undefined
    if (this.exit === undefined && this.lives < this.livesMax) this.start()
  }

  private run(up: Up): void {
    this.up = up
    const life = ++this.lives
    const work = Effect.suspend(() => this.program(up.engine, life))
    Effect.runForkWith(up.realm.context)(work).addObserver((exit) => {
      if (this.up === up) this.exit = exit
    })
  }
}
