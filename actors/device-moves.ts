/**
 * Which devices of a pool one step changed, and from which state of their charts to which: what its
 * records say beside the pool's own counts. Pure, and asked only when somebody looks at a record.
 */
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import type { Move } from "../src/kernel/inspection.ts"
import type { DeviceSnapshot, PoolState } from "./device-table.ts"

type Table<A> = HashMap.HashMap<string, A>

/** The keys of what is not the same in both. */
const changedKeys = <A>(before: Table<A>, after: Table<A>): readonly string[] => {
  if (before === after) return []
  const of = (table: Table<A>, key: string) => Option.getOrUndefined(HashMap.get(table, key))
  const keys = new Set([...HashMap.keys(before), ...HashMap.keys(after)])
  return [...keys].filter((key) => of(before, key) !== of(after, key))
}

const devicesOf = ({ tokens }: PoolState, token: string): readonly string[] =>
  Option.getOrElse(HashMap.get(tokens, token), () => [])

/** A device without an entry is the host's. */
const stateOf = (devices: Table<DeviceSnapshot>, device: string): string =>
  String(Option.getOrUndefined(HashMap.get(devices, device))?.value ?? "host")

/** A device that goes from hand to hand changes too, whatever its state. */
export const movedDevices = (before: PoolState, after: PoolState): readonly Move[] => {
  const given = changedKeys(before.tokens, after.tokens).flatMap((token) => {
    const [was, is] = [devicesOf(before, token), devicesOf(after, token)]
    return [...was, ...is].filter((device) => was.includes(device) !== is.includes(device))
  })
  const things = new Set([...changedKeys(before.devices, after.devices), ...given])
  return [...things].map((thing) => ({
    thing,
    from: stateOf(before.devices, thing),
    to: stateOf(after.devices, thing)
  }))
}
