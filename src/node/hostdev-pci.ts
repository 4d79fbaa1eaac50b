/**
 * Which PCI function a definition means, and whether VFIO can give it to a guest: it is there, is
 * no bridge, has no virtual functions of its own in use, and an IOMMU keeps it apart. Reads only;
 * what its driver does, and who has it, is its pool's.
 */
import * as Effect from "effect/Effect"
import { readAttribute } from "../host/device-record.ts"
import { listNames } from "../host/node-files.ts"
import { pciDevicesAt, readPci } from "../host/pci.ts"
import { pciText, type PciAddress } from "../model/address.ts"
import type { PciCapability } from "../model/node-device.ts"
import { HostdevNotFound, HostdevUnusable } from "../model/hostdev-error.ts"

/** Bridges to PCI, to CardBus, and those of the other types, which have another header. */
const bridgeClasses: readonly number[] = [0x0604, 0x0607, 0x0609]

const bridgeProblem = ({ bridge, class: kind = 0 }: PciCapability): string | undefined =>
  bridge !== undefined || bridgeClasses.includes(kind >> 8)
    ? "it is a bridge, which other devices are behind; give the guest what is behind it"
    : undefined

const functionsProblem = ({ virtualFunctions }: PciCapability): string | undefined => {
  const count = virtualFunctions?.places.length ?? 0
  if (count === 0) return undefined
  return (
    `it has ${count} virtual functions, and VFIO takes none that has; ` +
    "write 0 to its sriov_numvfs"
  )
}

/** Intel's IOMMU is off unless the kernel is told; AMD's is on where the firmware has it on. */
const withoutIommu =
  "the host has no IOMMU that is switched on; enable VT-d (Intel) or AMD-Vi/IOMMU (AMD) in the " +
  "firmware, put intel_iommu=on on the kernel's command line on Intel, and boot again"

const withoutGroup =
  "it is in no IOMMU group although the host has an IOMMU: the kernel or firmware leaves it out"

const groupWords = Effect.fnUntraced(function* (path: string, { iommuGroup }: PciCapability) {
  if (iommuGroup === undefined) {
    const groups = yield* listNames("/sys/kernel/iommu_groups")
    return groups.length === 0 ? withoutIommu : withoutGroup
  }
  // VFIO makes such groups up where it was told to do without an IOMMU; QEMU takes none.
  const name = yield* readAttribute(`${path}/iommu_group`, "name")
  return name === "vfio-noiommu" ? withoutIommu : undefined
})

const driverProblem = (driver: string | undefined): string | undefined => {
  if (driver === undefined || driver === "vfio") return undefined
  if (driver === "kvm") return "the driver 'kvm' is gone from Linux since 4.12; use 'vfio'"
  if (driver === "xen") return "the driver 'xen' is for Xen's guests; use 'vfio'"
  return `there is no driver '${driver}' for host devices; use 'vfio'`
}

export interface PciSource {
  readonly address: Omit<PciAddress, "type">
  /** The driver that the definition names. */
  readonly driver: string | undefined
  /** Only a virtual function will do: its MAC address is set through its physical one. */
  readonly isFunction?: boolean
}

const noFunction =
  "an interface takes virtual functions only, whose MAC address can be set; " +
  "give a whole card as a <hostdev>"

/** Its name; fails where it is not there or cannot be given. */
export const resolvePci = Effect.fnUntraced(function* (source: PciSource) {
  const { address, driver, isFunction = false } = source
  const device = pciText(address)
  const path = `${pciDevicesAt}/${device}`
  const unwanted = driverProblem(driver)
  if (unwanted !== undefined) return yield* new HostdevUnusable({ device, why: unwanted })
  const found = yield* readPci(path)
  if (found === undefined) {
    const what = `PCI device ${device}`
    return yield* new HostdevNotFound({ what, why: `${path} does not exist` })
  }
  const { capability } = found
  const why =
    bridgeProblem(capability) ??
    functionsProblem(capability) ??
    (isFunction && capability.physicalFunction === undefined ? noFunction : undefined) ??
    (yield* groupWords(path, capability))
  if (why !== undefined) return yield* new HostdevUnusable({ device, why })
  return device
})
