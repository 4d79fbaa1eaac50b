/**
 * All PCI functions of the host at once, with what somebody who gives them away has to know: whose
 * they are, what goes with them, how they are reset. Many files are read by one primitive, so that
 * a thousand functions are quick; what needs more than a few lines of each is in pci.ts. Reads
 * only.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { PciPlace } from "../model/node-device.ts"
import { hexIn, propertiesIn, readTargets } from "./device-record.ts"
import { Files } from "./files.ts"
import { listNames, numberIn } from "./node-files.ts"
import { pciDevicesAt, placeOf } from "./pci.ts"

export interface PciEntry {
  /** `0000:03:00.0` */
  readonly address: string
  readonly place: PciPlace
  readonly vendor: number
  readonly device: number
  readonly subsystem?: { readonly vendor: number; readonly device: number }
  /** 24 bits: class, subclass, programming interface. */
  readonly class: number
  readonly driver?: string
  /** None on a host without an IOMMU. */
  readonly iommuGroup?: number
  readonly numaNode?: number
  /** Of a virtual function: the one it belongs to. */
  readonly physicalFunction?: string
  /** In the order in which the kernel tries them: `flr`, `bus`, ... */
  readonly resetMethods: readonly string[]
}

export interface PciInventory {
  /** In the order of their addresses. */
  readonly functions: readonly PciEntry[]
  /** Addresses of all functions of each group. */
  readonly groups: ReadonlyMap<number, readonly string[]>
  /** Addresses of the virtual functions of each physical one that has any. */
  readonly virtualFunctions: ReadonlyMap<string, readonly string[]>
}

/** An attribute is shorter than a page, and what is wanted of `uevent` stands first. */
const headBytes = 4096

const files = ["uevent", "numa_node", "reset_method"] as const

const readTexts = Effect.fnUntraced(function* (addresses: readonly string[]) {
  const paths = addresses.flatMap((address) =>
    files.map((name) => `${pciDevicesAt}/${address}/${name}`)
  )
  const heads = yield* Effect.flatMap(Files, (all) => all.readHeads(paths, headBytes))
  const decoder = new TextDecoder()
  return heads.map((head) => (Result.isSuccess(head) ? decoder.decode(head.success) : undefined))
})

/** Most functions are in a group and are not virtual: two links, of which the second is missing. */
const readLinks = (addresses: readonly string[], name: string) =>
  readTargets(addresses.map((address) => `${pciDevicesAt}/${address}/${name}`))

interface Facts {
  readonly uevent: string | undefined
  readonly numaNode: string | undefined
  readonly resetMethods: string | undefined
  readonly group: string | undefined
  readonly physical: string | undefined
}

const pairOf = (text: string | undefined) => {
  const [vendor, device] = (text ?? "").split(":").map(hexIn)
  return vendor === undefined || device === undefined ? undefined : { vendor, device }
}

/** `undefined` when it is gone. */
const entryOf = (address: string, facts: Facts): PciEntry | undefined => {
  const place = placeOf(address)
  if (place === undefined || facts.uevent === undefined) return undefined
  const uevent = propertiesIn(facts.uevent)
  const ids = pairOf(uevent["PCI_ID"])
  if (ids === undefined) return undefined
  const subsystem = pairOf(uevent["PCI_SUBSYS_ID"])
  const { DRIVER: driver } = uevent
  const iommuGroup = numberIn(facts.group)
  const numaNode = numberIn(facts.numaNode?.trim())
  return {
    address,
    place,
    ...ids,
    class: hexIn(uevent["PCI_CLASS"]) ?? 0,
    ...(subsystem && { subsystem }),
    ...(driver === undefined ? {} : { driver }),
    ...(iommuGroup === undefined ? {} : { iommuGroup }),
    ...(numaNode === undefined ? {} : { numaNode }),
    ...(facts.physical === undefined ? {} : { physicalFunction: facts.physical }),
    resetMethods: facts.resetMethods?.split(/\s+/).filter((word) => word !== "") ?? []
  }
}

const gathered = <K>(
  functions: readonly PciEntry[],
  keyOf: (entry: PciEntry) => K | undefined
): ReadonlyMap<K, readonly string[]> => {
  const found = new Map<K, string[]>()
  for (const entry of functions) {
    const key = keyOf(entry)
    if (key === undefined) continue
    const mates = found.get(key)
    if (mates === undefined) found.set(key, [entry.address])
    else mates.push(entry.address)
  }
  return found
}

/** What vanishes meanwhile is left out. */
export const readPciInventory = Effect.gen(function* () {
  const addresses = yield* listNames(pciDevicesAt)
  const { texts, groups, physical } = yield* Effect.all(
    {
      texts: readTexts(addresses),
      groups: readLinks(addresses, "iommu_group"),
      physical: readLinks(addresses, "physfn")
    },
    { concurrency: "unbounded" }
  )
  const functions = addresses.flatMap((address, index) => {
    const [uevent, numaNode, resetMethods] = texts.slice(
      index * files.length,
      (index + 1) * files.length
    )
    const links = { group: groups[index], physical: physical[index] }
    return entryOf(address, { uevent, numaNode, resetMethods, ...links }) ?? []
  })
  const inventory: PciInventory = {
    functions,
    groups: gathered(functions, ({ iommuGroup }) => iommuGroup),
    virtualFunctions: gathered(functions, ({ physicalFunction }) => physicalFunction)
  }
  return inventory
})
