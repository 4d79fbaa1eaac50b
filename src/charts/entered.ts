/**
 * Which states a small step of xstate leaves, as xstate finds it: by the domain of each transition,
 * the innermost state that stays. What is active afterwards and was left, or was not active, was
 * entered. Pure; reads machines and changes none.
 *
 * Gotcha: a transition to the state itself or into it leaves what is in the state, and the state
 * only where it says `reenter`.
 */
import type { AnyStateNode, AnyTransitionDefinition } from "xstate"
import { defaultOf } from "./describe.ts"

type Nodes = ReadonlySet<AnyStateNode>
type Remembered = { readonly [history: string]: readonly AnyStateNode[] }

/** What of a snapshot says where a machine is. */
export interface Standing {
  readonly _nodes: readonly AnyStateNode[]
  readonly historyValue: Remembered
}

/** Whether it lies in the box; with none, everything does. */
const isInside = (node: AnyStateNode, box: AnyStateNode | undefined): boolean =>
  node.parent === box || (node.parent !== undefined && isInside(node.parent, box))

const boxesAround = (node: AnyStateNode, end?: AnyStateNode): readonly AnyStateNode[] =>
  node === end || node.parent === undefined || node.parent === end
    ? []
    : [node.parent, ...boxesAround(node.parent, end)]

/** Where a history state leads that remembers nothing. */
function firstOf(history: AnyStateNode): readonly AnyStateNode[] {
  const given = defaultOf(history)
  if (given !== undefined) return [given]
  const { parent } = history
  if (parent === undefined) return []
  return parent.type === "parallel" ? [parent] : (parent.initial.target ?? [])
}

/** What is meant by the targets: for history, what it remembers. */
const meantBy = (
  targets: readonly AnyStateNode[],
  remembered: Remembered
): readonly AnyStateNode[] =>
  targets.flatMap((one) =>
    one.type === "history" ? (remembered[one.id] ?? meantBy(firstOf(one), remembered)) : [one]
  )

/** The innermost state that the transition leaves as it is; undefined when none is. */
function domainOf(one: AnyTransitionDefinition, remembered: Remembered): AnyStateNode | undefined {
  const { source, reenter } = one
  const targets = meantBy(one.target ?? [], remembered)
  const isWithin = targets.every((target) => target === source || isInside(target, source))
  if (!reenter && isWithin) return source
  const [first = source, ...others] = [...targets, source]
  const shared = boxesAround(first).find((box) => others.every((other) => isInside(other, box)))
  return shared ?? (reenter ? undefined : source.machine.root)
}

function leftByOne(one: AnyTransitionDefinition, active: Nodes, remembered: Remembered): Nodes {
  if ((one.target ?? []).length === 0) return new Set()
  const domain = domainOf(one, remembered)
  const inside = [...active].filter((node) => isInside(node, domain))
  return new Set(one.reenter && one.source === domain ? [one.source, ...inside] : inside)
}

/** Those that are carried out: of two that would leave one state, the inner one, else the first. */
export function carriedOut(
  taken: readonly AnyTransitionDefinition[],
  before: Standing
): readonly AnyTransitionDefinition[] {
  const active = new Set(before._nodes)
  const left = (one: AnyTransitionDefinition) => leftByOne(one, active, before.historyValue)
  let kept: readonly AnyTransitionDefinition[] = []
  for (const one of taken) {
    const own = left(one)
    const rivals = kept.filter((other) => [...left(other)].some((node) => own.has(node)))
    const isFirst = rivals.every((other) => isInside(one.source, other.source))
    if (isFirst) kept = [...kept.filter((other) => !rivals.includes(other)), one]
  }
  return kept
}

/**
 * A target is entered even if it was not left: the root by a transition to it from inside, and what
 * history remembers with the boxes around it. Not so the state itself by one that stays in it.
 */
function aimedAt(one: AnyTransitionDefinition, remembered: Remembered): readonly AnyStateNode[] {
  const { source, target = [], reenter } = one
  const staysIn = reenter ? undefined : domainOf(one, remembered)
  return target.flatMap((state) => {
    if (state.type !== "history") return state === source && state === staysIn ? [] : [state]
    const meant = meantBy([state], remembered)
    return meant.flatMap((node) => [node, ...boxesAround(node, state.parent)])
  })
}

/** The states that were entered from one snapshot to the next one. */
export function enteredBy(
  taken: readonly AnyTransitionDefinition[],
  before: Standing,
  after: readonly AnyStateNode[]
): readonly AnyStateNode[] {
  const { _nodes, historyValue } = before
  const active = new Set(_nodes)
  const anew = new Set(
    taken.flatMap((one) => [...leftByOne(one, active, historyValue), ...aimedAt(one, historyValue)])
  )
  return after.filter((node) => !active.has(node) || anew.has(node))
}

const childrenOf = (node: AnyStateNode): readonly AnyStateNode[] =>
  Object.values(node.states).filter(({ type }) => type !== "history")

/** What is active when a machine begins, before anything follows at once. */
export function begun(root: AnyStateNode): readonly AnyStateNode[] {
  const entered = new Set<AnyStateNode>([root])
  /** A box that is entered from somewhere inside has its other regions entered too. */
  const enterAround = (node: AnyStateNode, end: AnyStateNode) => {
    for (const box of boxesAround(node, end)) {
      entered.add(box)
      if (box.type === "parallel") enterRegions(box)
    }
  }
  const enterRegions = (box: AnyStateNode) => {
    for (const region of childrenOf(box)) {
      if ([...entered].some((one) => isInside(one, region))) continue
      entered.add(region)
      enterInside(region)
    }
  }
  const enterInside = (node: AnyStateNode) => {
    if (node.type === "parallel") return enterRegions(node)
    if (node.type !== "compound") return
    const [initial] = meantBy((node.initial.target ?? []).slice(0, 1), {})
    if (initial === undefined) return
    entered.add(initial)
    enterInside(initial)
    enterAround(initial, node)
  }
  enterInside(root)
  return [...entered]
}
