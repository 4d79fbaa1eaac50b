/**
 * Whether the other functions of a PCI function's IOMMU group let it go: VFIO gives whole groups
 * away, for what is in one group cannot be kept apart from each other. Reads only.
 */
import * as Effect from "effect/Effect"
import { readTarget } from "../host/device-record.ts"
import type { Files } from "../host/files.ts"
import { listNames, numberIn } from "../host/node-files.ts"
import { pciDevicesAt, readPci } from "../host/pci.ts"
import { GroupNotViable, type GroupMember } from "../model/hostdev-error.ts"
import type { HostDeviceKind, IommuGroup } from "../model/hostdev-wish.ts"

/** Who has a device of the host; undefined when nobody has. */
export type Taken = (
  kind: HostDeviceKind,
  device: string
) => { readonly uuid: string; readonly name: string } | undefined

/** Drivers under which a function does nothing on its own: VFIO's, and the kernel's stub. */
const isIdle = (driver: string): boolean =>
  driver === "pci-stub" || /(^|[-_])vfio[-_]pci$/.test(driver) || driver === "vfio-pci"

const isBridge = Effect.fnUntraced(function* (address: string) {
  const found = yield* readPci(`${pciDevicesAt}/${address}`)
  if (found === undefined) return false
  const { bridge, class: kind = 0 } = found.capability
  return bridge !== undefined || kind >> 8 === 0x0604
})

/** The group's number; undefined on a host without an IOMMU. */
export const groupOf = (address: string) =>
  Effect.map(readTarget(`${pciDevicesAt}/${address}`, "iommu_group"), numberIn)

/** Addresses of all functions of a group. */
export const functionsOf = (group: number) => listNames(`/sys/kernel/iommu_groups/${group}/devices`)

/** The functions that a function goes together with; undefined without an IOMMU. */
export const matesOf = Effect.fnUntraced(function* (device: string) {
  const number = yield* groupOf(device)
  if (number === undefined) return undefined
  const mates = (yield* functionsOf(number)).filter((address) => address !== device)
  return { number, mates } satisfies IommuGroup
})

/** Why the host's drivers get nothing of a function's group: guests have the named ones. */
export const groupUse = Effect.fnUntraced(function* (device: string, taken: Taken) {
  const { number, mates } = (yield* matesOf(device)) ?? { number: 0, mates: [] }
  const used = mates.flatMap((mate) => {
    const holder = taken("pci", mate)
    return holder === undefined ? [] : [`${mate} ('${holder.name}' has it)`]
  })
  return used.length === 0 ? undefined : `its IOMMU group ${number} is in use: ${used.join(", ")}`
})

export interface GroupAsked {
  /** Other functions that go to the same guest at the same time. */
  readonly wishes: readonly string[]
  /** The guest's uuid: what it has already is no hindrance. */
  readonly guest: string | undefined
  readonly taken: Taken
}

const hindrance = Effect.fnUntraced(function* (address: string, { guest, taken }: GroupAsked) {
  const holder = taken("pci", address)
  if (holder !== undefined) return holder.uuid === guest ? undefined : `'${holder.name}' has it`
  const driver = yield* readTarget(`${pciDevicesAt}/${address}`, "driver")
  if (driver === undefined || isIdle(driver) || driver === "pcieport") return undefined
  // Bridges stay with the host: VFIO passes over them.
  return (yield* isBridge(address)) ? undefined : `driver ${driver} has it`
})

/** What of its group keeps a function from being given; undefined when nothing does. */
export const groupProblem: (
  device: string,
  asked: GroupAsked
) => Effect.Effect<GroupNotViable | undefined, never, Files> = Effect.fnUntraced(
  function* (device, asked) {
    const group = yield* groupOf(device)
    if (group === undefined) return undefined
    const members: GroupMember[] = []
    for (const address of yield* functionsOf(group)) {
      if (address === device || asked.wishes.includes(address)) continue
      const why = yield* hindrance(address, asked)
      if (why !== undefined) members.push({ device: address, why })
    }
    return members.length === 0 ? undefined : new GroupNotViable({ device, group, members })
  }
)
