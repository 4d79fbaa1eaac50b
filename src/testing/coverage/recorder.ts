/**
 * Collects coverage while engines run: from the turns of every actor, the faults that came to pass
 * and the calls of clients. Looks and never touches; costs nothing where nobody watches.
 */
import type { AnyMachineSnapshot, AnyStateMachine } from "xstate"
import { machines } from "../../../machines/index.ts"
import type { Inspection, Turn } from "../../kernel/inspection.ts"
import type { MetFault } from "../fault.ts"
import { ChartCoverage, isSnapshot, statesAtWork } from "./chart-coverage.ts"
import { type Counts, type Coverage, countsOf, type PairKind, pairOf } from "./coverage.ts"

/** The kind of an actor: `monitor` of `monitor/UUID/EPOCH`. */
const kindOf = (actor: string): string => actor.split("/", 1)[0] ?? actor

/**
 * The regions of a chart's state, each by itself: their product is too wide to be covered, and any
 * two runs would differ in it. Other states are sentences; their numbers are `no` or `some`.
 */
const partsOf = (state: string): readonly string[] => {
  const words = state.split(" ")
  if (words.length > 1 && words.every((word) => word.includes("."))) return words
  return [state.replace(/\d+/g, (number) => (Number(number) === 0 ? "no" : "some"))]
}

interface Latest {
  readonly state: string
  /** Of an actor with a chart. */
  readonly snapshot: AnyMachineSnapshot | undefined
}

class Tally {
  private readonly counts = new Map<string, number>()

  add(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1)
  }

  get all(): Counts {
    return countsOf(this.counts)
  }
}

export class CoverageRecorder {
  private readonly tallies: { readonly [kind in PairKind]: Tally } = {
    calls: new Tally(),
    deliveries: new Tally(),
    faults: new Tally(),
    pending: new Tally()
  }
  private readonly charts: ChartCoverage
  private readonly parts = new Map<string, readonly string[]>()
  /** The state of each actor after its last turn, in the present life. */
  private readonly latest = new Map<string, Latest>()

  /** By default the charts of Troupe; a program with machines of its own gives those. */
  constructor(known: readonly AnyStateMachine[] = Object.values(machines)) {
    this.charts = new ChartCoverage(known)
  }

  /** An engine; of the one that was watched before nothing is left. Returns how to look away. */
  watch(inspection: Pick<Inspection, "watch" | "watchTurns">): () => void {
    this.latest.clear()
    const unwatch = inspection.watchTurns((turn) => this.turn(turn))
    const unwatchEnds = inspection.watch(({ actor, outcome }) => {
      if (outcome === "stopped") this.latest.delete(actor)
    })
    return () => {
      unwatch()
      unwatchEnds()
    }
  }

  /** The name of an actor's state after its last turn; `undefined` before, and once it ended. */
  stateOf(actor: string): string | undefined {
    return this.latest.get(actor)?.state
  }

  /**
   * What the engine is about: the states of all charts in which something is being done, apart by a
   * blank. Rough, for several actors may be at work; yet a stage that no fault ever struck shows.
   */
  get stage(): string {
    const states = new Set(
      [...this.latest.values()].flatMap(({ snapshot }) =>
        snapshot === undefined ? [] : statesAtWork(snapshot)
      )
    )
    return states.size === 0 ? "at rest" : [...states].sort().join(" ")
  }

  /** A fault came to pass at this stage: each of its words is one, when all have a dot. */
  faultMet({ seam, fault }: Pick<MetFault, "seam" | "fault">, stage: string = this.stage): void {
    this.note("faults", `${seam}/${fault}`, stage)
  }

  /** A client called, and what it called about was in this state. */
  called(call: string, state: string): void {
    this.note("calls", call, state)
  }

  snapshot(): Coverage {
    const { calls, deliveries, faults, pending } = this.tallies
    return {
      version: 1,
      pairs: {
        calls: calls.all,
        deliveries: deliveries.all,
        faults: faults.all,
        pending: pending.all
      },
      charts: this.charts.counts
    }
  }

  private turn(turn: Turn): void {
    const { actor, message, outcome, from, to } = turn.record
    const kind = kindOf(actor)
    this.note("deliveries", `${kind}.${message} ${outcome}`, from)
    // One that was held back just now waits last, and does not wait for itself.
    const others = outcome === "postponed" ? turn.pending.slice(0, -1) : turn.pending
    for (const waiting of new Set(others))
      this.tallies.pending.add(`${kind}.${message}, ${waiting} waits`)
    const snapshot = isSnapshot(turn.after) ? turn.after : undefined
    this.latest.set(actor, { state: to, snapshot })
    this.charts.turn(turn)
  }

  private note(kind: PairKind, what: string, state: string): void {
    const known = this.parts.get(state)
    const parts = known ?? partsOf(state)
    if (known === undefined) this.parts.set(state, parts)
    for (const part of parts) this.tallies[kind].add(pairOf(what, part))
  }
}
