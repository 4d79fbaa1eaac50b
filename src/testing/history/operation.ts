/**
 * What clients did and what they were told: the history that checkers look at. Ticks are one
 * counter for everything that is noted in a run, so that of any two things one came first.
 */
import type { ApiCall } from "./api-call.ts"

/** How a call ended. A call that never came back has none: it may have taken effect, or not. */
export type OperationResult =
  | { readonly kind: "ok"; readonly value: OperationValue }
  /** `tag`: the error's class, as `DomainNotFound`. */
  | { readonly kind: "error"; readonly tag: string; readonly message: string }

/** What reads have seen; writes give `undefined`. */
export type OperationValue =
  | undefined
  | {
      /** libvirt's state: `shutoff`, `running`, `paused`, ... */
      readonly state?: string
      readonly reason?: string
      readonly name?: string
      /** Of the definition that was read: the title that says which write it was. */
      readonly version?: number
      readonly isPersistent?: boolean
      readonly isAutostart?: boolean
      readonly id?: number
    }
  | { readonly domains: readonly DomainSeen[] }

/** One row of a listing. */
export interface DomainSeen {
  readonly uuid: string
  readonly name: string
  readonly state: string
  readonly isPersistent: boolean
  readonly isAutostart: boolean
}

/** One call of one client. */
export interface Operation {
  readonly id: number
  readonly client: number
  /** Which life of the engine it was made in; a crash begins the next. From 1. */
  readonly life: number
  readonly call: ApiCall
  /** Ticks. */
  readonly invokedAt: number
  readonly endedAt: number | undefined
  /** Monotonic time, in ms. */
  readonly invokedAtMs: number
  readonly endedAtMs: number | undefined
  readonly result: OperationResult | undefined
}

/** What happened to guests that no client asked for; seen by the simulated QEMU and host. */
export interface Happening {
  readonly at: number
  readonly atMs: number
  readonly kind:
    | "qemu-started"
    | "qemu-running"
    | "qemu-stopped"
    | "qemu-shutdown"
    | "qemu-suspended"
    | "qemu-crashed"
    | "qemu-reset"
    | "qemu-exited"
    | "engine-opened"
    | "engine-killed"
    | "engine-closed"
    | "power-cut"
  /** Of the guest; `undefined` for the engine's own. */
  readonly uuid: string | undefined
  readonly epoch: string | undefined
  readonly pid: number | undefined
  readonly life: number
}

/** An event as a subscriber got it. */
export interface EventSeen {
  readonly at: number
  readonly life: number
  readonly subscriber: number
  readonly uuid: string | undefined
  /** `started`, `stopped`, ..., or `gap`. */
  readonly type: string
  readonly detail: string | undefined
  readonly epoch: string | undefined
}

export interface History {
  readonly operations: readonly Operation[]
  readonly happenings: readonly Happening[]
  readonly events: readonly EventSeen[]
}
