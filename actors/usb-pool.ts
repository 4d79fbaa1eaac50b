/**
 * Owns every USB device of the host: which guest has each. QEMU itself takes one from its driver
 * and gives it back when it ends in order; after a QEMU that was killed the pool asks the kernel to
 * look for a driver, before the device is anybody else's.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { DriverTurns } from "../src/host/driver-write.ts"
import type { Files } from "../src/host/files.ts"
import { findUsbDrivers } from "../src/host/usb-driver.ts"
import type { Kernel } from "../src/kernel/kernel.ts"
import { makePool, type Pool } from "./host-device-pool.ts"

export interface UsbPoolOptions {
  readonly context: Context.Context<Files>
  readonly turns: DriverTurns
}

export const makeUsbPool = (kernel: Kernel, { context, turns }: UsbPoolOptions): Pool => {
  const pool = makePool(kernel, { kind: "usb" })
  const findDrivers = (device: string) => turns.within(findUsbDrivers(device))
  const heldBy = (token: string, device: string | undefined): readonly string[] =>
    Object.entries(pool.holdings())
      .filter(([name, holder]) => holder.token === token && (device ?? name) === name)
      .map(([name]) => name)
  // A device without a driver can still be given: what goes wrong here must not keep it held.
  const findDriversOf = (devices: readonly string[]) =>
    Effect.forEach(devices, (device) => Effect.ignore(findDrivers(device)), { discard: true })
  return {
    ...pool,
    release: (token, device) =>
      Effect.suspend(() => findDriversOf(heldBy(token, device))).pipe(
        Effect.provideContext(context),
        Effect.andThen(pool.release(token, device))
      )
  }
}
