/**
 * The steps in which calls and happenings reach one domain. A call that only looks or writes is one
 * step; one that begins something and waits for it (start, destroy) shows in between, and is
 * several: each takes effect at a moment of its own within the call.
 */
import type { ApiCall } from "./api-call.ts"
import type { DomainSeen, Happening, Operation, OperationResult } from "./operation.ts"

export type DomainStep =
  /** A call is decided: with this answer, or, when nobody was told, with any. */
  | {
      readonly step: "call"
      readonly id: number
      readonly call: ApiCall
      readonly result: OperationResult | undefined
      /** QEMUs of this domain that began to run during the call, as indices of happenings. */
      readonly spawns: readonly number[]
    }
  /** A start takes hold. Without a call it is the engine's own, at its opening. */
  | { readonly step: "begin"; readonly id: number; readonly call: ApiCall | undefined }
  /** That start comes to nothing. */
  | { readonly step: "abort"; readonly id: number }
  /** A destroy is admitted; `id` is owed an answer, if there was one. */
  | { readonly step: "join"; readonly id: number | undefined }
  /** A reboot reaches the guest, or may. */
  | { readonly step: "arm" }
  /** The guest's connection has ended. */
  | { readonly step: "forsake"; readonly id: number }
  /** The engine learns of what QEMU did; the things it did are heard in their order. */
  | { readonly step: "hear"; readonly index: number; readonly kind: Happening["kind"] }
  /** This QEMU has died without a word. */
  | { readonly step: "kill"; readonly index: number }
  /** The engine's process ends, or the host. */
  | { readonly step: "cut"; readonly kind: Happening["kind"] }
  /** A listing, as far as it concerns this domain. */
  | { readonly step: "row"; readonly row: DomainSeen | undefined }

/** A step with what it is part of, for drawings. */
export interface DomainMove {
  readonly what: DomainStep
  readonly of: Operation | Happening
}
