/**
 * The devices of the host that a guest can have, with what somebody has to know who gives them
 * away: what each is, whose driver it has, what goes with it, and what of the host stands in the
 * way. Reads only; which guest has what is not known here.
 */
import * as Effect from "effect/Effect"
import { listDevices } from "../host/device-list.ts"
import { lastOf, readAttribute, readsAtOnce, readTarget } from "../host/device-record.ts"
import type { Files } from "../host/files.ts"
import { vfioDriver, vfioProblem } from "../host/pci-driver.ts"
import { type PciEntry, type PciInventory, readPciInventory } from "../host/pci-inventory.ts"
import { type PciNames, readPciNames } from "../host/pci-names.ts"
import { placeOf } from "../host/pci.ts"
import { readUsb } from "../host/usb.ts"
import type { ListedDevice } from "../model/node-device.ts"
import type { GroupNotViable } from "../model/hostdev-error.ts"
import type { HostDeviceKind } from "../model/hostdev-wish.ts"
import { usbText } from "../model/hostdev-wish.ts"
import { groupProblem, type Taken } from "./hostdev-group.ts"
import { partProblem } from "./hostdev-mdev.ts"
import { nestedAt, type Placed, readPlaced, type Standings } from "./hostdev-nested.ts"
import { resolvePci } from "./hostdev-pci.ts"
import { unitProblem } from "./hostdev-scsi.ts"
import { hubProblem } from "./hostdev-usb.ts"
import { readHostUses } from "./hostdev-use.ts"
import { type HostUse, useAt } from "./hostdev-used.ts"

export interface GivableDevice {
  readonly kind: HostDeviceKind
  /** `0000:03:00.0`, `001:004`, `0:0:1:0`, a uuid. */
  readonly device: string
  /** libvirt's: `pci_0000_03_00_0`. */
  readonly name: string
  readonly product?: string
  readonly driver?: string
  readonly iommuGroup?: number
  /** Why it cannot be given to a guest that has nothing yet; absent when it can. */
  readonly problem?: string
}

/** All that is read once for all devices. */
interface Ground {
  readonly uses: readonly HostUse[]
  /** Why VFIO's driver is not to be had. */
  readonly vfio: string | undefined
  readonly inventory: PciInventory
  /** By address. */
  readonly entries: ReadonlyMap<string, PciEntry>
  readonly names: PciNames
  readonly taken: Taken
  /** What is away from the host, and where it is. */
  readonly placed: readonly Placed[]
}

type Reading = Effect.Effect<GivableDevice | undefined, never, Files>

const hex = (value: number): string => value.toString(16).padStart(4, "0")

const known = <K extends string, V>(key: K, value: V | undefined) =>
  value === undefined ? {} : ({ [key]: value } as { readonly [key in K]: V })

const words = (parts: Iterable<string | undefined>, between = " "): string | undefined => {
  const text = [...parts].filter((part) => part !== undefined).join(between)
  return text === "" ? undefined : text
}

const hostProblem = (path: string, uses: readonly HostUse[]): string | undefined => {
  const use = useAt(path, uses)
  return use === undefined ? undefined : `the host needs it: ${use}`
}

/** Why it cannot be given because of where it is. */
const placeProblem = (path: string, { uses, placed }: Ground): string | undefined =>
  hostProblem(path, uses) ?? nestedAt(path, placed)

/** By their names, or by their numbers where the host has no list of names. */
const pciProduct = ({ vendor, device }: PciEntry, names: PciNames): string =>
  words([names.vendor(vendor), names.product(vendor, device)]) ?? `${hex(vendor)}:${hex(device)}`

const groupWords = ({ group, members }: GroupNotViable): string =>
  `all of IOMMU group ${group} goes with it: ` +
  members.map(({ device, why }) => `${device} (${why})`).join(", ")

/**
 * Why VFIO would not take a function, so that its driver need not lose it first. Whether the kernel
 * has VFIO's driver, and whether the host itself needs the function, are other matters.
 */
export const detachProblem = Effect.fnUntraced(function* (device: string) {
  const place = placeOf(device)
  if (place === undefined) return `${device} is no PCI address`
  const usable = yield* Effect.result(resolvePci({ address: place, driver: undefined }))
  return usable._tag === "Failure" ? usable.failure.why : undefined
})

/** Of bridges, and of what was made before there were classes. */
const unclearClasses: readonly number[] = [0x00, 0x06]

/**
 * The inventory says enough of it: behind a real IOMMU, alone in its group, no bridge and no card
 * of virtual functions. So are most where there are many, and reading each whole takes long.
 */
const isPlain = (entry: PciEntry, { groups, virtualFunctions }: PciInventory): boolean => {
  const { address, class: kind, driver, iommuGroup } = entry
  // Groups without an IOMMU are made up for what is with VFIO.
  if (iommuGroup === undefined || driver === vfioDriver) return false
  if (unclearClasses.includes(kind >> 16) || virtualFunctions.has(address)) return false
  return groups.get(iommuGroup)?.length === 1
}

