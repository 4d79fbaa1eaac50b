/**
 * Owns every USB device of the host: which guest has each. QEMU itself takes one from its driver
 * and gives it back when it ends in order; after a QEMU that was killed the pool asks the kernel to
 * look for a driver, before the device is anybody else's.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Files } from "../src/host/files.ts"
import { makeFindUsbDrivers } from "../src/host/usb-driver.ts"
import type { Kernel } from "../src/kernel/kernel.ts"
import { makePool, type Pool } from "./host-device-pool.ts"

export const makeUsbPool = (kernel: Kernel, context: Context.Context<Files>): Pool => {
  const pool = makePool(kernel, { kind: "usb" })
  const findDrivers = makeFindUsbDrivers()
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
