/**
 * Devices of the host that need a few files each: network interfaces, graphics nodes, mediated
 * devices, and the computer itself. Reads only.
 */
import * as Effect from "effect/Effect"
import {
  type DrmCapability,
  linkStates,
  type MdevCapability,
  type NetCapability,
  type SystemCapability
} from "../model/node-device.ts"
import {
  lastOf,
  type Properties,
  readAttribute,
  readCount,
  readTarget,
  readUevent
} from "./device-record.ts"
import { numberIn } from "./node-files.ts"

export const netAt = "/sys/class/net"
export const drmAt = "/sys/class/drm"
export const mdevAt = "/sys/bus/mdev/devices"

/**
 * Cards, wired or not: bridges, bonds and the like tell a type of their own, and libvirt has them
 * elsewhere.
 */
export const isCard = ({ DEVTYPE: type }: Properties): boolean =>
  type === undefined || type === "wlan"

export const readNet = Effect.fnUntraced(function* (path: string) {
  const uevent = yield* readUevent(path)
  if (uevent === undefined || !isCard(uevent)) return undefined
  const [address, operation, speed] = yield* Effect.all([
    readAttribute(path, "address"),
    readAttribute(path, "operstate"),
    readCount(path, "speed")
  ])
  const state = linkStates.find((one) => one === operation)
  const found: NetCapability = {
    type: "net",
    interface: uevent["INTERFACE"] ?? lastOf(path),
    ...(address === undefined ? {} : { address }),
    ...(state === undefined ? {} : { state }),
    // The kernel says the last speed, or nonsense, of a link that is down.
    ...(state !== "up" || speed === undefined || speed === 0 ? {} : { speed }),
    isWireless: uevent["DEVTYPE"] === "wlan"
  }
  return found
})

const drmNodes = ["primary", "control", "render"] as const
/** Each kind of node has its own 64 minors. */
const drmMinorsPerKind = 64

export const drmOf = ({ MINOR: minor }: Properties): DrmCapability | undefined => {
  const number = numberIn(minor)
  const node = number === undefined ? undefined : drmNodes[Math.floor(number / drmMinorsPerKind)]
  return node === undefined ? undefined : { type: "drm", node }
}

/** The device that a mediated one is a part of is its directory's parent. */
export const readMdev = Effect.fnUntraced(function* (path: string) {
  const typeId = yield* readTarget(path, "mdev_type")
  const iommuGroup = numberIn(yield* readTarget(path, "iommu_group"))
  if (typeId === undefined) return undefined
  const found: MdevCapability = {
    type: "mdev",
    uuid: lastOf(path),
    typeId,
    parentAddress: mdevParent(path),
    ...(iommuGroup === undefined ? {} : { iommuGroup })
  }
  return found
})

export const mdevParent = (path: string): string => path.split("/").at(-2) ?? ""

const dmiAt = "/sys/devices/virtual/dmi/id"

const whereKnown = <K extends string>(key: K, value: string | undefined) =>
  value === undefined ? {} : ({ [key]: value } as { readonly [key in K]: string })

/** What the firmware says of the computer; `uuid` is the host's, which it may not know. */
export const readSystem = Effect.fnUntraced(function* (uuid: string) {
  const read = (name: string) => readAttribute(dmiAt, name)
  const found: SystemCapability = {
    type: "system",
    ...whereKnown("product", yield* read("product_name")),
    ...whereKnown("vendor", yield* read("sys_vendor")),
    ...whereKnown("version", yield* read("product_version")),
    ...whereKnown("serial", yield* read("product_serial")),
    uuid,
    firmware: {
      ...whereKnown("vendor", yield* read("bios_vendor")),
      ...whereKnown("version", yield* read("bios_version")),
      ...whereKnown("releaseDate", yield* read("bios_date"))
    }
  }
  return found
})
