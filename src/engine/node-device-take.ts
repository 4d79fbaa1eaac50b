/**
 * What may be done to devices of the host that no guest has: taken from their driver for later,
 * given back, reset. Finds the device by its name; the pool of its kind decides and does it.
 */
import * as Effect from "effect/Effect"
import type { Driver } from "../../actors/driver/driver.ts"
import type { CallError } from "../../actors/driver/once.ts"
import type { Pool } from "../../actors/host-device-pool.ts"
import { nodeDeviceName } from "../host/device-list.ts"
import { lastOf } from "../host/device-record.ts"
import type { Files } from "../host/files.ts"
import { makeCall } from "../kernel/call.ts"
import type { DeviceBusy } from "../model/domain-error.ts"
import { type DeviceBroken, DeviceNotReady } from "../model/hostdev-error.ts"
import type { ListedDevice } from "../model/node-device.ts"
import { type NodeDeviceNotFound, NodeDeviceUnfit } from "../node/device-error.ts"
import { detachProblem } from "../node/givable.ts"

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
  /**
   * Back to the driver that it had. Mends a device that is out of order, too. One that has gone
   * altogether is forgotten.
   */
  readonly reattach: (name: string) => Effect.Effect<void, TakeError>
  /** By the first of the ways that the kernel knows. Refused while a driver or a guest has it. */
  readonly reset: (name: string) => Effect.Effect<void, TakeError>
}

export interface TakingGround {
  readonly driver: Driver
  readonly lookup: (name: string) => Effect.Effect<ListedDevice, NodeDeviceNotFound>
  /** With the host's files. */
  readonly here: <A, E>(effect: Effect.Effect<A, E, Files>) => Effect.Effect<A, E>
}

type Step = (pool: Pool, device: string) => ReturnType<Pool["reattach"]>

/** One that the pool knows by this name: it may have been pulled out. */
const knownAs = (pool: Pool, name: string): string | undefined =>
  [...pool.entries().keys()].find((device) => nodeDeviceName("pci", device) === name)

export const takingDevices = ({ driver, lookup, here }: TakingGround): TakingDevices => {
  const addressOf = Effect.fnUntraced(function* (name: string) {
    const { kind, path } = yield* lookup(name)
    return kind === "pci" ? lastOf(path) : yield* new NodeDeviceUnfit({ name })
  })
  // One call from the first look on: an engine that closes meanwhile answers it.
  const taking = (procedure: string, name: string, step: Step) =>
    driver.call(makeCall(procedure), ({ pools }) =>
      Effect.flatMap(addressOf(name), (device) => step(pools.pci, device))
    )
  return {
    detach: (name, options) =>
      driver.call(makeCall("nodeDeviceDetach"), ({ pools }) =>
        Effect.gen(function* () {
          const device = yield* addressOf(name)
          // Before its driver loses it: what VFIO would not take stays where it is.
          const why = yield* here(detachProblem(device))
          if (why !== undefined) return yield* new DeviceNotReady({ device, step: "detach", why })
          yield* pools.pci.detach(device, options)
        })
      ),
    reattach: (name) =>
      driver.call(makeCall("nodeDeviceReAttach"), ({ pools: { pci } }) =>
        addressOf(name).pipe(
          Effect.catchTag("NodeDeviceNotFound", (error) => {
            const device = knownAs(pci, name)
            return device === undefined ? Effect.fail(error) : Effect.succeed(device)
          }),
          Effect.flatMap((device) => pci.reattach(device))
        )
      ),
    reset: (name) => taking("nodeDeviceReset", name, (pool, device) => pool.reset(device))
  }
}
