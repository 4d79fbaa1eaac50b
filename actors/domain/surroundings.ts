/**
 * What a domain's scripts act with, beside the host's services: its siblings in the actor tree,
 * each behind the few functions that a domain needs of it. Given by whoever spawns the domain.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { ConfigSnapshot } from "../../src/config/snapshot.ts"
import type { KernelError } from "../../src/kernel/error.ts"
import type { Kernel } from "../../src/kernel/kernel.ts"
import type { Domain } from "../../src/model/domain.ts"
import type { DomainEvent, MonitorEvent } from "../../src/model/event.ts"
import type { Capabilities } from "../../src/qemu/capabilities.ts"
import type { ProbeFailed } from "../../src/qemu/probe-process.ts"
import type { Connections } from "../connections.ts"
import type { DevicePools } from "../device-pools.ts"
import type { Ports } from "../ports.ts"
import type { StartLane } from "../start-lane.ts"

export class Surroundings extends Context.Service<
  Surroundings,
  {
    readonly kernel: Kernel
    readonly config: () => ConfigSnapshot
    /**
     * What the QEMU binary of this definition can do; probed once, KVM only for who asks for it.
     */
    readonly capabilities: (definition: Domain) => Effect.Effect<Capabilities, ProbeFailed>
    /** The next number for a running domain. */
    readonly allocateId: Effect.Effect<number, KernelError>
    /** Takes the domain off the list: nobody finds it any more. */
    readonly unregister: (uuid: string) => Effect.Effect<void>
    readonly pools: DevicePools
    readonly ports: Ports
    readonly connections: Connections
    readonly happened: (event: DomainEvent) => void
    /** Keeps what went otherwise than was asked, and failed nobody. */
    readonly note: (problem: { readonly what: string; readonly why: string }) => void
    /** What its QEMU told, as it told it; put into words only when somebody listens. */
    readonly qemuTold: (words: () => MonitorEvent) => void
    /** At most so many starts at once work on the host; the others wait in a fair line. */
    readonly inStartLane: StartLane["within"]
  }
>()("troupe/actors/domain/Surroundings") {}
