/**
 * SCSI on the host as sysfs shows it: hosts with their Fibre Channel names, targets, devices and
 * their generic nodes (`sg`). Reads only.
 */
import * as Effect from "effect/Effect"
import type {
  FibreChannelHost,
  ScsiCapability,
  ScsiGenericCapability,
  ScsiHostCapability,
  ScsiTargetCapability
} from "../model/node-device.ts"
import { lastOf, type Properties, readAttribute, readCount } from "./device-record.ts"
import { listNames, numberIn } from "./node-files.ts"

export const scsiDevicesAt = "/sys/bus/scsi/devices"

/** Linux' SCSI peripheral types, in libvirt's words. */
const types: { readonly [type: number]: string } = {
  0: "disk",
  1: "tape",
  3: "processor",
  4: "worm",
  5: "cdrom",
  6: "scanner",
  7: "mod",
  8: "changer",
  12: "raid",
  13: "enclosure"
}

/** `0x2001001b32a9da4e` as 16 digits. */
const wwnIn = (text: string | undefined): string | undefined =>
  /^(?:0x)?([0-9a-f]{16})$/i.exec(text ?? "")?.[1]?.toLowerCase()

const fibreChannelAt = (host: number): string => `/sys/class/fc_host/host${host}`

const readFibreChannel = Effect.fnUntraced(function* (host: number) {
  const at = fibreChannelAt(host)
  const wwnn = wwnIn(yield* readAttribute(at, "node_name"))
  const wwpn = wwnIn(yield* readAttribute(at, "port_name"))
  const fabric = wwnIn(yield* readAttribute(at, "fabric_name"))
  if (wwnn === undefined || wwpn === undefined) return undefined
  const found: FibreChannelHost = { wwnn, wwpn, ...(fabric === undefined ? {} : { fabric }) }
  return found
})

/** A host that can make virtual ports has a file to make them with. */
const readVports = Effect.fnUntraced(function* (host: number) {
  for (const at of [fibreChannelAt(host), `/sys/class/scsi_host/host${host}`]) {
    if (!(yield* listNames(at)).includes("vport_create")) continue
    const countMax = yield* readCount(at, "max_npiv_vports")
    const count = yield* readCount(at, "npiv_vports_inuse")
    if (countMax !== undefined && count !== undefined) return { countMax, count }
  }
  return undefined
})

export const readScsiHost = Effect.fnUntraced(function* (path: string) {
  const host = numberIn(/^host(\d+)$/.exec(lastOf(path))?.[1])
  if (host === undefined) return undefined
  const uniqueId = yield* readCount(`/sys/class/scsi_host/host${host}`, "unique_id")
  const fibreChannel = yield* readFibreChannel(host)
  const vports = yield* readVports(host)
  const found: ScsiHostCapability = {
    type: "scsi_host",
    host,
    ...(uniqueId === undefined ? {} : { uniqueId }),
    ...(fibreChannel === undefined ? {} : { fibreChannel }),
    ...(vports === undefined ? {} : { vports })
  }
  return found
})

/** A target behind Fibre Channel hangs below its remote port: `.../rport-5:0-2/target5:0:1`. */
export const readScsiTarget = Effect.fnUntraced(function* (path: string) {
  const name = path.split("/").find((part) => /^rport-\d+:\d+-\d+$/.test(part))
  const wwpn =
    name === undefined
      ? undefined
      : wwnIn(yield* readAttribute(`/sys/class/fc_remote_ports/${name}`, "port_name"))
  const found: ScsiTargetCapability = {
    type: "scsi_target",
    target: lastOf(path),
    ...(name === undefined || wwpn === undefined ? {} : { remotePort: { name, wwpn } })
  }
  return found
})

export const readScsi = Effect.fnUntraced(function* (path: string) {
  const parts = /^(\d+):(\d+):(\d+):(\d+)$/.exec(lastOf(path))
  if (parts === null) return undefined
  const [host = 0, bus = 0, target = 0, lun = 0] = parts.slice(1).map(Number)
  const type = yield* readCount(path, "type")
  const deviceType = type === undefined ? undefined : types[type]
  const found: ScsiCapability = {
    type: "scsi",
    host,
    bus,
    target,
    lun,
    ...(deviceType === undefined ? {} : { deviceType })
  }
  return found
})

export const scsiGeneric = (uevent: Properties): ScsiGenericCapability | undefined => {
  const { DEVNAME: node } = uevent
  return node === undefined ? undefined : { type: "scsi_generic", character: `/dev/${node}` }
}
