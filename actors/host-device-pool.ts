/**
 * The pattern of every pool of host devices: one owner of all devices of its kind. Each that is not
 * simply the host's has a chart of its own (machines/hostdev.ts); the pool adds what concerns
 * several. What is done to a device is the scripts' of its kind.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Holder } from "../machines/hostdev.ts"
import { Actor } from "../src/kernel/actor.ts"
import type { KernelError } from "../src/kernel/error.ts"
import type { Kernel } from "../src/kernel/kernel.ts"
import type { Self } from "../src/kernel/script.ts"
import type { DeviceBusy } from "../src/model/domain-error.ts"
import type { HostDeviceKind } from "../src/model/hostdev-wish.ts"
import type {
  DeviceBroken,
  DeviceNotReady,
  GroupNotViable,
  HostdevUnusable
} from "../src/model/hostdev-error.ts"
import { movedDevices } from "./device-moves.ts"
import {
  decidePool,
  type DeviceWish,
  type MoveError,
  type PoolFact,
  type PoolMessage,
  type PoolProtocol
} from "./device-requests.ts"
import {
  describeState,
  type DeviceEntry,
  type DeviceSnapshot,
  emptyState,
  entriesOf,
  holderIn,
  type Holdings,
  holdingsOf,
  type PoolState
} from "./device-table.ts"

export type { Holder } from "../machines/hostdev.ts"
export type { DeviceWish, PoolFact } from "./device-requests.ts"
export type { DeviceEntry, DeviceState, Holdings, PoolState } from "./device-table.ts"
export { holdingsOf } from "./device-table.ts"

export type { HostDeviceKind as DeviceKind } from "../src/model/hostdev-wish.ts"

export interface Pool {
  readonly kind: HostDeviceKind
  /** In memory alone, all or nothing. Waits for what is just being given back. */
  readonly reserve: (
    wishes: readonly DeviceWish[],
    holder: Holder
  ) => Effect.Effect<
    void,
    DeviceBusy | DeviceBroken | GroupNotViable | HostdevUnusable | KernelError
  >
  /** For a guest of an earlier engine: what it has already. What somebody else has stays theirs. */
  readonly adopt: (
    wishes: readonly DeviceWish[],
    holder: Holder
  ) => Effect.Effect<void, DeviceBusy | KernelError>
  /** What this token has reserved leaves its driver, where it has to; then the guest has it. */
  readonly prepare: (token: string) => Effect.Effect<void, DeviceNotReady | KernelError>
  /**
   * Gives back what this token took, and nothing else. Idempotent. Answered when all of it is with
   * its driver again, or is known to be broken. With a device: that one of the token's alone.
   */
  readonly release: (token: string, device?: string) => Effect.Effect<void, KernelError>
  /** Takes a device from its driver for nobody in particular. Done already is fine. */
  readonly detach: (
    device: string,
    options?: { readonly isForced?: boolean }
  ) => Effect.Effect<void, MoveError | KernelError>
  /** Gives a detached or broken device back to its driver. */
  readonly reattach: (device: string) => Effect.Effect<void, MoveError | KernelError>
  readonly reset: (device: string) => Effect.Effect<void, MoveError | KernelError>
  /** Every guest of an earlier engine is adopted: what nobody has goes where it belongs. */
  readonly settle: Effect.Effect<void, KernelError>
  readonly holdings: () => Holdings
  /** Reserved and assigned devices: the holder of one. */
  readonly holderOf: (device: string) => Holder | undefined
  readonly entries: () => ReadonlyMap<string, DeviceEntry>
  readonly stop: () => Effect.Effect<void>
}

/** What a script is told of its device. */
export interface DeviceTask {
  readonly device: string
  readonly context: DeviceSnapshot["context"]
  /** Of `detach`: although the host uses it. */
  readonly isForced?: boolean
}

export type DeviceScript<R> = (
  task: DeviceTask,
  self: Self<PoolMessage>
) => Effect.Effect<PoolFact, never, R>

export interface PoolScripts<R> {
  readonly detach: DeviceScript<R>
  readonly reattach: DeviceScript<R>
  readonly reset: DeviceScript<R>
  readonly look: DeviceScript<R>
}

export interface PoolOptions<R> {
  readonly kind: HostDeviceKind
  /** Absent where devices keep their drivers. */
  readonly bound?: {
    readonly scripts: PoolScripts<R>
    readonly context: Context.Context<R>
    /** Also by name, for nobody in particular. */
    readonly isMovable: boolean
  }
  /** What an engine before us had taken from its driver. */
  readonly recalled?: readonly {
    readonly device: string
    readonly original: string
    readonly isDetached: boolean
  }[]
}

/** The name of the actor of a kind: `pci-pool`. */
export const poolName = (kind: HostDeviceKind): string => `${kind}-pool`

export const makePool = <R = never>(
  kernel: Kernel,
  { kind, bound, recalled = [] }: PoolOptions<R>
): Pool => {
  const decide = decidePool({
    isBound: bound !== undefined,
    isMovable: bound?.isMovable === true
  })
  const initial = recalled.reduce(
    (state, one) => decide(state, { type: "recall", ...one }).next,
    emptyState
  )
  const actor = new Actor<PoolState, PoolProtocol, PoolFact, R>(
    {
      name: poolName(kind),
      initial: { next: initial, actions: [] },
      decide,
      describe: describeState,
      moved: movedDevices,
      scripts: (bound?.scripts ?? {}) as Record<string, DeviceScript<R>>
    },
    kernel,
    bound?.context ?? (Context.empty() as Context.Context<R>)
  )
  return {
    kind,
    reserve: (wishes, holder) => actor.ask("reserve", { wishes, holder }),
    adopt: (wishes, holder) => actor.ask("adopt", { wishes, holder }),
    prepare: (token) => actor.ask("prepare", { token }),
    // A release passes full mailboxes: what ended must not keep what it had.
    release: (token, device) => actor.ask("release", { token, device }, "control"),
    detach: (device, { isForced = false } = {}) => actor.ask("detach", { device, isForced }),
    reattach: (device) => actor.ask("reattach", { device }),
    reset: (device) => actor.ask("reset", { device }),
    settle: Effect.suspend(() => actor.ask("settle", {})),
    holdings: () => holdingsOf(actor.published),
    holderOf: (device) => holderIn(actor.published, device),
    entries: () => entriesOf(actor.published),
    stop: () => actor.stop()
  }
}
