/** The services that a domain's scripts run with, and the types of its actor. */
import type { DomainMessage, DomainSnapshot } from "../../machines/domain/domain.ts"
import type { DomainFact, DomainProtocol } from "../../machines/domain/context.ts"
import type { Ids } from "../../src/base/ids.ts"
import type { Files } from "../../src/host/files.ts"
import type { Processes } from "../../src/host/process.ts"
import type { Sockets } from "../../src/host/socket.ts"
import type { Actor } from "../../src/kernel/actor.ts"
import type { Self } from "../../src/kernel/script.ts"
import type { Store } from "../../src/store/store.ts"
import type { Wardrobe } from "./belongings.ts"
import type { Surroundings } from "./surroundings.ts"

export type Needs = Files | Ids | Processes | Sockets | Store | Surroundings

export type { DomainMessage, DomainSnapshot }

export type DomainActor = Actor<DomainSnapshot, DomainProtocol, DomainFact, Needs>
export type DomainSelf = Self<DomainMessage>

/** A script's view of its domain: who it is, and what its epochs hold. */
export interface Identity {
  readonly uuid: string
  readonly belongings: Wardrobe<Needs>
  /** The published snapshot as it is now. */
  readonly now: () => DomainSnapshot
}
