/**
 * How a PCI function leaves its driver for VFIO, comes back and is reset: the scripts of the PCI
 * pool. What was is written down before sysfs is touched, and forgotten after the last deed back;
 * an engine that ends in between leaves the record to the next one.
 */
import * as Effect from "effect/Effect"
import type { DriverTurn, DriverTurns } from "../src/host/driver-write.ts"
import type { Files } from "../src/host/files.ts"
import {
  type DriverError,
  driverOf,
  isThere,
  loadVfio,
  overrideOf,
  type PciDrivers,
  vfioDriver
} from "../src/host/pci-driver.ts"
import type { Processes } from "../src/host/process.ts"
import type { Self } from "../src/kernel/script.ts"
import { groupUse, type Taken } from "../src/node/hostdev-group.ts"
import { nestedUse, type Standings } from "../src/node/hostdev-nested.ts"
import { hostUse } from "../src/node/hostdev-use.ts"
import type { StoreError } from "../src/store/error.ts"
import type { HostdevRecord } from "../src/store/hostdevs.ts"
import type { Store } from "../src/store/store.ts"
import type { PoolFact, PoolMessage } from "./device-requests.ts"
import type { DeviceTask, PoolScripts } from "./host-device-pool.ts"
import type { Strangers } from "./pci-strangers.ts"

export interface PciGround {
  readonly drivers: PciDrivers
  /** Whose turn it is to move a device: one for all pools of the engine. */
  readonly turns: DriverTurns
  /** Where it is remembered what was. */
  readonly store: Pick<Store["Service"], "writeHostdev" | "removeHostdev" | "readHostdev">
  /** Who has a device, as the pool says it now. */
  readonly taken: Taken
  readonly strangers: Pick<Strangers, "use">
  /** How devices of all kinds stand. */
  readonly standings: Standings
}

type Hands = Self<PoolMessage>
type Ending<R = never> = Effect.Effect<PoolFact, never, Files | Processes | R>

/** Something may hang, or others: when that has ended, the device is looked after once more. */
const andLater =
  (device: string, self: Hands) =>
  (error: DriverError | StoreError): Effect.Effect<string> => {
    if (!("ended" in error)) return Effect.succeed(error.message)
    const tell = Effect.sync(() => self.tell({ type: "moved", device }))
    return Effect.as(Effect.forkDetach(Effect.andThen(error.ended, tell)), error.message)
  }

const failing = (device: string, self: Hands, before = "") =>
  Effect.fnUntraced(function* (error: DriverError | StoreError) {
    const why = yield* andLater(device, self)(error)
    return { type: "failed", device, why: `${before}${why}` } satisfies PoolFact
  })

interface Undoing {
  readonly record: HostdevRecord
  readonly why: string
}

