/**
 * A whole run of the simulated world as plain JSON: what clients call, what goes wrong, and who is
 * served when. The same plan runs the same to the byte; what a failure leaves behind is a plan.
 */
import type { PlannedFault } from "../fault.ts"
import type { ApiCall } from "../history/api-call.ts"

/** Who is served next. */
export type Schedule =
  /** As `World.taken` told it of an earlier run; past its end, first come first served. */
  | { readonly kind: "listed"; readonly choices: readonly number[] }
  | {
      readonly kind: "fifo" | "uniform" | "pct" | "swizzle" | "mixed"
      readonly seed: number
    }

/** One call of a client, perhaps after a pause. */
export type ClientStep = ApiCall & {
  /** Virtual time between the answer to the call before and this one, in ms. */
  readonly afterMs?: number
}

export interface Plan {
  /** Slots 0 to `domains` - 1 are defined when the clients begin, unless `isEmpty`. */
  readonly domains: number
  readonly isEmpty?: boolean
  /**
   * The disk is that of an engine that ran before: the domains stand on it, and what QEMU can do.
   * Otherwise this engine defines them first, and asks QEMU when it starts the first guest.
   */
  readonly isWarm?: boolean
  /** The host has devices of many kinds, and the domains want them. */
  readonly hasDevices?: boolean
  /** Each makes its calls one after the other. */
  readonly clients: readonly (readonly ClientStep[])[]
  readonly faults: readonly PlannedFault[]
  readonly schedule: Schedule
  /** Whether time may pass while deliveries wait, as on a loaded host. */
  readonly mayTimePass?: boolean
  /** So much of it at one time, in ms: what the host is late by. */
  readonly lagMsMax?: number
  /** Starts at the same time, when the config does not say. */
  readonly startConcurrency?: number
  /** What a listener to the engine's events takes for each of them, in ms. */
  readonly listenerMs?: number
  /** Pids of the simulated host; few make them come again soon. */
  readonly pidMax?: number
  /** Turns of a capability off that a guest needs: no plan of a user has this. */
  readonly isAutostarting?: boolean
}

export const planDefaults = {
  startConcurrency: 2,
  lagMsMax: 250,
  pidMax: 4_194_304
} as const
