/** Statistics of many domains in one answer, by groups. */
import * as Effect from "effect/Effect"
import type { ManyStatsOptions } from "../../engine/guest-many.ts"
import { type DomainState, stateNumber } from "../../model/state.ts"
import { groupsOfMask, statsGroup } from "../../qemu/stats.ts"
import type { Handler, Handlers } from "../server/handler.ts"
import { reference, refuse, unknownFlags, uuidText } from "./domain-reference.ts"

/** VIR_CONNECT_GET_ALL_DOMAINS_STATS_* */
const nowait = 1 << 29
const backing = 1 << 30
const enforce = 0x8000_0000

/** VIR_CONNECT_LIST_DOMAINS_*: life, persistence and states. */
const filterFlags = 0xff

const shutOff: DomainState = "shutoff"
const others = (Object.keys(stateNumber) as readonly DomainState[]).filter(
  (state) => state !== "running" && state !== "paused" && state !== shutOff
)

const stateFlags: readonly (readonly [flag: number, states: readonly DomainState[]])[] = [
  [16, ["running"]],
  [32, ["paused"]],
  [64, [shutOff]],
  [128, others]
]

/** One of two flags decides; none or both do not. */
const either = (flags: number, yes: number, no: number): boolean | undefined => {
  const asked = flags & (yes | no)
  return asked === yes ? true : asked === no ? false : undefined
}

const filterOf = (flags: number): NonNullable<ManyStatsOptions["filter"]> => {
  const isActive = either(flags, 1, 2)
  const isPersistent = either(flags, 4, 8)
  const states = stateFlags.filter(([flag]) => (flags & flag) !== 0).flatMap(([, all]) => all)
  return {
    ...(isActive === undefined ? {} : { isActive }),
    ...(isPersistent === undefined ? {} : { isPersistent }),
    ...(states.length === 0 ? {} : { states })
  }
}

const knownGroups = Object.values(statsGroup).reduce((mask, bit) => mask | bit, 0)

/** REMOTE_DOMAIN_LIST_MAX */
const recordsMax = 16_384

/** Groups that this version has not heard of are left out, unless the client insists on them. */
const allStats: Handler<"remote", "CONNECT_GET_ALL_DOMAIN_STATS"> = (
  { doms, stats, flags },
  { engine }
) => {
  const api = "virConnectGetAllDomainStats"
  const refused = unknownFlags(api, flags, filterFlags | nowait | backing | enforce)
  if (refused !== undefined) return refused
  const unknown = (stats & ~knownGroups) >>> 0
  if (unknown !== 0 && (flags & enforce) !== 0) {
    const bits = `0x${unknown.toString(16)}`
    return refuse("ARGUMENT_UNSUPPORTED", `Stats types bits ${bits} are not supported`)
  }
  const groups = stats !== 0 && (stats & knownGroups) === 0 ? [] : groupsOfMask(stats & knownGroups)
  return Effect.flatMap(
    engine.domainStats({
      ...(groups === undefined ? {} : { groups }),
      ...(doms.length === 0 ? {} : { domains: doms.map(({ uuid }) => uuidText(uuid)) }),
      filter: filterOf(flags),
      withBacking: (flags & backing) !== 0,
      isNowait: (flags & nowait) !== 0
    }),
    (records) =>
      records.length > recordsMax
        ? refuse("INTERNAL_ERROR", `${records.length} domains do not fit into an answer`)
        : Effect.succeed({
            retStats: records.map(({ params, ...domain }) => ({ dom: reference(domain), params }))
          })
  )
}

export const guestStats: Handlers = { remote: { CONNECT_GET_ALL_DOMAIN_STATS: allStats } }