/** Back as it was, after a deed that failed half way. */
const undo = (
  { drivers, store }: PciGround,
  { record, why }: Undoing,
  self: Hands
): Ending<DriverTurn> => {
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

/**
 * What is to be remembered of a device that leaves its driver now. What is remembered already is
 * kept: a deed on the way had been cut short. Unless somebody else has taken it from VFIO since.
 */
const recordOf = Effect.fnUntraced(function* (
  { store }: PciGround,
  { device, context }: DeviceTask,
  driver: string | undefined
) {
  const before = yield* store.readHostdev(device)
  const said = yield* overrideOf(device)
  const isDetached = context.holder === undefined
  if (!isOver(context, driver)) {
    const now = { device, original: driver ?? "", override: said, isDetached }
    return before ?? (now satisfies HostdevRecord)
  }
  // The word that is left of us is none of anybody's.
  const override = said === vfioDriver ? (before?.override ?? "") : said
  return { device, original: driver ?? "", override, isDetached } satisfies HostdevRecord
})

/** It was detached, and has a driver of the host's again, by somebody else's doing. */
const isOver = ({ isDetached }: DeviceTask["context"], driver: string | undefined): boolean =>
  isDetached && driver !== undefined && driver !== vfioDriver

const leave = (ground: PciGround) =>
  Effect.fnUntraced(function* (task: DeviceTask, self: Hands) {
    const { device, context, isForced = false } = task
    const { holder, isManaged, original, isDetached } = context
    const refuse = (why: string): PoolFact => ({ type: "refused", device, why })
    const isPresent = yield* isThere(device)
    const driver = isPresent ? yield* driverOf(device) : undefined
    // What lingers with VFIO was not put there by somebody else; what was detached stays so.
    const isFound = original === undefined || isDetached
    if (driver === vfioDriver)
      return { type: "detached", device, original: original ?? driver, isFound } satisfies PoolFact
    const record = isPresent ? yield* recordOf(ground, task, driver) : undefined
    if (isDetached && !(isPresent && driver === undefined))
      yield* ground.store.removeHostdev(device)
    if (record === undefined) return refuse("the host has no such device")
    if (holder !== undefined && !isManaged) return refuse(unmanaged(driver))
    const use = isForced ? undefined : yield* hostUse(device)
    if (use !== undefined) return refuse(`the host needs it: ${use}`)
    // What a guest has is its own, also by force.
    const nested = yield* nestedUse([device], ground.standings())
    if (nested !== undefined) return refuse(nested.why)
    const missing = yield* loadVfio
    if (missing !== undefined) return refuse(missing)
    return yield* ground.turns.within(take(ground, record, self))
  })

/** What cannot be seen is not touched. */
const detach = (ground: PciGround) => (task: DeviceTask, self: Hands) =>
  Effect.catch(leave(ground)(task, self), ({ message: why }) =>
    Effect.succeed<PoolFact>({ type: "refused", device: task.device, why })
  )

/**
 * Why it stays where it is, if so. The kernel gives the host's drivers nothing of a group that a
 * program has: the device would be with no driver at all.
 */
const giveBack = Effect.fnUntraced(function* (
  { drivers, store, taken, strangers, turns }: PciGround,
  device: string
) {
  const record = yield* store.readHostdev(device)
  // One that has gone altogether is nobody's.
  if (yield* isThere(device)) {
    const driver = yield* driverOf(device)
    const isAway = driver === vfioDriver || (driver === undefined && record !== undefined)
    const use = isAway
      ? ((yield* groupUse(device, taken)) ?? (yield* strangers.use(device)))
      : undefined
    if (use !== undefined) return use
    const deed = record ? drivers.giveBack(device, record) : drivers.giveToKernel(device)
    yield* turns.within(deed)
  }
  yield* store.removeHostdev(device)
  return undefined
})

const reattach = (ground: PciGround) =>
  Effect.fnUntraced(function* ({ device }: DeviceTask, self: Hands) {
    const giving = giveBack(ground, device).pipe(
      // It was not touched: it stays where it is until one of the others has ended.
      Effect.catchTag("DriversHang", andLater(device, self))
    )
    const done = yield* Effect.result(giving)
    if (done._tag === "Failure") return yield* failing(device, self)(done.failure)
    const why = done.success
    const fact: PoolFact =
      why === undefined ? { type: "reattached", device } : { type: "refused", device, why }
    return fact
  })

const reset = ({ drivers, turns }: PciGround) =>
  Effect.fnUntraced(function* ({ device }: DeviceTask, self: Hands) {
    const end = (why?: string): PoolFact => ({ type: "resetDone", device, why })
    const seen = yield* Effect.result(Effect.all([isThere(device), driverOf(device)]))
    if (seen._tag === "Failure") return end(seen.failure.message)
    const [isPresent, driver] = seen.success
    if (!isPresent) return end("the host has no such device")
    if (driver !== undefined && driver !== vfioDriver)
      return end(`driver ${driver} is using it: detach it first (nodedev-detach)`)
    const done = yield* Effect.result(turns.within(drivers.reset(device)))
    if (done._tag === "Success") return end()
    const { failure } = done
    if (failure._tag === "DriverStuck") return yield* failing(device, self)(failure)
    // The file is made for those that can be reset; opening another's is EACCES, for it would be
    // a new one.
    const isUnknown = failure._tag === "FileError" && ["EACCES", "ENOENT"].includes(failure.code)
    return end(isUnknown ? "the kernel knows no way to reset it" : failure.message)
  })

/** What cannot be seen stands as it was remembered. */
const look = ({ device }: DeviceTask): Ending =>
  driverOf(device).pipe(
    Effect.orElseSucceed(() => vfioDriver),
    Effect.map((driver) => ({ type: "looked", device, isOnVfio: driver === vfioDriver }))
  )

export const pciScripts = (ground: PciGround): PoolScripts<Files | Processes> => ({
  detach: detach(ground),
  reattach: reattach(ground),
  reset: reset(ground),
  look
})
