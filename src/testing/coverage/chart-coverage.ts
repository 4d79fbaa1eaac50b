/**
 * Which states and transitions of the charts were reached: those of the message that was taken, and
 * those that followed at once. A transition is named by its source, its event and its place among
 * those of that event, in the order in which they are tried. Any xstate machine will do.
 */
import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyStateNode,
  type AnyTransitionDefinition,
  getMicrosteps
} from "xstate"
import type { Turn } from "../../kernel/inspection.ts"
import { type ChartCounts, countsOf } from "./coverage.ts"

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

export const isSnapshot = (state: unknown): state is AnyMachineSnapshot =>
  typeof state === "object" && state !== null && "machine" in state && "_nodes" in state

/**
 * The states in which something is being done: those that begin something when they are entered,
 * by machine and path.
 */
export const statesAtWork = ({ machine, _nodes }: AnyMachineSnapshot): readonly string[] =>
  _nodes.filter(({ entry }) => entry.length > 0).map((node) => `${machine.id}.${pathOf(node)}`)

const isTaken = ({ source, target = [] }: AnyTransitionDefinition, next: AnyMachineSnapshot) =>
  !next._nodes.includes(source) && target.every((node) => next._nodes.includes(node))

/** Counts of one machine, by node and definition: names are made once. */
class Chart {
  readonly machine: AnyStateMachine
  private readonly states = new Map<AnyStateNode, number>()
  private readonly transitions = new Map<AnyTransitionDefinition, number>()
  private readonly names = new Map<AnyTransitionDefinition, string>()
  /** Whether anything in it follows at once; where nothing does, nobody need look. */
  private readonly hasFollowers: boolean

  constructor(machine: AnyStateMachine) {
    this.machine = machine
    const nodes = nodesOf(machine.root)
    this.hasFollowers = nodes.some(({ always }) => (always ?? []).length > 0)
    for (const node of nodes) {
      this.states.set(node, 0)
      for (const list of listsOf(node))
        for (const [place, one] of list.entries()) {
          this.names.set(one, nameOf(one, place))
          this.transitions.set(one, 0)
        }
    }
  }

  get counts(): ChartCounts {
    return {
      states: countsOf([...this.states].map(([node, count]) => [pathOf(node), count])),
      transitions: countsOf(
        [...this.transitions].map(([one, count]) => [this.names.get(one) ?? "", count])
      )
    }
  }

  turn(before: AnyMachineSnapshot, after: AnyMachineSnapshot, message: Turn["message"]): void {
    for (const one of this.machine.getTransitionData(before, message)) this.take(one)
    this.enter(before)
    if (after === before) return
    this.enter(after)
    if (this.hasFollowers) this.follow(before, message)
  }

  private follow(before: AnyMachineSnapshot, message: Turn["message"]): void {
    const steps = getMicrosteps(this.machine, before, message).map(([snapshot]) => snapshot)
    for (const [index, snapshot] of steps.entries()) {
      const next = steps[index + 1]
      // The last one is what the turn came to.
      if (next === undefined) return
      this.enter(snapshot)
      for (const node of snapshot._nodes)
        for (const one of node.always ?? []) if (isTaken(one, next)) this.take(one)
    }
  }

  private take(one: AnyTransitionDefinition): void {
    const count = this.transitions.get(one)
    if (count !== undefined) this.transitions.set(one, count + 1)
  }

  private enter({ _nodes }: AnyMachineSnapshot): void {
    for (const node of _nodes) this.states.set(node, (this.states.get(node) ?? 0) + 1)
  }
}

export class ChartCoverage {
  private readonly charts = new Map<AnyStateMachine, Chart>()

  /** Machines that are known from the start, so that one which nothing reaches shows with zeros. */
  constructor(machines: readonly AnyStateMachine[]) {
    for (const machine of machines) this.chartOf(machine)
  }

  /** A turn of any actor; one that runs no chart is passed over. */
  turn({ before, after, message, record: { outcome } }: Turn): void {
    if (outcome === "stale" || outcome === "refused" || outcome === "crashed") return
    if (!isSnapshot(before) || !isSnapshot(after)) return
    this.chartOf(before.machine).turn(before, after, message)
  }

  /** By the machine's id; of two machines with one id, the last. */
  get counts(): { readonly [machine: string]: ChartCounts } {
    const all = [...this.charts.values()].map((chart) => [chart.machine.id, chart.counts] as const)
    return Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
  }

  private chartOf(machine: AnyStateMachine): Chart {
    const known = this.charts.get(machine)
    if (known !== undefined) return known
    const chart = new Chart(machine)
    this.charts.set(machine, chart)
    return chart
  }
}
