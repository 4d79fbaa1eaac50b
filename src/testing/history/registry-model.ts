/**
 * The sequential model of all domains together: a name and a uuid are one domain's, and a listing
 * shows every domain as it was at one moment. Each domain for itself is the domain model's.
 */
import { type ApiCall, type Slot, slotUuid } from "./api-call.ts"
import { after } from "./domain-model.ts"
import { absent, described, type DomainState, exists, keyOf, sooner } from "./domain-state.ts"
import type { DomainStep } from "./domain-step.ts"
import type { SequentialModel } from "./linearizable.ts"
import type { DomainSeen, Happening, Operation } from "./operation.ts"

export type RegistryStep =
  | { readonly step: "domain"; readonly slot: Slot; readonly what: DomainStep }
  | { readonly step: "list"; readonly rows: readonly DomainSeen[] }
  /** Name or uuid belonged to another domain, or to a call that was making one. */
  | {
      readonly step: "taken"
      readonly slot: Slot
      readonly call: ApiCall
      /** A call that wanted the same was under way at the same time. */
      readonly hasRival: boolean
    }
  /** The engine's process ends, for all of them. */
  | { readonly step: "cut"; readonly what: DomainStep }

export interface RegistryMove {
  readonly what: RegistryStep
  readonly of: Operation | Happening
}

/** One state for each slot, in the order of the slots. */
export type RegistryState = readonly DomainState[]

/** The name that a call wants for its domain. */
export const nameWanted = (call: ApiCall): Slot | undefined => {
  if (call.call === "define" || call.call === "create") return call.as ?? call.domain
  return call.call === "rename" ? call.to : undefined
}

export interface RegistryOptions {
  /** Those that are judged. */
  readonly slots: readonly Slot[]
  /** Those that nothing is known of: they may have any name that they ever want. */
  readonly hidden: readonly Slot[]
  /** The slots that ever want this name. */
  readonly claimants: (name: Slot) => readonly Slot[]
}

/** The name that a step gives to its domain, if it does. */
const nameTaken = (step: DomainStep): Slot | undefined => {
  if (step.step === "begin") return step.call === undefined ? undefined : nameWanted(step.call)
  if (step.step !== "call" || step.result?.kind === "error") return undefined
  // A domain that is created has its name from the begin on.
  return step.call.call === "create" ? undefined : nameWanted(step.call)
}

const hasName = (state: DomainState, name: Slot): boolean => exists(state) && state.name === name

/** With the name free for `mine`: whoever has it is gone by itself, or there is no such state. */
const freed = (state: RegistryState, mine: number, name: Slot): RegistryState | undefined => {
  const next = state.map((one, index) =>
    index === mine || !hasName(one, name) ? one : sooner(one).find((later) => !hasName(later, name))
  )
  return next.every((one) => one !== undefined) ? next : undefined
}

const isListed = (state: DomainState, uuid: string, rows: readonly DomainSeen[]) => {
  const row = rows.find((seen) => seen.uuid === uuid)
  // Later states are no help where this one fits: they can still come.
  return sooner(state).find((one) => after(one, { step: "row", row }).length > 0)
}

/** One cut: all rows fit, each at the same moment, and no row is of nobody. */
const listed = (
  state: RegistryState,
  { slots, hidden }: Pick<RegistryOptions, "slots" | "hidden">,
  rows: readonly DomainSeen[]
): readonly RegistryState[] => {
  const uuids = slots.map(slotUuid)
  const anybody = [...uuids, ...hidden.map(slotUuid)]
  if (!rows.every(({ uuid }) => anybody.includes(uuid))) return []
  const next = state.map((one, index) => isListed(one, uuids[index] ?? "", rows))
  return next.every((one) => one !== undefined) ? [next] : []
}

const isTaken = (state: RegistryState, mine: number, call: ApiCall): boolean => {
  const name = nameWanted(call)
  if (name === undefined) return false
  const own = state[mine]
  const isOtherwise = own !== undefined && exists(own) && own.name !== name
  // A rename to one's own name finds it taken, and a define under another name the uuid.
  const isInTheWay = call.call === "rename" ? !isOtherwise : isOtherwise
  return isInTheWay || state.some((one, index) => index !== mine && hasName(one, name))
}

/** One object for all states that are alike, so that what comes of each is worked out once. */
class Known {
  private readonly states = new Map<string, DomainState>()
  private readonly numbers = new Map<DomainState, number>()
  private readonly results = new Map<DomainStep, Map<DomainState, readonly DomainState[]>>()

  one(state: DomainState): DomainState {
    const key = keyOf(state)
    const known = this.states.get(key)
    if (known !== undefined) return known
    this.states.set(key, state)
    this.numbers.set(state, this.numbers.size)
    return state
  }

  /** Short, and the same for the same state. */
  number(state: DomainState): number {
    const one = this.one(state)
    return this.numbers.get(one) ?? 0
  }

  after(state: DomainState, step: DomainStep): readonly DomainState[] {
    const one = this.one(state)
    const results = this.results.get(step) ?? new Map<DomainState, readonly DomainState[]>()
    this.results.set(step, results)
    const known = results.get(one) ?? after(one, step).map((next) => this.one(next))
    results.set(one, known)
    return known
  }
}

export const makeRegistryModel = ({
  slots,
  hidden,
  claimants
}: RegistryOptions): SequentialModel<RegistryState, RegistryMove, never> => {
  const all = slots.map((_, index) => index)
  const known = new Known()
  const indexOf = (slot: Slot) => slots.indexOf(slot)
  const isJudged = (slot: Slot) => slots.includes(slot)
  const onDomain = (
    state: RegistryState,
    slot: Slot,
    what: DomainStep
  ): readonly RegistryState[] => {
    const mine = indexOf(slot)
    const name = nameTaken(what)
    const ready = name === undefined ? state : freed(state, mine, name)
    const own = ready?.[mine]
    if (ready === undefined || own === undefined) return []
    return known.after(own, what).map((next) => ready.with(mine, next))
  }
  const everywhere = (state: RegistryState, what: DomainStep): readonly RegistryState[] =>
    state.reduce<readonly RegistryState[]>(
      (soFar, one) =>
        soFar.flatMap((before) => known.after(one, what).map((next) => [...before, next])),
      [[]]
    )
  return {
    initial: slots.map(() => absent),
    key: (state) => state.map((one) => known.number(one)).join(" "),
    touches: ({ what }) => {
      if (what.step === "list" || what.step === "cut") return all
      const name = what.step === "taken" ? nameWanted(what.call) : nameTaken(what.what)
      const others = name === undefined ? [] : claimants(name).filter(isJudged).map(indexOf)
      return [indexOf(what.slot), ...others]
    },
    apply: (state, { operation: { what } }) => {
      switch (what.step) {
        case "domain":
          return onDomain(state, what.slot, what.what)
        case "list":
          return listed(state, { slots, hidden }, what.rows)
        case "taken":
          return what.hasRival || isTaken(state, indexOf(what.slot), what.call) ? [state] : []
        case "cut":
          return everywhere(state, what.what)
      }
    }
  }
}

export const describedRegistry = (state: RegistryState): string =>
  state.filter(exists).map(described).join("; ") || "there are no domains"
