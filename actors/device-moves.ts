/**
 * Which devices of a pool came to another state of their charts in one step: what its records say
 * beside the pool's own counts. Pure, and asked only when somebody looks at a record.
 */
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import type { Move } from "../src/kernel/inspection.ts"
import type { PoolState } from "./device-table.ts"

/** A device without an entry is the host's. */
const stateIn = ({ devices }: PoolState, device: string): string =>
  String(Option.getOrUndefined(HashMap.get(devices, device))?.value ?? "host")

export const movedDevices = (before: PoolState, after: PoolState): readonly Move[] => {
  if (before.devices === after.devices) return []
  const devices = new Set([...HashMap.keys(before.devices), ...HashMap.keys(after.devices)])
  return [...devices]
    .map((thing) => ({ thing, from: stateIn(before, thing), to: stateIn(after, thing) }))
    .filter(({ from, to }) => from !== to)
}
