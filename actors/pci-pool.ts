/**
 * Owns every host PCI device: which domain, in which of its starts, has each. Names devices by
 * their address `0000:03:00.0`. Never touches sysfs and never talks to QEMU.
 */
import type { Kernel } from "../src/kernel/kernel.ts"
import type { Domain } from "../src/model/domain.ts"
import { makePool, type Pool } from "./host-device-pool.ts"

export const makePciPool = (kernel: Kernel): Pool => makePool(kernel, "pci-pool")

const hex = (value: number, width: number) => value.toString(16).padStart(width, "0")

/** The host PCI devices that a definition asks for. */
export const pciDevicesOf = (domain: Domain): readonly string[] =>
  domain.devices.flatMap((device) => {
    if (device.kind !== "hostdev" || device.source.type !== "pci") return []
    const { domain: segment = 0, bus, slot, function: part } = device.source.address
    return [`${hex(segment, 4)}:${hex(bus, 2)}:${hex(slot, 2)}.${part}`]
  })
