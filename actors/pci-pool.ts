/**
 * Owns every host PCI device: which domain, in which of its starts, has each, and on which driver
 * each is. Names devices by their address `0000:03:00.0`. Takes them from their driver to VFIO and
 * back, with a record written first; never talks to QEMU.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Files } from "../src/host/files.ts"
import {
  type DriverError,
  driverOf,
  isThere,
  makePciDrivers,
  overrideOf,
  type PciDrivers,
  vfioDriver
} from "../src/host/pci-driver.ts"
import type { Kernel } from "../src/kernel/kernel.ts"
import { hostUse } from "../src/node/hostdev-use.ts"
import type { HostdevRecord } from "../src/store/hostdevs.ts"
import type { Store } from "../src/store/store.ts"
import {
  type DeviceTask,
  makePool,
  type Pool,
  type PoolFact,
  type PoolScripts
} from "./host-device-pool.ts"
import type { Self } from "../src/kernel/script.ts"

type Memory = Pick<Store["Service"], "writeHostdev" | "removeHostdev" | "readHostdev">

/** Something may hang still: when it has ended, the device is looked after once more. */
const andLater =
  (device: string, self: Self<never>) =>
  (error: DriverError): Effect.Effect<string> =>
    error._tag === "DriverStuck"
      ? Effect.as(
          Effect.forkDetach(
            Effect.andThen(
              error.ended,
              Effect.sync(() => self.tell({ type: "moved", device } as never))
            )
          ),
          error.message
        )
      : Effect.succeed(error.message)

const scriptsOf = (drivers: PciDrivers, store: Memory): PoolScripts<Files> => {
  /** Back as it was, after a deed that failed half way. */
  const undo = (record: HostdevRecord, why: string, self: Self<never>) => {
    const { device } = record
    return drivers.giveBack(device, record).pipe(
      Effect.andThen(Effect.ignore(store.removeHostdev(device))),
      Effect.as<PoolFact>({ type: "refused", device, why }),
      Effect.catch((error) =>
        Effect.map(
          andLater(device, self)(error),
          (then): PoolFact => ({ type: "failed", device, why: `${why}; and then: ${then}` })
        )
      )
    )
  }

  const take = Effect.fnUntraced(function* (record: HostdevRecord, self: Self<never>) {
    const { device, original } = record
    const remembered = yield* Effect.result(store.writeHostdev(record))
    if (remembered._tag === "Failure")
      return { type: "refused", device, why: remembered.failure.message } satisfies PoolFact
    const taken = yield* Effect.result(drivers.take(device))
    if (taken._tag === "Success")
      return { type: "detached", device, original, isFound: false } satisfies PoolFact
    const why = yield* andLater(device, self)(taken.failure)
    // What hangs would undo the undoing.
    if (taken.failure._tag === "DriverStuck")
      return { type: "failed", device, why } satisfies PoolFact
    return yield* undo(record, why, self)
  })

  const detach = Effect.fnUntraced(function* (task: DeviceTask, self: Self<never>) {
    const { device, context, isForced = false } = task
    const refuse = (why: string): PoolFact => ({ type: "refused", device, why })
    if (!(yield* isThere(device))) return refuse("the host has no such device")
    const driver = yield* driverOf(device)
    if (driver === vfioDriver)
      return { type: "detached", device, original: driver, isFound: true } satisfies PoolFact
    if (context.holder !== undefined && !context.isManaged)
      return refuse(
        `it is with ${driver === undefined ? "no driver" : `driver ${driver}`} and not managed: ` +
          "detach it first (nodedev-detach), or say managed='yes'"
      )
    const use = isForced ? undefined : yield* hostUse(device)
    if (use !== undefined) return refuse(`the host needs it: ${use}`)
    const isDetached = context.holder === undefined
    const override = yield* overrideOf(device)
    return yield* take({ device, original: driver ?? "", override, isDetached }, self)
  })

  const reattach = Effect.fnUntraced(function* ({ device }: DeviceTask, self: Self<never>) {
    // One that has gone altogether is nobody's.
    const isGone = !(yield* isThere(device))
    const record = yield* store.readHostdev(device)
    const back =
      record === undefined ? drivers.giveToKernel(device) : drivers.giveBack(device, record)
    const done = yield* Effect.result(isGone ? Effect.void : back)
    if (done._tag === "Failure") {
      const why = yield* andLater(device, self)(done.failure)
      return { type: "failed", device, why } satisfies PoolFact
    }
    const forgotten = yield* Effect.result(store.removeHostdev(device))
    return forgotten._tag === "Success"
      ? ({ type: "reattached", device } satisfies PoolFact)
      : ({ type: "failed", device, why: forgotten.failure.message } satisfies PoolFact)
  })

  const reset = Effect.fnUntraced(function* ({ device }: DeviceTask, self: Self<never>) {
    const end = (why?: string): PoolFact => ({ type: "resetDone", device, why })
    if (!(yield* isThere(device))) return end("the host has no such device")
    const driver = yield* driverOf(device)
    if (driver !== undefined && driver !== vfioDriver)
      return end(`driver ${driver} is using it: detach it first (nodedev-detach)`)
    const done = yield* Effect.result(drivers.reset(device))
    if (done._tag === "Success") return end()
    const { failure } = done
    if (failure._tag === "FileError" && failure.code === "ENOENT")
      return end("the kernel knows no way to reset it")
    const why = yield* andLater(device, self)(failure)
    return failure._tag === "DriverStuck"
      ? ({ type: "failed", device, why } satisfies PoolFact)
      : end(why)
  })

  const look = ({ device }: DeviceTask) =>
    Effect.map(
      driverOf(device),
      (driver): PoolFact => ({ type: "looked", device, isOnVfio: driver === vfioDriver })
    )

  // An engine that ends in the middle of one leaves a record, and the next one goes on from there.
  return { detach, reattach, reset, look }
}

export interface PciPoolOptions {
  readonly store: Memory
  readonly context: Context.Context<Files>
  readonly recalled: readonly HostdevRecord[]
}

export const makePciPool = (kernel: Kernel, { store, context, recalled }: PciPoolOptions): Pool =>
  makePool(kernel, {
    kind: "pci",
    bound: { scripts: scriptsOf(makePciDrivers(), store), context },
    recalled
  })
