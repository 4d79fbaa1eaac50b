/**
 * Counts what a user's tests reach of a machine: every actor that runs it, seen through xstate's
 * `inspect`, and steps that are taken without an actor. Looks and never touches; writes no file.
 * A machine that was given other actions or guards by `provide` is the same machine.
 */
import type {
  Actor,
  AnyActorScope,
  AnyMachineSnapshot,
  AnyStateMachine,
  AnyStateNode,
  AnyTransitionDefinition,
  EventFromLogic,
  InspectionEvent,
  SnapshotFrom
} from "xstate"
import { createActor } from "xstate"
import { definitionsOf, describe, idOf } from "./describe.ts"
import { begun, carriedOut, enteredBy, type Standing } from "./entered.ts"
import { type Hits, type HitsReport, hitsText, reportOf } from "./hits.ts"
import { transitionKey } from "./marks.ts"

export interface MachineCoverage<M extends AnyStateMachine> {
  /** For `createActor(machine, { inspect })`; of the actor's children too. */
  readonly inspect: (event: InspectionEvent) => void
  /** Takes one step without an actor, as xstate's `getNextSnapshot` does, and counts it. */
  readonly step: (before: SnapshotFrom<M>, event: EventFromLogic<M>) => SnapshotFrom<M>
  /** What was counted so far. */
  readonly hits: Hits
  readonly report: () => HitsReport
  /** The text of a file that `troupe chart --coverage` reads. */
  readonly text: () => string
}

const isSnapshot = (value: unknown): value is AnyMachineSnapshot =>
  typeof value === "object" && value !== null && "machine" in value && "_nodes" in value

class Counter {
  readonly states = new Map<string, number>()
  readonly transitions = new Map<string, number>()

  /** What an actor was in when it was first seen. */
  begin(nodes: readonly AnyStateNode[]): void {
    for (const node of nodes) add(this.states, idOf(node))
  }

  step(before: Standing, after: Standing, told: readonly AnyTransitionDefinition[]): void {
    const taken = carriedOut(told, before)
    for (const one of taken) this.take(one)
    for (const node of enteredBy(taken, before, after._nodes)) add(this.states, idOf(node))
  }

  private take(one: AnyTransitionDefinition): void {
    const at = definitionsOf(one.source).indexOf(one)
    if (at >= 0) add(this.transitions, transitionKey(idOf(one.source), at))
  }
}

const add = (counts: Map<string, number>, key: string): void =>
  void counts.set(key, (counts.get(key) ?? 0) + 1)

type MicrostepEvent = Extract<InspectionEvent, { readonly type: "@xstate.microstep" }>

/** An actor's surroundings in which nothing is done, and every small step is told. */
function idleScope(actor: Actor<AnyStateMachine>, told: (event: MicrostepEvent) => void) {
  const tell = (event: InspectionEvent) => {
    if (event.type === "@xstate.microstep") told(event)
  }
  const nothing = () => {}
  return {
    self: actor,
    system: { ...actor.system, _sendInspectionEvent: tell, _set: nothing, _register: () => "" },
    id: "",
    sessionId: "",
    logger: nothing,
    defer: nothing,
    emit: nothing,
    stopChild: nothing,
    actionExecutor: nothing
  } as unknown as AnyActorScope
}

/** Counts for this machine, from now on. */
export function coverageOf<M extends AnyStateMachine>(machine: M): MachineCoverage<M> {
  const chart = describe(machine)
  const counter = new Counter()
  const last = new WeakMap<object, Standing>()
  // `provide` makes another machine of the same definition.
  const isOurs = (snapshot: unknown): snapshot is AnyMachineSnapshot =>
    isSnapshot(snapshot) && snapshot.machine.config === machine.config
  const begin = (of: object, at: Standing) => {
    counter.begin(at._nodes)
    last.set(of, at)
  }
  const note = (of: object, after: AnyMachineSnapshot, taken: MicrostepEvent["_transitions"]) => {
    // Of an actor that goes on at once, what it began with is told by no event.
    if (!last.has(of)) begin(of, { _nodes: begun(after.machine.root), historyValue: {} })
    counter.step(last.get(of) ?? after, after, taken)
    last.set(of, after)
  }
  const inspect = (event: InspectionEvent): void => {
    if (event.type !== "@xstate.microstep" && event.type !== "@xstate.snapshot") return
    const { actorRef, snapshot } = event
    if (!isOurs(snapshot)) return
    if (event.type === "@xstate.microstep") note(actorRef, snapshot, event._transitions)
    // The first snapshot of an actor whose first step was none.
    else if (!last.has(actorRef)) begin(actorRef, snapshot)
  }
  let actor: Actor<AnyStateMachine> | undefined
  const step: MachineCoverage<M>["step"] = (before, event) => {
    const from = before as unknown as AnyMachineSnapshot
    actor ??= createActor(machine)
    const at = {}
    if (!last.has(from)) begin(from, from)
    last.set(at, from)
    const scope = idleScope(actor, (told) => {
      if (isOurs(told.snapshot)) note(at, told.snapshot, told._transitions)
    })
    const after = from.machine.transition(from, event, scope)
    last.set(after, after)
    return after as unknown as SnapshotFrom<M>
  }
  const { states, transitions } = counter
  const hits = { states, transitions }
  return {
    inspect,
    step,
    hits,
    report: () => reportOf(chart, hits),
    text: () => hitsText(chart, hits)
  }
}
