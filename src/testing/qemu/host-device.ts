/** Devices of the host that a simulated QEMU opens, and what it says when it cannot have one. */
import type { JsonObject } from "../../qmp/json.ts"
import type { Self } from "../host/program.ts"
import { type CommandLine, hostDeviceOf } from "./command-line.ts"

/** hw/vfio/pci.c, in its words, by what the kernel answers. */
const vfioWords: { readonly [code: string]: string } = {
  ENOENT: "no iommu_group found",
  EPERM: "group is not viable",
  ENODEV: "error getting device from group: No such device",
  EBUSY: "failed to open its group: Device or resource busy"
}

const vfioProblem = (address: string, code: string): string =>
  code === "ENXIO"
    ? `vfio /sys/bus/pci/devices/${address}: no such host device: No such file or directory`
    : `vfio ${address}: ${vfioWords[code] ?? code}`

const openFunction = (self: Self, address: string): number | string => {
  try {
    return self.openDevice(address)
  } catch (cause) {
    return vfioProblem(address, cause instanceof Error ? cause.message : "")
  }
}

const digits = (value: unknown): string => String(value).padStart(3, "0")

const placeIn = /([0-9]{3})\/([0-9]{3})$/

/** hw/usb/host-libusb.c. */
const openUsb = (self: Self, words: JsonObject): number | string => {
  const { hostdevice, hostbus, hostaddr } = words
  const node =
    typeof hostdevice === "string"
      ? hostdevice
      : `/dev/bus/usb/${digits(hostbus)}/${digits(hostaddr)}`
  if (!self.has(node))
    return typeof hostdevice === "string"
      ? `failed to open ${hostdevice}: No such file or directory`
      : `failed to find host usb device ${String(hostbus)}:${String(hostaddr)}`
  const [, bus, number] = placeIn.exec(node) ?? []
  try {
    return self.openUsb(`${bus}:${number}`)
  } catch (cause) {
    return `failed to open ${node}: ${cause instanceof Error ? cause.message : ""}`
  }
}

/** Its descriptor, where it has one; or why it cannot be had. */
export const openHostDevice = (self: Self, words: JsonObject): number | string | undefined => {
  const address = hostDeviceOf(words)
  if (address !== undefined) return openFunction(self, address)
  return words["driver"] === "usb-host" ? openUsb(self, words) : undefined
}

/** Files that are there: those of devices by their names, for they go with these. */
export const openFiles = (
  self: Self,
  files: CommandLine["files"]
): readonly (readonly [string, number])[] =>
  files.flatMap(({ path, device }) => {
    const fd = self.openFile(path)
    return device === undefined ? [] : [[device, fd] as const]
  })

/** A device of the command line that is made of one of the host. */
export interface HostDevice {
  readonly id: string
  readonly words: JsonObject
}

/** Takes all of them, and says what QEMU dies of when it cannot have one. */
export const openAll = (self: Self, devices: readonly HostDevice[]) => {
  const fds = new Map<string, number>()
  for (const { id, words } of devices) {
    const opened = openHostDevice(self, words)
    if (typeof opened === "string") {
      const { driver, host, hostdevice } = words
      const which = host === undefined ? `hostdevice=${String(hostdevice)}` : `host=${String(host)}`
      return { fds, failure: `-device ${String(driver)},${which}: ${opened}` }
    }
    if (opened !== undefined) fds.set(id, opened)
  }
  return { fds, failure: undefined }
}
