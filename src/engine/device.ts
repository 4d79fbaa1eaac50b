/**
 * Devices of a domain that come and go, as its callers ask: by their XML, or by their name in QEMU.
 * For the running guest, for its next start, or for both.
 */
import * as Effect from "effect/Effect"
import type { Affects } from "../../machines/domain/change.ts"
import * as Changes from "../../actors/driver/changes.ts"
import type { Driver } from "../../actors/driver/driver.ts"
import type { OperationFailed } from "../model/domain-error.ts"
import { parseDevice } from "../xml/device.ts"
import type { XmlError } from "../xml/error.ts"
import type { LookupError, Perform } from "./consult.ts"
import { reached } from "./waiting.ts"

/** How a change of a domain's devices can fail. */
export type DeviceError = LookupError | Changes.DeviceFailure | OperationFailed | XmlError

/** Which of the two: by default the running guest, or the definition of a domain that is off. */
export interface DeviceAffects {
  readonly config?: boolean
  readonly live?: boolean
}

type Done = Effect.Effect<void, DeviceError>

export interface DomainDevices {
  /** The device of this XML. A running guest has it when this succeeds. */
  readonly attachDevice: (xml: string, affects?: DeviceAffects) => Done
  /**
   * The device that this XML describes: a host device by its source, a disk by its target, a card
   * by its MAC address. A guest that takes its time has it still when this succeeds; that it has
   * gone is told by the event `device-removed`.
   */
  readonly detachDevice: (xml: string, affects?: DeviceAffects) => Done
  /** The same by the name that QEMU knows it by. */
  readonly detachDeviceAlias: (alias: string, affects?: DeviceAffects) => Done
}

const affectsOf = ({ config, live }: DeviceAffects = {}): Affects =>
  config === undefined && live === undefined
    ? "current"
    : { config: config === true, live: live === true }

export const devicesOf = (driver: Driver, perform: Perform): DomainDevices => ({
  attachDevice: (xml, affects) =>
    perform("domainAttachDeviceFlags", (ref) =>
      Effect.gen(function* () {
        const device = yield* Effect.fromResult(parseDevice(xml))
        yield* reached(driver, ref)
        yield* Changes.attachDevice(ref, device, affectsOf(affects))
      })
    ),
  detachDevice: (xml, affects) =>
    perform("domainDetachDeviceFlags", (ref) =>
      Effect.gen(function* () {
        const device = yield* Effect.fromResult(parseDevice(xml))
        yield* reached(driver, ref)
        yield* Changes.detachDevice(ref, { device }, affectsOf(affects))
      })
    ),
  detachDeviceAlias: (alias, affects) =>
    perform("domainDetachDeviceAlias", (ref) =>
      Effect.andThen(reached(driver, ref), Changes.detachDevice(ref, { alias }, affectsOf(affects)))
    )
})
