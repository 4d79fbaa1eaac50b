/**
 * Changes of what a domain is, each with the conditions that libvirt puts on it: a transient domain
 * has nothing to undefine, a running one keeps its name. Runs inside a lease, as `calls.ts` does.
 */
import * as Effect from "effect/Effect"
import type { Affects, Change } from "../../machines/domain/change.ts"
import type { KernelError } from "../../src/kernel/error.ts"
import { InvalidDomain } from "../../src/model/error.ts"
import {
  type DeviceMissing,
  type DomainGone,
  OperationFailed
} from "../../src/model/domain-error.ts"
import type { DeviceWanted } from "../../src/model/device-match.ts"
import type { Device } from "../../src/model/device.ts"
import type { KeptElement } from "../../src/model/kept.ts"
import { nameProblem } from "../../src/model/validate.ts"
import type { StoreError } from "../../src/store/error.ts"
import type { AttachError } from "../domain/attach.ts"
import type { DetachError } from "../domain/detach.ts"
import * as DomainActor from "../domain/domain.ts"
import type { DomainRef } from "../domain/domain.ts"
import { rename as renameReserved } from "./calls.ts"
import type { Parts } from "./parts.ts"

/** How the change itself can fail: the chart refuses it, or the disk does. */
export type ChangeFailure = StoreError | KernelError

/** The chart hands on what its script failed with, which is the store's. */
const change = (ref: DomainRef, what: Change) =>
  DomainActor.change(ref, what) as Effect.Effect<void, ChangeFailure>

/** Fails with why this operation is not possible on the domain as it is now. */
const demand = (
  ref: DomainRef,
  operation: string,
  needs: { readonly persistent?: boolean; readonly active?: boolean }
) =>
  Effect.suspend(() => {
    const { name, persistent, epoch } = DomainActor.view(ref).context
    const refuse = (why: string) =>
      Effect.fail(new OperationFailed({ domain: name, operation, why }))
    if (needs.persistent === true && persistent === undefined)
      return refuse("it is transient: it has no persistent definition")
    if (needs.active === true && epoch === undefined) return refuse("it is not running")
    if (needs.active === false && epoch !== undefined) return refuse("it is running")
    return Effect.void
  })

/** A running domain becomes transient; one that is off is no more. */
export const undefine = (ref: DomainRef) =>
  Effect.andThen(
    demand(ref, "undefine", { persistent: true }),
    // Once begun it is carried through: a domain without a definition must not stay on the list.
    Effect.uninterruptible(change(ref, { type: "undefine" }))
  )

export const setAutostart = (ref: DomainRef, isAutostart: boolean) =>
  Effect.andThen(
    demand(ref, "set autostart of", { persistent: true }),
    change(ref, { type: "autostart", isAutostart })
  )

/** A new name for a persistent domain that is off. */
export const rename = (parts: Parts, ref: DomainRef, name: string) =>
  Effect.gen(function* () {
    const { name: domain } = DomainActor.view(ref).context
    const reason = nameProblem(name)
    if (reason !== undefined) return yield* new InvalidDomain({ domain, path: "name", reason })
    yield* demand(ref, "rename", { persistent: true, active: false })
    return yield* renameReserved(parts, ref, name) as Effect.Effect<
      void,
      Effect.Error<ReturnType<Parts["domains"]["reserveName"]>> | ChangeFailure,
      Effect.Services<ReturnType<typeof renameReserved>>
    >
  })

/** What libvirt calls metadata. Without a value it is taken away. */
export type Metadata =
  | { readonly type: "title" | "description"; readonly text: string | undefined }
  | { readonly type: "metadata"; readonly uri: string; readonly element: KeptElement | undefined }

export const setMetadata = (ref: DomainRef, metadata: Metadata, affects: Affects) =>
  Effect.gen(function* () {
    const operation = metadata.type === "metadata" ? "set metadata of" : `set ${metadata.type} of`
    if (affects !== "current" && affects.config) yield* demand(ref, operation, { persistent: true })
    if (affects !== "current" && affects.live) yield* demand(ref, operation, { active: true })
    const { name } = DomainActor.view(ref).context
    if (metadata.type === "title" && metadata.text?.includes("\n") === true)
      return yield* new InvalidDomain({ domain: name, path: "title", reason: "it has two lines" })
    yield* change(ref, { ...metadata, affects })
  })

/** What may go wrong with a device that is to come or to go. */
export type DeviceFailure = ChangeFailure | AttachError | DetachError | DeviceMissing | DomainGone

const changeDevice = (ref: DomainRef, what: Change & { readonly affects: Affects }) =>
  Effect.gen(function* () {
    const { affects } = what
    const operation = what.type === "attach" ? "attach a device to" : "detach a device from"
    if (affects !== "current" && affects.config) yield* demand(ref, operation, { persistent: true })
    if (affects !== "current" && affects.live) yield* demand(ref, operation, { active: true })
    yield* DomainActor.change(ref, what) as Effect.Effect<void, DeviceFailure>
  })

/** A device more, in the guest, in the definition or in both: all of it, or nothing. */
export const attachDevice = (ref: DomainRef, device: Device, affects: Affects) =>
  changeDevice(ref, { type: "attach", affects, device })

/**
 * A device less. A guest may take its time: after a while this is done, and the device is the
 * guest's until it has let it go, which is told as an event.
 */
export const detachDevice = (ref: DomainRef, wanted: DeviceWanted, affects: Affects) =>
  changeDevice(ref, { type: "detach", affects, wanted })
