/**
 * A program of somebody's own in the simulated world: it is given a real engine on a simulated
 * host, and runs under a schedule and faults that replay.
 */
import type * as Exit from "effect/Exit"
import type { InspectionRecord } from "../../kernel/inspection.ts"
import type { PlannedFault } from "../fault.ts"
import { plainXml } from "./definition.ts"
import { simulatedEmulator } from "./lives.ts"
import { type Program, ProgramParty } from "./party.ts"
import type { Schedule } from "./plan.ts"
import { type Report, type RunOptions, runPlan } from "./simulation.ts"
import type { Invariant } from "./view.ts"

export interface SimulateOptions {
  /** By default first come, first served. A list of choices shrinks; a seed is quick to draw. */
  readonly schedule?: Schedule | readonly number[]
  readonly faults?: readonly PlannedFault[]
  /**
   * What is defined before the program begins: so many small guests, called `slotName(0)` and so
   * on with `slotUuid(0)`, or these definitions.
   */
  readonly domains?: number | readonly string[]
  /** Time may pass while deliveries wait, as on a loaded host. True by default. */
  readonly mayTimePass?: boolean
  /** So much of it at one time, in ms: what the host is late by. */
  readonly lagMsMax?: number
  /**
   * Laws that are looked at all along: the engine's, and one's own. By default none. Those that
   * judge by what clients called are left out: nobody notes what a program calls.
   */
  readonly invariants?: readonly Invariant[]
  /** The program is begun again so often, when its engine was killed. */
  readonly livesMax?: number
  /** Told of each turn of each actor, of each life: to print what happened. */
  readonly onTurn?: (turn: InspectionRecord) => void
}

export interface Simulated<A, E> extends Report {
  /** How the program ended; `undefined` when it did not, or was lost with its engine for good. */
  readonly exit: Exit.Exit<A, E> | undefined
}

const livesMaxDefault = 8

/**
 * Runs `program` to its end, then lets faults heal and looks whether everything comes to rest. A
 * program that fails is no violation: what it must do is its own tests' to say. One that never
 * ends is: `BoundedReply`, after a quarter of an hour of virtual time.
 */
export const simulate = <A, E>(
  program: Program<A, E>,
  options: SimulateOptions = {}
): Simulated<A, E> => {
  const { schedule = [], faults = [], mayTimePass = true, invariants = [], lagMsMax } = options
  const { livesMax = livesMaxDefault, onTurn } = options
  let party: ProgramParty<A, E> | undefined
  const run: RunOptions = {
    invariants: invariants.filter(({ needsCalls }) => needsCalls !== true),
    definitions: definitionsOf(options.domains ?? 0),
    isProbed: false,
    isTraced: true,
    ...(onTurn === undefined ? {} : { onTurn }),
    parties: ({ whenUp }) => {
      party = new ProgramParty(program, { whenUp, livesMax })
      return [party]
    }
  }
  const plan = {
    domains: 0,
    clients: [],
    faults,
    schedule: "kind" in schedule ? schedule : { kind: "listed" as const, choices: schedule },
    mayTimePass,
    ...(lagMsMax === undefined ? {} : { lagMsMax })
  }
  const report = runPlan(plan, run)
  return { ...report, exit: party?.exit }
}

const definitionsOf = (domains: number | readonly string[]): readonly string[] =>
  typeof domains === "number"
    ? Array.from({ length: domains }, (_, slot) => plainXml(slot, simulatedEmulator))
    : domains
