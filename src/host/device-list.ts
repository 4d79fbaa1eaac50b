/**
 * The list of the host's devices under libvirt's names, each with the nearest device above it.
 * Made from listings and links of sysfs, so that it is quick; the rest of a device is read when it
 * is asked for. A device that vanishes meanwhile is left out.
 */
import * as Effect from "effect/Effect"
import { computerName, type ListedDevice, type NodeDeviceKind } from "../model/node-device.ts"
import { blockAt, readDrive } from "./device-block.ts"
import { drmAt, isCard, mdevAt, mdevParent, netAt } from "./device-other.ts"
import {
  lastOf,
  readAttribute,
  readPath,
  readPaths,
  readsAtOnce,
  readTarget,
  readUevent
} from "./device-record.ts"
import type { Files } from "./files.ts"
import { listNames } from "./node-files.ts"
import { pciDevicesAt } from "./pci.ts"
import { scsiDevicesAt } from "./scsi.ts"
import { isUsbInterface, usbDevicesAt } from "./usb.ts"

/** Devices of one host: libvirt's answers have no room for more. */
export const devicesMax = 65_536

type Found = Omit<ListedDevice, "parent">

/** Which kind it is, and what libvirt adds to its name; `undefined` for what is not listed. */
interface Identity {
  readonly kind: NodeDeviceKind
  readonly suffix?: string
}

interface Source {
  readonly at: string
  readonly subsystem: string
  /** By its name alone, without reading; `undefined` leaves it out. */
  readonly kindOf: (name: string) => NodeDeviceKind | undefined
  /** Where the name does not say all. */
  readonly identify?: (path: string) => Effect.Effect<Identity | undefined, never, Files>
}

const scsiKind = (name: string): NodeDeviceKind | undefined => {
  if (/^host\d+$/.test(name)) return "scsi_host"
  if (/^target\d+:\d+:\d+$/.test(name)) return "scsi_target"
  return /^\d+:\d+:\d+:\d+$/.test(name) ? "scsi" : undefined
}

const identifyNet = Effect.fnUntraced(function* (path: string) {
  const uevent = yield* readUevent(path)
  if (uevent === undefined || !isCard(uevent)) return undefined
  const suffix = yield* readAttribute(path, "address")
  if (suffix !== undefined) return { kind: "net", suffix } satisfies Identity
  // A tunnel has no address, and neither has a card that is gone by now.
  const isThere = (yield* readUevent(path)) !== undefined
  return isThere ? ({ kind: "net" } satisfies Identity) : undefined
})

const identifyDrive = (path: string) =>
  Effect.map(readDrive(path), (drive): Identity | undefined => {
    const serial = drive?.udev["ID_SERIAL"]
    if (drive === undefined) return undefined
    return { kind: "storage", ...(serial === undefined ? {} : { suffix: serial }) }
  })

const identifyMdev = (path: string): Effect.Effect<Identity> =>
  Effect.succeed({ kind: "mdev", suffix: mdevParent(path) })

const sources: readonly Source[] = [
  { at: pciDevicesAt, subsystem: "pci", kindOf: () => "pci" },
  {
    at: usbDevicesAt,
    subsystem: "usb",
    kindOf: (name) => (isUsbInterface(name) ? "usb" : "usb_device")
  },
  { at: scsiDevicesAt, subsystem: "scsi", kindOf: scsiKind },
  { at: "/sys/class/scsi_generic", subsystem: "scsi_generic", kindOf: () => "scsi_generic" },
  { at: netAt, subsystem: "net", kindOf: () => "net", identify: identifyNet },
  { at: blockAt, subsystem: "block", kindOf: () => "storage", identify: identifyDrive },
  {
    at: drmAt,
    subsystem: "drm",
    kindOf: (name) => (/^(card|controlD|renderD)\d+$/.test(name) ? "drm" : undefined)
  },
  { at: mdevAt, subsystem: "mdev", kindOf: () => "mdev", identify: identifyMdev }
]

/** As libvirt makes it: what is no letter and no digit becomes `_`. */
export const nodeDeviceName = (subsystem: string, name: string, suffix?: string): string =>
  [subsystem, name, ...(suffix === undefined ? [] : [suffix])]
    .join("_")
    .replaceAll(/[^0-9A-Za-z]/g, "_")

