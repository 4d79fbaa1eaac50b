/**
 * How a PCI function leaves its driver for VFIO, comes back and is reset: the scripts of the PCI
 * pool. What was is written down before sysfs is touched, and forgotten after the last deed back;
 * an engine that ends in between leaves the record to the next one.
 */
import * as Effect from "effect/Effect"
import type { Files } from "../src/host/files.ts"
import {
  type DriverError,
  driverOf,
  isThere,
  isVfioLoaded,
  overrideOf,
  type PciDrivers,
  vfioDriver
} from "../src/host/pci-driver.ts"
import type { Self } from "../src/kernel/script.ts"
import { hostUse } from "../src/node/hostdev-use.ts"
import type { HostdevRecord } from "../src/store/hostdevs.ts"
import type { Store } from "../src/store/store.ts"
import type { PoolFact, PoolMessage } from "./device-requests.ts"
import type { DeviceTask, PoolScripts } from "./host-device-pool.ts"

export interface PciGround {
  readonly drivers: PciDrivers
  /** Where it is remembered what was. */
  readonly store: Pick<Store["Service"], "writeHostdev" | "removeHostdev" | "readHostdev">
}

type Hands = Self<PoolMessage>
type Ending = Effect.Effect<PoolFact, never, Files>

/** Something may hang still: when it has ended, the device is looked after once more. */
const andLater =
  (device: string, self: Hands) =>
  (error: DriverError): Effect.Effect<string> => {
    if (error._tag !== "DriverStuck") return Effect.succeed(error.message)
    const tell = Effect.sync(() => self.tell({ type: "moved", device }))
    return Effect.as(Effect.forkDetach(Effect.andThen(error.ended, tell)), error.message)
  }

const failing = (device: string, self: Hands, before = "") =>
  Effect.fnUntraced(function* (error: DriverError) {
    const why = yield* andLater(device, self)(error)
    return { type: "failed", device, why: `${before}${why}` } satisfies PoolFact
  })

interface Undoing {
  readonly record: HostdevRecord
  readonly why: string
}

/** Back as it was, after a deed that failed half way. */
const undo = ({ drivers, store }: PciGround, { record, why }: Undoing, self: Hands): Ending => {
  const { device } = record
  return drivers
    .giveBack(device, record)
    .pipe(
      Effect.andThen(Effect.ignore(store.removeHostdev(device))),
      Effect.as<PoolFact>({ type: "refused", device, why }),
      Effect.catch(failing(device, self, `${why}; and then: `))
    )
}

const take = Effect.fnUntraced(function* (ground: PciGround, record: HostdevRecord, self: Hands) {
  const { device, original } = record
  const refuse = (why: string): PoolFact => ({ type: "refused", device, why })
  const remembered = yield* Effect.result(ground.store.writeHostdev(record))
  if (remembered._tag === "Failure") return refuse(remembered.failure.message)
  const taken = yield* Effect.result(ground.drivers.take(device))
  if (taken._tag === "Success")
    return { type: "detached", device, original, isFound: false } satisfies PoolFact
  const { failure } = taken
  // What hangs would undo the undoing.
  if (failure._tag === "DriverStuck") return yield* failing(device, self)(failure)
  return yield* undo(ground, { record, why: failure.message }, self)
})

const unmanaged = (driver: string | undefined): string =>
  `it is with ${driver === undefined ? "no driver" : `driver ${driver}`} and not managed: ` +
  "detach it first (nodedev-detach), or say managed='yes'"

const detach = (ground: PciGround) =>
  Effect.fnUntraced(function* ({ device, context, isForced = false }: DeviceTask, self: Hands) {
    const refuse = (why: string): PoolFact => ({ type: "refused", device, why })
    if (!(yield* isThere(device))) return refuse("the host has no such device")
    const driver = yield* driverOf(device)
    if (driver === vfioDriver)
      return { type: "detached", device, original: driver, isFound: true } satisfies PoolFact
    const { holder, isManaged } = context
    if (holder !== undefined && !isManaged) return refuse(unmanaged(driver))
    const use = isForced ? undefined : yield* hostUse(device)
    if (use !== undefined) return refuse(`the host needs it: ${use}`)
    if (!(yield* isVfioLoaded))
      return refuse("the kernel has not loaded vfio-pci: load it (modprobe vfio-pci)")
    const override = yield* overrideOf(device)
    const isDetached = holder === undefined
    return yield* take(ground, { device, original: driver ?? "", override, isDetached }, self)
  })

const reattach = ({ drivers, store }: PciGround) =>
  Effect.fnUntraced(function* ({ device }: DeviceTask, self: Hands) {
    const record = yield* store.readHostdev(device)
    const back =
      record === undefined ? drivers.giveToKernel(device) : drivers.giveBack(device, record)
    // One that has gone altogether is nobody's.
    const done = yield* Effect.result((yield* isThere(device)) ? back : Effect.void)
    if (done._tag === "Failure") return yield* failing(device, self)(done.failure)
    const forgotten = yield* Effect.result(store.removeHostdev(device))
    return forgotten._tag === "Success"
      ? ({ type: "reattached", device } satisfies PoolFact)
      : ({ type: "failed", device, why: forgotten.failure.message } satisfies PoolFact)
  })

const reset = ({ drivers }: PciGround) =>
  Effect.fnUntraced(function* ({ device }: DeviceTask, self: Hands) {
    const end = (why?: string): PoolFact => ({ type: "resetDone", device, why })
    if (!(yield* isThere(device))) return end("the host has no such device")
    const driver = yield* driverOf(device)
    if (driver !== undefined && driver !== vfioDriver)
      return end(`driver ${driver} is using it: detach it first (nodedev-detach)`)
    const done = yield* Effect.result(drivers.reset(device))
    if (done._tag === "Success") return end()
    const { failure } = done
    if (failure._tag === "DriverStuck") return yield* failing(device, self)(failure)
    const isUnknown = failure._tag === "FileError" && failure.code === "ENOENT"
    return end(isUnknown ? "the kernel knows no way to reset it" : failure.message)
  })

const look = ({ device }: DeviceTask): Ending =>
  Effect.map(driverOf(device), (driver) => ({
    type: "looked",
    device,
    isOnVfio: driver === vfioDriver
  }))

export const pciScripts = (ground: PciGround): PoolScripts<Files> => ({
  detach: detach(ground),
  reattach: reattach(ground),
  reset: reset(ground),
  look
})
