/** Takes a history apart into the moves of all domains together. Pure; decides nothing. */
import type { Slot } from "./api-call.ts"
import { type Lives, movesOf, slotsOf } from "./domain-moves.ts"
import type { TimedCall } from "./linearizable.ts"
import type { History, Operation } from "./operation.ts"
import { errorTag } from "./outcome.ts"
import { nameWanted, type RegistryMove, type RegistryOptions } from "./registry-model.ts"

export type RegistryMoves = readonly TimedCall<RegistryMove, never>[]

const isBeside = (a: Operation, b: Operation): boolean =>
  a.life === b.life &&
  a.invokedAt < (b.endedAt ?? Number.POSITIVE_INFINITY) &&
  b.invokedAt < (a.endedAt ?? Number.POSITIVE_INFINITY)

const domainOf = ({ call }: Operation): Slot | undefined =>
  "domain" in call ? call.domain : undefined

/** Which slots ever want which names. */
export const registryOptions = (
  history: History,
  unreadable: readonly Slot[] = []
): RegistryOptions => {
  const wanted = new Map<Slot, Set<Slot>>()
  for (const { call } of history.operations) {
    const name = nameWanted(call)
    if (name === undefined || !("domain" in call)) continue
    const slots = wanted.get(name) ?? new Set()
    wanted.set(name, slots.add(call.domain))
  }
  const claimants = (name: Slot): readonly Slot[] => [...(wanted.get(name) ?? [])]
  const hidden = [...new Set(unreadable.flatMap(claimants))]
  const slots = slotsOf(history).filter((slot) => !hidden.includes(slot))
  return { slots, hidden, claimants }
}

/**
 * A call under way holds name and uuid for as long as it works, also when it comes to nothing. A
 * rename holds the new name and gives the old one away only in the end.
 */
const isRival = (
  other: Operation,
  { slot, name, claimants }: { slot: Slot; name: Slot; claimants: RegistryOptions["claimants"] }
): boolean => {
  const wanted = nameWanted(other.call)
  if (wanted === undefined) return false
  if (wanted === name || domainOf(other) === slot) return true
  return other.call.call === "rename" && claimants(name).includes(domainOf(other) ?? -1)
}

/** Its guest, which nobody had recorded, is being ended by the next engine, and is in the way. */
const isOrphaned = (other: Operation, { life }: Operation): boolean =>
  other.result === undefined &&
  other.life === life - 1 &&
  (other.call.call === "create" || other.call.call === "start")

const takenBy = (history: History, options: RegistryOptions): RegistryMoves =>
  history.operations.flatMap((operation): RegistryMoves => {
    const { call, invokedAt, endedAt } = operation
    const name = nameWanted(call)
    if (errorTag(operation) !== "DomainExists" || name === undefined || !("domain" in call))
      return []
    if (!options.slots.includes(call.domain)) return []
    const isHidden = options.claimants(name).some((slot) => options.hidden.includes(slot))
    const about = { slot: call.domain, name, claimants: options.claimants }
    const hasRival =
      isHidden ||
      history.operations.some(
        (other) =>
          other !== operation &&
          (isBeside(other, operation) || isOrphaned(other, operation)) &&
          isRival(other, about)
      )
    const what = { step: "taken" as const, slot: call.domain, call, hasRival }
    return [{ operation: { what, of: operation }, invokedAt, endedAt }]
  })

const listings = (history: History): RegistryMoves =>
  history.operations.flatMap((operation): RegistryMoves => {
    const { result, invokedAt, endedAt } = operation
    const value = result?.kind === "ok" ? result.value : undefined
    if (value === undefined || !("domains" in value)) return []
    const what = { step: "list" as const, rows: value.domains }
    return [{ operation: { what, of: operation }, invokedAt, endedAt }]
  })

export const registryMoves = (lives: Lives, options: RegistryOptions): RegistryMoves => {
  const { history, ends } = lives
  const domains = options.slots.flatMap((slot) =>
    movesOf(lives, slot).flatMap((move): RegistryMoves => {
      const { what, of } = move.operation
      // One listing of all, and one end for all, stand in the place of each domain's.
      if (what.step === "row" || what.step === "cut") return []
      return [{ ...move, operation: { what: { step: "domain", slot, what }, of } }]
    })
  )
  const cuts = [...ends.values()].map((of): RegistryMoves[number] => {
    const what = { step: "cut" as const, what: { step: "cut" as const, kind: of.kind } }
    return { operation: { what, of }, invokedAt: of.at, endedAt: of.at }
  })
  return [...domains, ...takenBy(history, options), ...listings(history), ...cuts].toSorted(
    (a, b) => a.invokedAt - b.invokedAt
  )
}
