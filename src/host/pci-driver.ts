/**
 * Takes a PCI function from its driver to VFIO and back, and resets it, by what sysfs offers
 * (Documentation/ABI/testing/sysfs-bus-pci).
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { lastOf } from "./device-record.ts"
import { type DriversHang, type DriverStuck, DriverTurn } from "./driver-write.ts"
import { type FileError, Files } from "./files.ts"
import { findModprobe, loadModule } from "./kernel-module.ts"
import { pciDevicesAt } from "./pci.ts"

export const vfioDriver = "vfio-pci"

/** The kernel did what was asked, and the driver is another one than expected. */
export class DriverUnwilling extends Data.TaggedError("DriverUnwilling")<{
  readonly wanted: string
  readonly found: string | undefined
}> {
  override get message(): string {
    const { wanted, found } = this
    return found === undefined
      ? `driver ${wanted} did not take it`
      : `it is with driver ${found}, and not with ${wanted}`
  }
}

export type DriverError = FileError | DriverStuck | DriversHang | DriverUnwilling

const at = (address: string): string => `${pciDevicesAt}/${address}`

/** What is not there is no error; what cannot be seen is: it must not pass for the other. */
const ifThere = <A>(look: Effect.Effect<A, FileError>): Effect.Effect<A | undefined, FileError> =>
  Effect.catchIf(
    look,
    ({ code }) => code === "ENOENT",
    () => Effect.succeed(undefined)
  )

/** The driver that has it, if any. */
export const driverOf = Effect.fnUntraced(function* (address: string) {
  const files = yield* Files
  const target = yield* ifThere(files.readLink(`${at(address)}/driver`))
  return target === undefined ? undefined : lastOf(target)
})

const overrideBytesMax = 4096

/** What is to be bound in place of the driver that the kernel would choose; `""` is nothing. */
export const overrideOf = Effect.fnUntraced(function* (address: string) {
  const files = yield* Files
  const path = `${at(address)}/driver_override`
  const text = new TextDecoder().decode(yield* ifThere(files.read(path, overrideBytesMax))).trim()
  return text === "(null)" ? "" : text
})

export const isThere = Effect.fnUntraced(function* (address: string) {
  const files = yield* Files
  return (yield* ifThere(files.stat(at(address)))) !== undefined
})

const isVfioLoaded = Effect.gen(function* () {
  const files = yield* Files
  return (yield* Effect.option(files.stat(`/sys/bus/pci/drivers/${vfioDriver}`)))._tag === "Some"
})

const notLoaded = "the kernel has not loaded vfio-pci"

/** Why VFIO's driver is not to be had, as far as that can be seen without loading it. */
export const vfioProblem = Effect.gen(function* () {
  if ((yield* isVfioLoaded) || (yield* findModprobe) !== undefined) return undefined
  return `${notLoaded}, and the host has no modprobe (kmod) to load it with`
})

/**
 * Loads VFIO's driver where the kernel has not; why it is not there, if so. Without it a function
 * would only lose its own.
 */
export const loadVfio = Effect.gen(function* () {
  if (yield* isVfioLoaded) return undefined
  const why = yield* loadModule(vfioDriver)
  if (yield* isVfioLoaded) return undefined
  return `${notLoaded}: ${why ?? "'modprobe vfio-pci' did so, and brought no such driver"}`
})

export interface DriverWas {
  /** The driver that it had; `""` is none. */
  readonly original: string
  /** What had been said of its driver before; `""` is nothing. */
  readonly override: string
}

type Deed = Effect.Effect<void, DriverError, Files | DriverTurn>

export interface PciDrivers {
  /** From whichever driver has it to VFIO. Fails anywhere between. */
  readonly take: (address: string) => Deed
  /** From VFIO, or from nobody, to the driver that it had. */
  readonly giveBack: (address: string, was: DriverWas) => Deed
  /** As `giveBack`, for one of which nothing is remembered: the kernel chooses. */
  readonly giveToKernel: (address: string) => Deed
  /** By the first of the methods that the kernel knows for it. */
  readonly reset: (address: string) => Deed
}

const write = (what: string, path: string, text: string) =>
  Effect.flatMap(DriverTurn, (turn) => turn.write(what, path, text))

/** An empty line takes back what was said before. */
const override = (address: string, driver: string) =>
  write(
    `telling the kernel which driver ${address} is for`,
    `${at(address)}/driver_override`,
    `${driver}\n`
  )

const unbind = (address: string, driver: string) =>
  write(`taking ${address} from driver ${driver}`, `${at(address)}/driver/unbind`, address)

const probe = (address: string) =>
  write(`finding a driver for ${address}`, "/sys/bus/pci/drivers_probe", address)

const take = Effect.fnUntraced(function* (address: string) {
  yield* override(address, vfioDriver)
  const driver = yield* driverOf(address)
  if (driver !== undefined && driver !== vfioDriver) yield* unbind(address, driver)
  if (driver !== vfioDriver) yield* probe(address)
  const found = yield* driverOf(address)
  if (found !== vfioDriver) return yield* new DriverUnwilling({ wanted: vfioDriver, found })
})

const giveBack = Effect.fnUntraced(function* (address: string, was: DriverWas) {
  const { original, override: before } = was
  const driver = yield* driverOf(address)
  const isFree = driver === undefined || driver === vfioDriver
  // Named, its own driver gets it, whatever else would: what was said before may name VFIO's.
  const named = isFree && original !== "" ? original : before
  yield* override(address, named)
  if (driver === vfioDriver) yield* unbind(address, driver)
  if (isFree && original !== "") yield* probe(address)
  if (named !== before) {
    yield* override(address, before)
    // Its own driver is gone or does not want it: another one of the host's choice may.
    const isLeft = (yield* driverOf(address)) === undefined
    if (isLeft && before !== vfioDriver) yield* probe(address)
  }
  const found = yield* driverOf(address)
  const wanted = original === "" ? "none" : original
  // Not what it had, but a driver of the host's own choice: nothing is missing.
  const isHome = found !== vfioDriver && (found !== undefined || original === "")
  if (!isHome) return yield* new DriverUnwilling({ wanted, found })
})

const giveToKernel = Effect.fnUntraced(function* (address: string) {
  if ((yield* driverOf(address)) !== vfioDriver) return
  yield* override(address, "")
  yield* unbind(address, vfioDriver)
  yield* probe(address)
})

/** Each deed in a turn of its own (driver-write.ts). */
export const pciDrivers: PciDrivers = {
  take,
  giveBack,
  giveToKernel,
  reset: (address) => write(`resetting ${address}`, `${at(address)}/reset`, "1")
}