/** What a start would be refused for, with the other devices of the host left as they are. */
const pciProblem = Effect.fnUntraced(function* (entry: PciEntry, ground: Ground) {
  const { taken, vfio, inventory } = ground
  const { address: device } = entry
  if (isPlain(entry, inventory)) return vfio
  const unfit = (yield* detachProblem(device)) ?? vfio
  if (unfit !== undefined) return unfit
  const asked = { wishes: [], guest: taken("pci", device)?.uuid, taken }
  const problem = yield* groupProblem(device, asked)
  return problem && groupWords(problem)
})

const readPci = Effect.fnUntraced(function* ({ name, path }: ListedDevice, ground: Ground) {
  const device = lastOf(path)
  const entry = ground.entries.get(device)
  if (entry === undefined) return undefined
  const { uses, placed } = ground
  const nested = nestedAt(path, placed)
  const problems = [hostProblem(path, uses), nested, yield* pciProblem(entry, ground)]
  const found: GivableDevice = {
    kind: "pci",
    device,
    name,
    product: pciProduct(entry, ground.names),
    ...known("driver", entry.driver),
    ...known("iommuGroup", entry.iommuGroup),
    ...known("problem", words(problems, "; "))
  }
  return found
})

/** A USB device is with the drivers of its interfaces; its own is the same for all. */
const usbDriver = Effect.fnUntraced(function* (path: string, interfaces: readonly string[]) {
  const found = yield* Effect.forEach(interfaces, (one) => readTarget(`${path}/${one}`, "driver"))
  return words(new Set(found))
})

const readUsbDevice = Effect.fnUntraced(function* ({ name, path }: ListedDevice, ground: Ground) {
  const usb = yield* readUsb(path)
  if (usb === undefined) return undefined
  const { bus, device, vendor, product, port, interfaces } = usb
  const isRoot = port.startsWith("usb")
  const root = isRoot ? "it is a root hub: what is behind it can be given" : undefined
  const problem = root ?? (yield* hubProblem(path)) ?? placeProblem(path, ground)
  const found: GivableDevice = {
    kind: "usb",
    device: usbText({ bus, device }),
    name,
    product: words([vendor.name, product.name]) ?? `${hex(vendor.id)}:${hex(product.id)}`,
    ...known("driver", yield* usbDriver(path, interfaces)),
    ...known("problem", problem)
  }
  return found
})

const readScsiUnit = Effect.fnUntraced(function* ({ name, path }: ListedDevice, ground: Ground) {
  const device = lastOf(path)
  const [vendor, model, driver] = yield* Effect.all([
    readAttribute(path, "vendor"),
    readAttribute(path, "model"),
    readTarget(path, "driver")
  ])
  const found: GivableDevice = {
    kind: "scsi",
    device,
    name,
    ...known("product", words([vendor, model])),
    ...known("driver", driver),
    ...known("problem", (yield* unitProblem(device)) ?? placeProblem(path, ground))
  }
  return found
})

const readMediated = Effect.fnUntraced(function* ({ name, path }: ListedDevice, ground: Ground) {
  const [type, driver, group] = yield* Effect.all([
    readTarget(path, "mdev_type"),
    readTarget(path, "driver"),
    readTarget(path, "iommu_group")
  ])
  const found: GivableDevice = {
    kind: "mdev",
    device: lastOf(path),
    name,
    ...known("product", type),
    ...known("driver", driver),
    ...known("iommuGroup", group === undefined ? undefined : Number(group)),
    ...known("problem", (yield* partProblem(path)) ?? placeProblem(path, ground))
  }
  return found
})

const readOne = (device: ListedDevice, ground: Ground): Reading => {
  switch (device.kind) {
    case "pci":
      return readPci(device, ground)
    case "usb_device":
      return readUsbDevice(device, ground)
    case "scsi":
      return readScsiUnit(device, ground)
    case "mdev":
      return readMediated(device, ground)
    default:
      return Effect.undefined
  }
}

/** In the order of their names; what vanishes meanwhile is left out. */
export const readGivableDevices = Effect.fnUntraced(function* (
  taken: Taken,
  standings: Standings = () => []
) {
  const listed = yield* listDevices
  const inventory = yield* readPciInventory
  const ground: Ground = {
    uses: yield* readHostUses,
    vfio: yield* vfioProblem,
    inventory,
    entries: new Map(inventory.functions.map((entry) => [entry.address, entry])),
    names: yield* readPciNames,
    taken,
    placed: yield* readPlaced(standings())
  }
  const found = yield* Effect.forEach(listed, (device) => readOne(device, ground), {
    concurrency: readsAtOnce
  })
  return found.flatMap((one) => one ?? [])
})
