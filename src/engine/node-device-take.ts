/**
 * What may be done to devices of the host that no guest has: taken from their driver for later,
 * given back, reset. Finds the device by its name; the pool of its kind decides and does it.
 */
import * as Effect from "effect/Effect"
import type { Driver } from "../../actors/driver/driver.ts"
import type { CallError } from "../../actors/driver/once.ts"
import type { Pool } from "../../actors/host-device-pool.ts"
import { lastOf } from "../host/device-record.ts"
import { makeCall } from "../kernel/call.ts"
import type { DeviceBusy } from "../model/domain-error.ts"
import type { DeviceBroken, DeviceNotReady } from "../model/hostdev-error.ts"
import type { ListedDevice } from "../model/node-device.ts"
import { type NodeDeviceNotFound, NodeDeviceUnfit } from "../node/device-error.ts"

export interface DetachDeviceOptions {
  /** Although the host uses it: what is on it is then gone for the host. */
  readonly isForced?: boolean
}

/** How taking a device, giving it back or resetting it can fail. */
export type TakeError =
  | NodeDeviceNotFound
  | NodeDeviceUnfit
  | DeviceNotReady
  | DeviceBusy
  | DeviceBroken
  | CallError

export interface TakingDevices {
  /**
   * From its driver to VFIO, for guests that have it with `managed='no'`. It stays there, through
   * guests and engines, until it is given back. Succeeds where it is there already.
   */
  readonly detach: (name: string, options?: DetachDeviceOptions) => Effect.Effect<void, TakeError>
  /** Back to the driver that it had. Mends a device that is out of order, too. */
  readonly reattach: (name: string) => Effect.Effect<void, TakeError>
  /** By the first of the ways that the kernel knows. Refused while a driver or a guest has it. */
  readonly reset: (name: string) => Effect.Effect<void, TakeError>
}

type Lookup = (name: string) => Effect.Effect<ListedDevice, NodeDeviceNotFound>

export const takingDevices = (driver: Driver, lookup: Lookup): TakingDevices => {
  const onPci = (
    procedure: string,
    name: string,
    work: (pool: Pool, address: string) => ReturnType<Pool["reattach"]>
  ) =>
    Effect.gen(function* () {
      const { kind, path } = yield* lookup(name)
      if (kind !== "pci") return yield* new NodeDeviceUnfit({ name })
      yield* driver.call(makeCall(procedure), ({ pools }) => work(pools.pci, lastOf(path)))
    })
  return {
    detach: (name, options) =>
      onPci("nodeDeviceDetach", name, (pool, address) => pool.detach(address, options)),
    reattach: (name) =>
      onPci("nodeDeviceReAttach", name, (pool, address) => pool.reattach(address)),
    reset: (name) => onPci("nodeDeviceReset", name, (pool, address) => pool.reset(address))
  }
}
