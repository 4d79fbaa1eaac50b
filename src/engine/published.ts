/**
 * What an engine has published of its domains, read at once: for a server that answers thousands of
 * small questions a second, to which a fiber each would cost more than the answer. Asks nobody and
 * changes nothing; an engine that is not running shows nothing here.
 */
import type * as Effect from "effect/Effect"
import { reasonOf, stateOfLife } from "../../machines/domain/domain.ts"
import type { DomainRef } from "../../actors/domain/domain.ts"
import type { Entry } from "../../actors/domains.ts"
import { isVisible } from "../../actors/driver/calls.ts"
import type { Driver } from "../../actors/driver/driver.ts"
import type { Parts } from "../../actors/driver/parts.ts"
import * as Reads from "../../actors/driver/reads.ts"
import type { Processes } from "../host/process.ts"
import type { Domain as Definition } from "../model/domain.ts"
import type { DomainState } from "../model/state.ts"

/** A domain as it is in this turn. What it is asked later, it answers of the same moment. */
export class PublishedDomain {
  readonly uuid: string
  readonly #entry: Entry
  readonly #snapshot: DomainRef["actor"]["published"] | undefined

  /** Whether clients may see it: one that is only being made is nobody's to see yet. */
  get isVisible(): boolean {
    return isVisible(this.#entry)
  }

  /** Whether it is still so. */
  get isNow(): boolean {
    return this.#entry.ref?.actor.published === this.#snapshot
  }

  constructor(entry: Entry) {
    this.uuid = entry.uuid
    this.#entry = entry
    this.#snapshot = entry.ref?.actor.published
  }

  get name(): string {
    return this.#snapshot?.context.name ?? this.#entry.name
  }

  /** libvirt's number of a running domain; -1 when it is not running. */
  get id(): number {
    return this.#snapshot?.context.id ?? -1
  }

  /** Whether there is a guest, starting and stopping included. */
  get isActive(): boolean {
    return this.#snapshot?.context.epoch !== undefined
  }

  get isPersistent(): boolean {
    return this.#snapshot === undefined || this.#snapshot.context.persistent !== undefined
  }

  get isAutostart(): boolean {
    return this.#snapshot?.context.isAutostart ?? this.#entry.isAutostart
  }

  get state(): DomainState {
    return this.#snapshot === undefined ? "shutoff" : stateOfLife(this.#snapshot.value.life)
  }

  /** In libvirt's words: `booted`, `user`, `destroyed`. Always one of the state's. */
  get reason(): string {
    return this.#snapshot === undefined ? "unknown" : reasonOf(this.state, this.#snapshot.context)
  }

  /** False: its definition has not been needed yet, and is known to the disk only. */
  get isLoaded(): boolean {
    return this.#snapshot !== undefined
  }

  /** What the running guest has. */
  get live(): Definition | undefined {
    return this.#snapshot?.context.live
  }

  /** What the next start uses. */
  get persistent(): Definition | undefined {
    return this.#snapshot?.context.persistent
  }

  /** Of QEMU, guest and emulator, in ns; `undefined` while there is no process. */
  get cpuTimeNs(): Effect.Effect<number | undefined, never, Processes> | undefined {
    const { ref } = this.#entry
    return ref === undefined || !this.isActive ? undefined : Reads.cpuTimeNs(ref)
  }
}

/** One consistent cut, as long as nobody waits between two questions. */
export interface Published {
  readonly byUuid: (uuid: string) => PublishedDomain | undefined
  readonly byName: (name: string) => PublishedDomain | undefined
  readonly byId: (id: number) => PublishedDomain | undefined
  /** In no order. The same list as before, if nothing has changed of any domain. */
  readonly all: () => readonly PublishedDomain[]
}

const shown = (entry: Entry | undefined): PublishedDomain | undefined =>
  entry === undefined || !isVisible(entry) ? undefined : new PublishedDomain(entry)

/** Every domain, those that are only being made included, and of these the visible ones. */
interface Cut {
  readonly entries: readonly Entry[]
  readonly domains: readonly PublishedDomain[]
  readonly visible: readonly PublishedDomain[]
}

const cutOf = (entries: readonly Entry[]): Cut => {
  const domains = entries.map((entry) => new PublishedDomain(entry))
  const visible = domains.filter((domain) => domain.isVisible)
  return { entries, domains, visible }
}

const publishedOf = ({ domains }: Parts): Published => {
  let last = cutOf([])
  return {
    byUuid: (uuid) => shown(domains.byUuid(uuid)),
    byName: (name) => shown(domains.byName(name)),
    byId: (id) => {
      const isIt = ({ ref }: Entry) => ref?.actor.published.context.id === id
      return id < 0 ? undefined : shown(domains.all().find(isIt))
    },
    all: () => {
      const entries = domains.all()
      if (entries !== last.entries || !last.domains.every(({ isNow }) => isNow))
        last = cutOf(entries)
      return last.visible
    }
  }
}

/** Of a running engine; `undefined` in every other phase, where calls wait or are refused. */
export const readPublished = (driver: Driver): (() => Published | undefined) => {
  let parts: Parts | undefined
  let published: Published | undefined
  return () => {
    const now = driver.phase() === "running" ? driver.parts() : undefined
    if (now !== parts) {
      parts = now
      published = now && publishedOf(now)
    }
    return published
  }
}
