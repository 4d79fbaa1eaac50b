/**
 * Owns every USB device of the host: which guest has each. QEMU itself takes one from its drivers
 * and gives it back when it ends in order; after a QEMU that was killed the pool asks the kernel to
 * look for drivers, before the device is anybody else's. That a guest gets it is written down
 * before, so that an engine that ends meanwhile leaves it to the next one.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { DriverTurns } from "../src/host/driver-write.ts"
import type { Files } from "../src/host/files.ts"
import { findUsbDrivers, idleInterfaces } from "../src/host/usb-driver.ts"
import type { Kernel } from "../src/kernel/kernel.ts"
import type { HostdevRecord } from "../src/store/hostdevs.ts"
import type { Store } from "../src/store/store.ts"
import type { PoolFact } from "./device-requests.ts"
import { type DeviceScript, makePool, type Pool, type PoolScripts } from "./host-device-pool.ts"

export interface UsbPoolOptions {
  readonly store: Pick<Store["Service"], "writeHostdev" | "removeHostdev" | "readHostdev">
  readonly context: Context.Context<Files>
  readonly turns: DriverTurns
  /** What QEMUs of an engine before us may have taken. */
  readonly recalled: readonly HostdevRecord[]
}

const recordOf = (store: UsbPoolOptions["store"], device: string) =>
  Effect.orElseSucceed(store.readHostdev(device, "usb"), () => undefined)

type Ground = Pick<UsbPoolOptions, "store" | "turns">

/** Nothing is taken yet: what nobody drives is not to be driven afterwards either. */
const remember = ({ store }: Ground): DeviceScript<Files> =>
  Effect.fnUntraced(function* ({ device }) {
    const before = yield* recordOf(store, device)
    // It had not been given its drivers back yet.
    if (before !== undefined)
      return { type: "detached", device, original: "", isFound: false } satisfies PoolFact
    const idle = yield* idleInterfaces(device)
    const was = { device, original: "", override: "", isDetached: false }
    const written = yield* Effect.result(store.writeHostdev({ kind: "usb", ...was, idle }))
    const fact: PoolFact =
      written._tag === "Success"
        ? { type: "detached", device, original: "", isFound: false }
        : { type: "refused", device, why: written.failure.message }
    return fact
  })

const findDrivers = ({ store, turns }: Ground): DeviceScript<Files> =>
  Effect.fnUntraced(function* ({ device }, self) {
    const record = yield* recordOf(store, device)
    const found = yield* Effect.result(turns.within(findUsbDrivers(device, record?.idle)))
    if (found._tag === "Failure" && "ended" in found.failure) {
      const { _tag: tag, ended, message: why } = found.failure
      const tell = Effect.sync(() => self.tell({ type: "moved", device }))
      yield* Effect.forkDetach(Effect.andThen(ended, tell))
      const type = tag === "DriversHang" ? ("refused" as const) : ("failed" as const)
      return { type, device, why } satisfies PoolFact
    }
    // A device without a driver can still be given: what else goes wrong must not keep it.
    yield* Effect.ignore(store.removeHostdev(device, "usb"))
    return { type: "reattached", device } satisfies PoolFact
  })

const scriptsOf = (ground: Ground): PoolScripts<Files> => ({
  detach: remember(ground),
  reattach: findDrivers(ground),
  // It is never with VFIO: what nobody has is to be driven.
  look: ({ device }) => Effect.succeed({ type: "looked", device, isOnVfio: false }),
  reset: ({ device }) =>
    Effect.succeed({ type: "resetDone", device, why: "USB devices are not reset by name" })
})

export const makeUsbPool = (
  kernel: Kernel,
  { context, recalled, ...ground }: UsbPoolOptions
): Pool =>
  makePool(kernel, {
    kind: "usb",
    bound: { scripts: scriptsOf(ground), context, isMovable: false },
    recalled
  })
