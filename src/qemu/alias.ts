/**
 * Names of devices in QEMU, as libvirt gives them. A name that the user chose (`ua-...`) stays.
 * Given to a completed definition only: most names come from addresses.
 */
import type { Device, DeviceKind } from "../model/device.ts"
import { devicesOf } from "../model/device.ts"
import type { Controller } from "../model/device/controller.ts"
import type { Disk } from "../model/device/disk.ts"
import { targetIndex } from "../model/device-order.ts"
import type { Domain } from "../model/domain.ts"
import { boardOf } from "./complete/context.ts"

/** A USB or virtio disk is named by its target's letters, the others by their place. */
const diskAlias = (disk: Disk, domain: Domain): string => {
  const { address, target } = disk
  const bus = target.bus ?? "virtio"
  if (address?.type !== "drive" || bus === "virtio" || bus === "usb") {
    return `${bus}-disk${Math.max(0, targetIndex(target.dev))}`
  }
  const { controller, bus: channel, target: id, unit } = address
  if (bus !== "scsi") return `${bus}${controller}-${channel}-${unit}`
  const model = devicesOf(domain, "controller").find(
    (one) => one.type === "scsi" && one.index === controller
  )?.model
  return model === "lsilogic"
    ? `scsi${controller}-${channel}-${unit}`
    : `scsi${controller}-${channel}-${id}-${unit}`
}

const controllerAlias = (controller: Controller, domain: Domain): string => {
  const { type, index = 0, model } = controller
  const board = boardOf(domain.os.machine ?? "")
  if (type === "pci") {
    if (model === "pcie-root") return "pcie.0"
    return `pci.${index}`
  }
  const isFirst = index === 0
  if (isFirst && type === "ide" && board === "i440fx") return "ide"
  if (isFirst && type === "sata" && board === "q35") return "ide"
  if (isFirst && type === "usb") return "usb"
  return `${type}${index}`
}

/** Kinds whose n-th device is simply called so. */
const prefixes: { readonly [K in DeviceKind]?: string } = {
  serial: "serial",
  parallel: "parallel",
  channel: "channel",
  input: "input",
  sound: "sound",
  video: "video",
  hub: "hub",
  watchdog: "watchdog",
  memballoon: "balloon",
  rng: "rng",
  panic: "panic",
  filesystem: "fs",
  redirdev: "redir",
  iommu: "iommu"
}

const keptPrefixes: { readonly [name: string]: string } = {
  smartcard: "smartcard",
  tpm: "tpm",
  shmem: "shmem",
  vsock: "vsock",
  crypto: "crypto"
}

type Counter = (prefix: string) => number

/** Interfaces that are host devices share the numbering of host devices and come first. */
const aliasOf = (device: Device, domain: Domain, count: Counter): string | undefined => {
  switch (device.kind) {
    case "disk":
      return diskAlias(device, domain)
    case "controller":
      return controllerAlias(device, domain)
    case "interface": {
      const prefix = device.connection.type === "hostdev" ? "hostdev" : "net"
      return `${prefix}${count(prefix)}`
    }
    case "hostdev":
      return `hostdev${count("hostdev")}`
    case "console":
      return `console${count("console")}`
    case "kept": {
      const prefix = keptPrefixes[device.name]
      return prefix === undefined ? undefined : `${prefix}${count(prefix)}`
    }
    default: {
      const prefix = prefixes[device.kind]
      return prefix === undefined ? undefined : `${prefix}${count(prefix)}`
    }
  }
}

const isUsers = (alias: string | undefined): alias is string => alias?.startsWith("ua-") === true

export const hasAlias = (device: Device): device is Extract<Device, { readonly alias?: string }> =>
  device.kind !== "graphics" && device.kind !== "audio"

/** The domain with a name for every device that QEMU knows by one. */
export function assignAliases(domain: Domain): Domain {
  const counters = new Map<string, number>()
  const count: Counter = (prefix) => {
    const next = counters.get(prefix) ?? 0
    counters.set(prefix, next + 1)
    return next
  }
  const named = new Map<Device, string>()
  const inOrder = [
    ...devicesOf(domain, "interface"),
    ...domain.devices.filter((device) => device.kind !== "interface")
  ]
  for (const device of inOrder) {
    if (!hasAlias(device)) continue
    const made = aliasOf(device, domain, count)
    const alias = isUsers(device.alias) ? device.alias : made
    if (alias !== undefined) named.set(device, alias)
  }
  const devices = domain.devices.map((device): Device => {
    const alias = named.get(device)
    return alias === undefined ? device : ({ ...device, alias } as Device)
  })
  return withMirror({ ...domain, devices })
}

/** The console that mirrors the first serial port is that port, and has its name. */
const withMirror = (domain: Domain): Domain => {
  const [serial] = devicesOf(domain, "serial")
  if (serial?.alias === undefined) return domain
  const { alias } = serial
  const devices = domain.devices.map((device): Device => {
    const isMirror = device.kind === "console" && device.target.type === "serial"
    return isMirror ? { ...device, alias } : device
  })
  return { ...domain, devices }
}
