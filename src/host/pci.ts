/**
 * PCI functions of the host as sysfs shows them: who made them, which driver has them, what they
 * are passed through together with, what can be made of them. Reads only; binding is not here.
 */
import * as Effect from "effect/Effect"
import type { MdevType, PciCapability, PciPlace } from "../model/node-device.ts"
import {
  hexIn,
  lastOf,
  type Properties,
  readAttribute,
  readBytes,
  readCount,
  readHex,
  readsAtOnce,
  readTarget,
  readUevent
} from "./device-record.ts"
import { listNames, numberIn } from "./node-files.ts"
import { configBytesMax, configFacts } from "./pci-config.ts"
import { vpdBytesMax, vpdOf } from "./pci-vpd.ts"

export const pciDevicesAt = "/sys/bus/pci/devices"
const groupsAt = "/sys/kernel/iommu_groups"

/** `0000:03:00.1` */
const placePattern = /^([0-9a-f]{4,8}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])$/

export const placeOf = (text: string): PciPlace | undefined => {
  const [, domain, bus, slot, last] = placePattern.exec(text) ?? []
  if (domain === undefined || bus === undefined || slot === undefined) return undefined
  const number = (digits: string) => Number.parseInt(digits, 16)
  return {
    domain: number(domain),
    bus: number(bus),
    slot: number(slot),
    function: number(last ?? "0")
  }
}

const placesOf = (names: readonly string[]): readonly PciPlace[] =>
  names.flatMap((name) => placeOf(name) ?? [])

export interface PciFunction {
  readonly capability: PciCapability
  readonly driver?: string
}

/** `undefined` leaves the key out. */
const known = <K extends string, V>(key: K, value: V | undefined) =>
  value === undefined ? {} : ({ [key]: value } as { readonly [key in K]: V })

/** `8086:10C9` of uevent. */
const pairOf = (text: string | undefined) => {
  const [first, second] = (text ?? "").split(":").map(hexIn)
  return first === undefined || second === undefined ? undefined : { first, second }
}

const iommuGroup = Effect.fnUntraced(function* (path: string) {
  const number = numberIn(yield* readTarget(path, "iommu_group"))
  if (number === undefined) return undefined
  return { number, places: placesOf(yield* listNames(`${groupsAt}/${number}/devices`)) }
})

/** In the order of their numbers, which is not that of their names: `virtfn10`. */
const virtualFunctions = Effect.fnUntraced(function* (path: string, names: readonly string[]) {
  const countMax = (yield* readCount(path, "sriov_totalvfs")) ?? 0
  const numbers = names
    .flatMap((name) => numberIn(/^virtfn(\d+)$/.exec(name)?.[1]) ?? [])
    .toSorted((one, other) => one - other)
  const targets = yield* Effect.forEach(numbers, (number) => readTarget(path, `virtfn${number}`), {
    concurrency: readsAtOnce
  })
  const places = targets.flatMap((target) => (target === undefined ? [] : (placeOf(target) ?? [])))
  return countMax === 0 && places.length === 0 ? undefined : { countMax, places }
})

const physicalFunction = (path: string) =>
  Effect.map(readTarget(path, "physfn"), (target) =>
    target === undefined ? undefined : placeOf(target)
  )

const mdevType = (at: string) =>
  Effect.map(
    Effect.all([
      readAttribute(at, "name"),
      readAttribute(at, "device_api"),
      readCount(at, "available_instances")
    ]),
    ([name, deviceApi, availableInstances]): readonly MdevType[] =>
      deviceApi === undefined || availableInstances === undefined
        ? []
        : [{ id: lastOf(at), ...known("name", name), deviceApi, availableInstances }]
  )

const mdevTypes = Effect.fnUntraced(function* (path: string) {
  const at = `${path}/mdev_supported_types`
  const types = yield* Effect.forEach(yield* listNames(at), (id) => mdevType(`${at}/${id}`))
  return types.flat()
})

const numaNode = (path: string) =>
  Effect.map(readAttribute(path, "numa_node"), (text) => numberIn(text))

const resetMethods = (path: string) =>
  Effect.map(readAttribute(path, "reset_method"), (text) => text?.split(/\s+/) ?? [])

const vpd = (path: string) =>
  Effect.map(readBytes(`${path}/vpd`, vpdBytesMax), (bytes) =>
    bytes === undefined ? undefined : vpdOf(bytes)
  )

const idsOf = Effect.fnUntraced(function* (path: string, uevent: Properties) {
  const ids = pairOf(uevent["PCI_ID"])
  const subsystem = pairOf(uevent["PCI_SUBSYS_ID"])
  return {
    vendor: { id: ids?.first ?? (yield* readHex(path, "vendor")) ?? 0 },
    product: { id: ids?.second ?? (yield* readHex(path, "device")) ?? 0 },
    ...known("class", hexIn(uevent["PCI_CLASS"]) ?? (yield* readHex(path, "class"))),
    ...known("subsystem", subsystem && { vendor: subsystem.first, device: subsystem.second })
  }
})

const nothing = Effect.succeed(undefined)
const none = Effect.succeed([])

export interface ReadPciOptions {
  /** Slow on real cards, which answer four bytes at a time. */
  readonly withVpd?: boolean
}

/** One function; `undefined` when it is gone. Ids have no names here (pci-names.ts). */
export const readPci = Effect.fnUntraced(function* (
  path: string,
  { withVpd = false }: ReadPciOptions = {}
) {
  const place = placeOf(lastOf(path))
  const uevent = yield* readUevent(path)
  if (place === undefined || uevent === undefined) return undefined
  // One listing says which of the other files there are at all.
  const names = yield* listNames(path)
  const has = (name: string) => names.includes(name)
  const where = yield* Effect.all({
    physicalFunction: has("physfn") ? physicalFunction(path) : nothing,
    virtualFunctions: has("sriov_totalvfs") ? virtualFunctions(path, names) : nothing,
    iommuGroup: has("iommu_group") ? iommuGroup(path) : nothing,
    numaNode: has("numa_node") ? numaNode(path) : nothing,
    vpd: withVpd && has("vpd") ? vpd(path) : nothing
  })
  const capability: PciCapability = {
    type: "pci",
    place,
    ...(yield* idsOf(path, uevent)),
    ...known("physicalFunction", where.physicalFunction),
    ...known("virtualFunctions", where.virtualFunctions),
    ...known("iommuGroup", where.iommuGroup),
    ...known("numaNode", where.numaNode),
    ...known("vpd", where.vpd),
    mdevTypes: has("mdev_supported_types") ? yield* mdevTypes(path) : [],
    resetMethods: yield* has("reset_method") ? resetMethods(path) : none,
    ...configFacts(yield* readBytes(`${path}/config`, configBytesMax))
  }
  const found: PciFunction = { capability, ...known("driver", uevent["DRIVER"]) }
  return found
})
