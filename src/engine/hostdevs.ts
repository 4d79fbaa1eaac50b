/**
 * The devices of the host that can be given to guests: who has each, in which state it is, and why
 * one cannot be given. Put together anew for each asker, from what the kernel says at that moment
 * and from what the pools have published. Changes nothing.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Driver } from "../../actors/driver/driver.ts"
import type { CallError } from "../../actors/driver/once.ts"
import type { Parts } from "../../actors/driver/parts.ts"
import type {
  DeviceEntry,
  DeviceKind,
  DeviceState,
  Holder,
  Pool
} from "../../actors/host-device-pool.ts"
import { vfioDriver } from "../host/pci-driver.ts"
import { Files } from "../host/files.ts"
import { type GivableDevice, readGivableDevices } from "../node/givable.ts"
import type { Taken } from "../node/hostdev-group.ts"
import type { Standings } from "../node/hostdev-nested.ts"
import { reading } from "./waiting.ts"

/** One device, as somebody sees it who wants to give it away. */
export interface HostDevice {
  readonly kind: DeviceKind
  /** As definitions and errors name it: `0000:03:00.0`, `001:004`, `0:0:1:0`, a uuid. */
  readonly device: string
  /** libvirt's name of it: `pci_0000_03_00_0`. Absent for one that is not there any more. */
  readonly name?: string
  /** Vendor and product, by their names where the host knows them. */
  readonly product?: string
  readonly state: DeviceState
  readonly driver?: string
  readonly iommuGroup?: number
  readonly holder?: Pick<Holder, "uuid" | "name" | "epoch">
  /** One sentence; absent where it can be given. */
  readonly whyNot?: string
}

export interface HostDevices {
  /** All PCI functions, USB devices, SCSI units and mediated devices. */
  readonly list: Effect.Effect<readonly HostDevice[], CallError>
}

/**
 * Somebody else than the engine may have put it with VFIO, or have taken it from there: then one of
 * the host's drivers has it, whatever it was detached for.
 */
const stateOf = (entry: DeviceEntry | undefined, driver: string | undefined): DeviceState => {
  const isOnVfio = driver === vfioDriver
  if (entry === undefined || entry.state === "host") return isOnVfio ? "detached" : "host"
  const isOver = entry.state === "detached" && driver !== undefined && !isOnVfio
  return isOver ? "host" : entry.state
}

const resting: ReadonlySet<DeviceState> = new Set(["host", "detached"])

/** What stands in the way by what the engine itself knows. */
const ownReason = (entry: DeviceEntry | undefined): string | undefined => {
  if (entry === undefined) return undefined
  const { state, holder, why } = entry
  if (state === "broken")
    return `it is out of order: ${why ?? "nobody knows why"}; see to it, then reattach it`
  if (holder !== undefined) return `guest '${holder.name}' has it`
  return resting.has(state) ? undefined : `it is ${state}: something is being done to it`
}

const rowOf = (found: GivableDevice, entry: DeviceEntry | undefined): HostDevice => {
  const { kind, device, name, product, driver, iommuGroup, problem } = found
  const whyNot = ownReason(entry) ?? problem
  const holder = entry?.holder
  return {
    kind,
    device,
    name,
    ...(product === undefined ? {} : { product }),
    state: stateOf(entry, driver),
    ...(driver === undefined ? {} : { driver }),
    ...(iommuGroup === undefined ? {} : { iommuGroup }),
    ...(holder === undefined
      ? {}
      : { holder: { uuid: holder.uuid, name: holder.name, epoch: holder.epoch } }),
    ...(whyNot === undefined ? {} : { whyNot })
  }
}

/** What a pool still knows of a device that was pulled out. */
const goneRow = (kind: DeviceKind, device: string, entry: DeviceEntry): HostDevice => {
  const { holder } = entry
  return {
    kind,
    device,
    state: entry.state,
    ...(holder === undefined
      ? {}
      : { holder: { uuid: holder.uuid, name: holder.name, epoch: holder.epoch } }),
    whyNot: "it is not there any more"
  }
}

/** The pools of an engine: one for each kind. */
const poolsOf = ({ pools }: Parts): readonly Pool[] => Object.values(pools)

const rowsOf = (found: readonly GivableDevice[], pools: readonly Pool[]) => {
  const known = new Map(pools.map(({ kind, entries }) => [kind, entries()]))
  const there = new Set(found.map(({ kind, device }) => `${kind} ${device}`))
  const gone = pools.flatMap(({ kind }) =>
    [...(known.get(kind) ?? [])].flatMap(([device, entry]) =>
      there.has(`${kind} ${device}`) ? [] : [goneRow(kind, device, entry)]
    )
  )
  return [...found.map((one) => rowOf(one, known.get(one.kind)?.get(one.device))), ...gone]
}

/** Of the host an engine runs on. */
export const makeHostDevices = Effect.fnUntraced(function* (driver: Driver) {
  const services = Context.pick(Files)(yield* Effect.context<Files>())
  const devices: HostDevices = {
    list: Effect.gen(function* () {
      const pools = yield* reading(driver, "hostdevList", poolsOf)
      const taken: Taken = (kind, device) =>
        pools.find((pool) => pool.kind === kind)?.holderOf(device)
      const standings: Standings = () =>
        pools.flatMap(({ kind, entries }) =>
          [...entries()].map(([device, entry]) => ({ kind, device, ...entry }))
        )
      const found = yield* readGivableDevices(taken, standings)
      // After the kernel was read: what has just been given away is told as that.
      return rowsOf(found, pools)
    }).pipe(Effect.provideContext(services))
  }
  return devices
})
