/**
 * The children of the driver while it runs, by their roles. Made at startup in order, ended at
 * shutdown in reverse; between the two nothing is added and nothing replaced.
 */
import type * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as FiberSet from "effect/FiberSet"
import type { Ids } from "../../src/base/ids.ts"
import type { Files } from "../../src/host/files.ts"
import type { Processes } from "../../src/host/process.ts"
import type { Sockets } from "../../src/host/socket.ts"
import type { Kernel } from "../../src/kernel/kernel.ts"
import type { Supervisor } from "../../src/kernel/supervisor.ts"
import type { Prober } from "../../src/qemu/probe.ts"
import type { QuarantinedDefinition } from "../../src/store/index-definitions.ts"
import type { Store } from "../../src/store/store.ts"
import type { ConfigHolder } from "../config.ts"
import type { Connections } from "../connections.ts"
import type { Needs } from "../domain/needs.ts"
import type { Domains } from "../domains.ts"
import type { EventBus, MonitorEvents } from "../event-bus.ts"
import type { DevicePools } from "../device-pools.ts"
import type { Ports } from "../ports.ts"
import type { StartLane } from "../start-lane.ts"
import type { StoragePools } from "../storage/pools.ts"

/** What an engine needs of its host. */
export type HostServices = Files | Ids | Processes | Sockets

/** Something that did not go as it should and that nobody's call could be told of. */
export interface Problem {
  readonly what: string
  readonly why: string
}

export interface Parts {
  readonly kernel: Kernel
  readonly store: Store["Service"]
  readonly config: ConfigHolder
  readonly domains: Domains
  readonly pools: DevicePools
  readonly ports: Ports
  readonly connections: Connections
  readonly events: EventBus
  /** What QEMUs tell, as they tell it. */
  readonly monitorEvents: MonitorEvents
  readonly lane: StartLane
  readonly supervisor: Supervisor
  readonly prober: Prober
  readonly storage: StoragePools
  /** What a domain's scripts run with. */
  readonly needs: Context.Context<Needs>
  /** The next start's epoch: never used before, on this root. */
  readonly nextEpoch: Effect.Effect<string>
  readonly quarantined: readonly QuarantinedDefinition[]
  /** What the engine does on its own beside the calls: ended first when the engine ends. */
  readonly errands: FiberSet.FiberSet<void>
  /** Ids of the operations that are under way, changed in one step with looking: `once.ts`. */
  readonly operations: Set<string>
  /** Kept for `problems()`, newest last. */
  readonly note: (problem: Problem) => void
}
