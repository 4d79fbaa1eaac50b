/**
 * Which states and transitions of a chart were reached: those of the event that was taken, and
 * those that followed at once. A transition is named by its source, its event and its place among
 * those of that event, in the order in which they are tried.
 */
import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyStateNode,
  type AnyTransitionDefinition,
  getMicrosteps
} from "xstate"

const nodesOf = (node: AnyStateNode): readonly AnyStateNode[] => [
  node,
  ...Object.values(node.states).flatMap(nodesOf)
]

const pathOf = (node: AnyStateNode) => (node.path.length === 0 ? node.key : node.path.join("."))

const nameOf = (one: AnyTransitionDefinition, place: number) =>
  `${pathOf(one.source)} ${one.eventType === "" ? "at once" : one.eventType} ${place}`

const listsOf = (node: AnyStateNode): readonly (readonly AnyTransitionDefinition[])[] => [
  ...node.transitions.values(),
  ...(node.always === undefined ? [] : [node.always])
]

interface Turn {
  readonly before: unknown
  readonly after: unknown
  readonly message: { readonly type: string }
  readonly outcome: string
}

export class Coverage {
  readonly states = new Map<string, number>()
  readonly transitions = new Map<string, number>()
  private readonly machine: AnyStateMachine
  private readonly names = new Map<AnyTransitionDefinition, string>()

  constructor(machine: AnyStateMachine) {
    this.machine = machine
    for (const node of nodesOf(machine.root)) {
      this.states.set(pathOf(node), 0)
      for (const list of listsOf(node))
        for (const [place, one] of list.entries()) {
          this.names.set(one, nameOf(one, place))
          this.transitions.set(nameOf(one, place), 0)
        }
    }
  }

  note({ before, after, message, outcome }: Turn): void {
    if (outcome === "stale" || outcome === "refused") return
    const from = before as AnyMachineSnapshot
    for (const one of this.machine.getTransitionData(from, message)) this.count(one)
    this.enter(from)
    this.enter(after as AnyMachineSnapshot)
    if (outcome === "taken" && after !== before) this.followed(from, message)
  }

  /** What was never reached, by name. */
  get missing(): { readonly states: readonly string[]; readonly transitions: readonly string[] } {
    const never = (all: ReadonlyMap<string, number>) =>
      [...all].filter(([, count]) => count === 0).map(([name]) => name)
    return { states: never(this.states), transitions: never(this.transitions) }
  }

  private followed(from: AnyMachineSnapshot, message: Turn["message"]): void {
    const steps = getMicrosteps(this.machine, from, message).map(([snapshot]) => snapshot)
    for (const [index, snapshot] of steps.entries()) {
      this.enter(snapshot)
      const next = steps[index + 1]
      if (next === undefined) continue
      for (const node of snapshot._nodes)
        for (const one of node.always ?? []) if (isTaken(one, next)) this.count(one)
    }
  }

  private count(one: AnyTransitionDefinition): void {
    const name = this.names.get(one)
    if (name !== undefined) this.transitions.set(name, (this.transitions.get(name) ?? 0) + 1)
  }

  private enter({ _nodes }: AnyMachineSnapshot): void {
    for (const node of _nodes) {
      const name = pathOf(node)
      this.states.set(name, (this.states.get(name) ?? 0) + 1)
    }
  }
}

const isTaken = ({ source, target = [] }: AnyTransitionDefinition, next: AnyMachineSnapshot) =>
  !next._nodes.includes(source) && target.every((node) => next._nodes.includes(node))
