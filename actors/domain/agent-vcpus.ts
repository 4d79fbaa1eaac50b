/** The guest's own vCPUs, on and off, as its agent sees them (not those that QEMU has plugged). */
import * as Effect from "effect/Effect"
import type { GuestVcpu } from "../../src/model/guest-info.ts"
import { getVcpus, setVcpus as setCommand } from "../../src/qmp/agent-command.ts"
import { ask, invalid } from "./agent-ask.ts"
import type { DomainRef } from "./domain.ts"

/** By number: the agent lists them as its kernel's folder does. */
export const vcpus = (ref: DomainRef) =>
  Effect.map(ask(ref, getVcpus()), (found) => found.toSorted((a, b) => a.logicalId - b.logicalId))

/** The agent may set some of them and say how many: the rest is asked for again. */
const change = Effect.fnUntraced(function* (
  ref: DomainRef,
  ids: readonly number[],
  isOnline: boolean
) {
  let left = ids
  while (left.length > 0) {
    const done = yield* ask(ref, setCommand(left, isOnline))
    if (done === 0 || done > left.length)
      return yield* invalid(ref, "vcpus", `the agent has set ${done} of ${left.length}`)
    left = left.slice(done)
  }
})

export const setVcpus = Effect.fnUntraced(function* (
  ref: DomainRef,
  ids: readonly number[],
  isOnline: boolean
) {
  const all = yield* vcpus(ref)
  const wanted = new Set(ids)
  for (const id of wanted) {
    const found = all.find(({ logicalId }) => logicalId === id)
    if (found === undefined) return yield* invalid(ref, "vcpus", `the guest has no vCPU ${id}`)
    if (!isOnline && !found.canOffline)
      return yield* invalid(ref, "vcpus", `the guest cannot do without vCPU ${id}`)
  }
  const others = all.filter(({ logicalId, isOnline: on }) => on && !wanted.has(logicalId))
  if (!isOnline && others.length === 0) return yield* invalid(ref, "vcpus", "one has to stay on")
  const isOther = ({ logicalId, isOnline: on }: GuestVcpu) =>
    wanted.has(logicalId) && on !== isOnline
  yield* change(
    ref,
    all.filter(isOther).map(({ logicalId }) => logicalId),
    isOnline
  )
})

/** The last ones go, the first ones come. */
export const setVcpuCount = Effect.fnUntraced(function* (ref: DomainRef, count: number) {
  const all = yield* vcpus(ref)
  if (!Number.isSafeInteger(count) || count < 1 || count > all.length)
    return yield* invalid(ref, "vcpus", `the guest has ${all.length}, and ${count} are asked for`)
  const online = all.filter(({ isOnline }) => isOnline)
  const missing = count - online.length
  if (missing >= 0) {
    const offline = all.filter(({ isOnline }) => !isOnline).slice(0, missing)
    return yield* change(
      ref,
      offline.map(({ logicalId }) => logicalId),
      true
    )
  }
  const goers = online.filter(({ canOffline }) => canOffline).slice(missing)
  if (goers.length < -missing)
    return yield* invalid(ref, "vcpus", `the guest cannot do with ${count}`)
  yield* change(
    ref,
    goers.map(({ logicalId }) => logicalId),
    false
  )
})
