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

const isWithin = (node: AnyStateNode, box: AnyStateNode): boolean =>
  node === box || (node.parent !== undefined && isWithin(node.parent, box))

/** Whether a step went into this state anew: it was not active, or an arrow led into it. */
const isEntered = (
  node: AnyStateNode,
  before: readonly AnyStateNode[],
  taken: readonly AnyTransitionDefinition[]
): boolean =>
  !before.includes(node) ||
  taken.some(({ target = [] }) => target.some((one) => isWithin(node, one)))

class Counter {
  readonly states = new Map<string, number>()
  readonly transitions = new Map<string, number>()

  step(
    before: readonly AnyStateNode[] | undefined,
    after: AnyMachineSnapshot,
    taken: readonly AnyTransitionDefinition[]
  ): void {
    for (const one of taken) this.take(one)
    // Of an actor whose first step goes on at once, what it began with is only seen as a source.
    const sources = before === undefined ? taken.map(({ source }) => source) : []
    const nodes = new Set([...after._nodes, ...sources])
    for (const node of nodes) if (isEntered(node, before ?? [], taken)) add(this.states, idOf(node))
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
  const nodes = new WeakMap<object, readonly AnyStateNode[]>()
  // `provide` makes another machine of the same definition.
  const isOurs = (snapshot: unknown): snapshot is AnyMachineSnapshot =>
    isSnapshot(snapshot) && snapshot.machine.config === machine.config
  const note = (of: object, after: AnyMachineSnapshot, taken: MicrostepEvent["_transitions"]) => {
    counter.step(nodes.get(of), after, taken)
    nodes.set(of, after._nodes)
  }
  const inspect = (event: InspectionEvent): void => {
    if (event.type !== "@xstate.microstep" && event.type !== "@xstate.snapshot") return
    const { actorRef, snapshot } = event
    if (!isOurs(snapshot)) return
    if (event.type === "@xstate.microstep") note(actorRef, snapshot, event._transitions)
    // The first snapshot of an actor whose first step was none.
    else if (!nodes.has(actorRef)) note(actorRef, snapshot, [])
  }
  let actor: Actor<AnyStateMachine> | undefined
  const step: MachineCoverage<M>["step"] = (before, event) => {
    const from = before as unknown as AnyMachineSnapshot
    actor ??= createActor(machine)
    const at = {}
    if (!nodes.has(from)) counter.step(undefined, from, [])
    nodes.set(at, from._nodes)
    const scope = idleScope(actor, (told) => {
      if (isOurs(told.snapshot)) note(at, told.snapshot, told._transitions)
    })
    const after = from.machine.transition(from, event, scope)
    nodes.set(after, after._nodes)
    nodes.set(from, from._nodes)
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