interface Place {
  readonly source: Source
  readonly name: string
}

const linkOf = ({ source, name }: Place): string => `${source.at}/${name}`

const isListed = ({ source, name }: Place): boolean => source.kindOf(name) !== undefined

/** `path` is where its link leads. */
const findAt = Effect.fnUntraced(function* ({ source, name }: Place, path: string | undefined) {
  const kind = source.kindOf(name)
  if (kind === undefined || path === undefined) return undefined
  const identity = source.identify === undefined ? { kind } : yield* source.identify(path)
  if (identity === undefined) return undefined
  const { suffix } = identity
  const found: Found = {
    name: nodeDeviceName(source.subsystem, name, suffix),
    kind: identity.kind,
    path
  }
  return found
})

const find = (place: Place) =>
  isListed(place)
    ? Effect.flatMap(readPath(linkOf(place)), (path) => findAt(place, path))
    : Effect.succeed(undefined)

/** The nearest directory above that is a device itself. */
const parentOf = (path: string, names: ReadonlyMap<string, string>): string => {
  for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
    const name = names.get(path.slice(0, at))
    if (name !== undefined) return name
  }
  return computerName
}

const computer: ListedDevice = { name: computerName, kind: "system", path: "" }

/** All devices by name, the computer among them. */
export const listDevices = Effect.gen(function* () {
  const listed = yield* Effect.forEach(
    sources,
    (source) =>
      Effect.map(listNames(source.at), (names) => names.map((name) => ({ source, name }))),
    { concurrency: readsAtOnce }
  )
  const places = listed.flat().slice(0, devicesMax).filter(isListed)
  const paths = yield* readPaths(places.map(linkOf))
  const found = yield* Effect.forEach(places, (place, index) => findAt(place, paths[index]), {
    concurrency: readsAtOnce
  })
  const devices = found.flatMap((one) => one ?? [])
  const names = new Map(devices.map(({ path, name }) => [path, name]))
  const whole = devices.map((one): ListedDevice => ({ ...one, parent: parentOf(one.path, names) }))
  return [computer, ...whole].toSorted((one, other) =>
    one.name < other.name ? -1 : Number(one.name > other.name)
  )
})

const sourcesOf: { readonly [kind in NodeDeviceKind]?: Source } = Object.fromEntries(
  (
    [
      ["pci", "pci"],
      ["usb", "usb"],
      ["usb_device", "usb"],
      ["scsi", "scsi"],
      ["scsi_host", "scsi"],
      ["scsi_target", "scsi"],
      ["scsi_generic", "scsi_generic"],
      ["net", "net"],
      ["storage", "block"],
      ["drm", "drm"],
      ["mdev", "mdev"]
    ] as const
  ).flatMap(([kind, subsystem]) => {
    const source = sources.find((one) => one.subsystem === subsystem)
    return source === undefined ? [] : [[kind, source] as const]
  })
)

/** Libvirt's word for the kernel's subsystem of a kind: `block` of storage. */
export const subsystemOf = (kind: NodeDeviceKind): string => sourcesOf[kind]?.subsystem ?? ""

/** Whether it is still there, in the same place and under the same name. */
export const isStillListed = ({ name, kind, path }: ListedDevice) => {
  const source = sourcesOf[kind]
  return source === undefined
    ? Effect.succeed(name === computerName)
    : Effect.map(
        find({ source, name: lastOf(path) }),
        (found) => found?.name === name && found.path === path
      )
}

/**
 * What changes of a device while its name stays: the driver of a PCI function, the number of a USB
 * device (another one was plugged in there), the size of a drive (another medium).
 */
export const readMark = ({ kind, path }: ListedDevice) => {
  if (kind === "pci") return readTarget(path, "driver")
  if (kind === "usb_device") return readAttribute(path, "devnum")
  return kind === "storage" ? readAttribute(path, "size") : Effect.succeed(undefined)
}

/** Whether another mark means another device in the same place. */
export const isReplaced = (kind: NodeDeviceKind): boolean => kind === "usb_device"
