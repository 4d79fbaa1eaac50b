/**
 * All pools of host devices, one for each kind, and what a guest does with several of them at once.
 * A new kind is a row here, a name in `hostDeviceKinds` and a case where definitions are resolved.
 */
import * as Effect from "effect/Effect"
import { hostdevMachine } from "../machines/hostdev.ts"
import { DriverTurns } from "../src/host/driver-write.ts"
import type { Kernel } from "../src/kernel/kernel.ts"
import { type HostDeviceKind, hostDeviceKinds } from "../src/model/hostdev-wish.ts"
import { HostdevUnusable } from "../src/model/hostdev-error.ts"
import { nestedUse, type Standing, type Standings } from "../src/node/hostdev-nested.ts"
import type { RememberedKind } from "../src/store/hostdevs.ts"
import { type DeviceWish, makePool, type Pool, poolName } from "./host-device-pool.ts"
import { makePciPool, type PciPoolOptions } from "./pci-pool.ts"
import { makeUsbPool } from "./usb-pool.ts"

export type DevicePools = { readonly [K in HostDeviceKind]: Pool }

type Options = Omit<PciPoolOptions, "standings" | "turns">

/**
 * A pool that refuses what is inside a device that is away from the host, or around one. Looked at
 * when it is reserved: of two that come at the same time one sees the other.
 */
const nesting = (pool: Pool, standings: Standings, { context }: Pick<Options, "context">): Pool => {
  const areApart = Effect.fnUntraced(function* (wishes: readonly DeviceWish[]) {
    const devices = wishes.map(({ device }) => device)
    const nested = yield* nestedUse(devices, standings())
    if (nested !== undefined) return yield* new HostdevUnusable(nested)
  })
  return {
    ...pool,
    reserve: (wishes, holder) => {
      const giveUp = Effect.forEach(wishes, ({ device }) => pool.release(holder.token, device))
      return Effect.andThen(
        pool.reserve(wishes, holder),
        Effect.tapError(Effect.provideContext(areApart(wishes), context), () => giveUp)
      )
    }
  }
}

export const makeDevicePools = (kernel: Kernel, options: Options): DevicePools => {
  const standings: Standings = () => standingsOf(pools)()
  const turns = new DriverTurns()
  const of = (kind: RememberedKind) => ({
    ...options,
    turns,
    recalled: options.recalled.filter((one) => (one.kind ?? "pci") === kind)
  })
  const pools: DevicePools = {
    pci: makePciPool(kernel, { ...of("pci"), standings }),
    usb: makeUsbPool(kernel, of("usb")),
    // Through the generic SCSI device, beside the driver that it has.
    scsi: makePool(kernel, { kind: "scsi" }),
    // Made by its parent's driver for VFIO: it has no other to go back to.
    mdev: makePool(kernel, { kind: "mdev" })
  }
  const { pci, usb, scsi, mdev } = pools
  return {
    pci: nesting(pci, standings, options),
    usb: nesting(usb, standings, options),
    scsi: nesting(scsi, standings, options),
    mdev: nesting(mdev, standings, options)
  }
}

/** The chart that each device of a pool follows, by the pool's name: for traces. */
export const chartsOfDevices: { readonly [pool: string]: string } = Object.fromEntries(
  hostDeviceKinds.map((kind) => [poolName(kind), hostdevMachine.id])
)

/** Who has a device of the host. */
export const holderOf =
  (pools: DevicePools) =>
  (kind: HostDeviceKind, device: string): ReturnType<Pool["holderOf"]> =>
    pools[kind].holderOf(device)

/** All devices that are not simply the host's. */
export const standingsOf =
  (pools: DevicePools): Standings =>
  () =>
    hostDeviceKinds.flatMap((kind) =>
      [...pools[kind].entries()].map(([device, entry]): Standing => ({ kind, device, ...entry }))
    )

/** Every guest of an earlier engine is adopted: what nobody has goes where it belongs. */
export const settlePools = (pools: DevicePools): Pool["settle"] =>
  Effect.forEach([pools.pci, pools.usb], ({ settle }) => settle, { discard: true })

/** In reverse order of their making. */
export const stopPools = (pools: DevicePools): Effect.Effect<void> =>
  Effect.forEach(hostDeviceKinds.toReversed(), (kind) => pools[kind].stop(), { discard: true })
