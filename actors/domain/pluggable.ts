/**
 * The one shape of what plugging a device into a running guest means for its kind: which device of
 * the host is meant, how the guest gets it, what is to be taken and given back. Types only.
 */
import type * as Effect from "effect/Effect"
import type * as Result from "effect/Result"
import type { Files } from "../../src/host/files.ts"
import type { Device } from "../../src/model/device.ts"
import type { Domain } from "../../src/model/domain.ts"
import type { NotSupported } from "../../src/model/error.ts"
import type { HostdevError } from "../../src/model/hostdev-error.ts"
import type { HostDeviceKind } from "../../src/model/hostdev-wish.ts"
import type { ResolveOne } from "../../src/node/hostdev.ts"
import type { Capabilities } from "../../src/qemu/capabilities.ts"
import type { CompleteError } from "../../src/qemu/refusal.ts"
import type { JsonObject } from "../../src/qmp/json.ts"

/** One device of the host, and the pool that has it. */
export interface Taken {
  readonly pool: HostDeviceKind
  readonly device: string
  readonly isManaged: boolean
}

export interface Pluggable<D extends Device> {
  /** Which device of the host is meant, with what is to be taken for it. */
  readonly find: (
    device: D,
    options: ResolveOne
  ) => Effect.Effect<{ readonly device: D; readonly takes: readonly Taken[] }, HostdevError, Files>
  /** The device as the guest is to have it: named and placed. Refuses what cannot be. */
  readonly fit: (
    live: Domain,
    device: D,
    capabilities: Capabilities
  ) => Result.Result<D & { readonly alias: string }, CompleteError>
  /** The words of `device_add`. */
  readonly properties: (
    live: Domain,
    device: D,
    capabilities: Capabilities
  ) => Result.Result<JsonObject, CompleteError | NotSupported>
  /** What one that a guest has holds of the host. */
  readonly holds: (device: D) => readonly Pick<Taken, "pool" | "device">[]
  /** Why a running guest keeps it, if so. */
  readonly stays: (device: D) => string | undefined
  /** The guest's memory has to stay in place for it. */
  readonly pinsMemory: (device: D) => boolean
}
