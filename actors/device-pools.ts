/**
 * All pools of host devices, one for each kind, and what a guest does with several of them at once.
 * A new kind is a row here, a name in `hostDeviceKinds` and a case where definitions are resolved.
 */
import * as Effect from "effect/Effect"
import { hostdevMachine } from "../machines/hostdev.ts"
import type { Kernel } from "../src/kernel/kernel.ts"
import { type HostDeviceKind, hostDeviceKinds } from "../src/model/hostdev-wish.ts"
import { makePool, type Pool, poolName } from "./host-device-pool.ts"
import { makePciPool, type PciPoolOptions } from "./pci-pool.ts"
import { makeUsbPool } from "./usb-pool.ts"

export type DevicePools = { readonly [K in HostDeviceKind]: Pool }

export const makeDevicePools = (kernel: Kernel, options: PciPoolOptions): DevicePools => ({
  pci: makePciPool(kernel, options),
  usb: makeUsbPool(kernel, options.context),
  // Through the generic SCSI device, beside the driver that it has.
  scsi: makePool(kernel, { kind: "scsi" }),
  // Made by its parent's driver for VFIO: it has no other to go back to.
  mdev: makePool(kernel, { kind: "mdev" })
})

/** The chart that each device of a pool follows, by the pool's name: for traces. */
export const chartsOfDevices: { readonly [pool: string]: string } = Object.fromEntries(
  hostDeviceKinds.map((kind) => [poolName(kind), hostdevMachine.id])
)

/** Who has a device of the host. */
export const holderOf =
  (pools: DevicePools) =>
  (kind: HostDeviceKind, device: string): ReturnType<Pool["holderOf"]> =>
    pools[kind].holderOf(device)

/** In reverse order of their making. */
export const stopPools = (pools: DevicePools): Effect.Effect<void> =>
  Effect.forEach(hostDeviceKinds.toReversed(), (kind) => pools[kind].stop(), { discard: true })
