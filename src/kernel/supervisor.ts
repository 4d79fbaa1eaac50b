/**
 * Restarts children that a defect ended, as OTP does: each from its durable state, at most so many
 * times within a window, a failed restart being tried again by a message and never in a loop. A
 * child that keeps failing is given up, and whoever owns the supervisor decides what that means.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { Actor } from "./actor.ts"
import type { Decision, Fact } from "./behaviour.ts"
import type { Protocol } from "../base/protocol.ts"
import type { Kernel } from "./kernel.ts"

/** More defects than this within the window are no accident: the state itself is poisoned. */
export const restartsMax = 3
export const restartWindowMs = 60_000
/** Between two tries to restart one child; its cause (a full disk, a busy host) may pass. */
export const restartPauseMs = 1_000

export interface Child {
  readonly id: string
  /** Brings the child back from durable state. May fail; it is then tried again. */
  readonly revive: Effect.Effect<void, unknown>
}

interface Entry {
  readonly child: Child
  /** `failing`: it crashed while it was being revived, and the revival has not ended. */
  readonly status: "running" | "reviving" | "failing" | "givenUp"
  /** Monotonic times, in ms, of the restarts that are still in the window. */
  readonly restarts: readonly number[]
}
type State = { readonly [id: string]: Entry }

type Event =
  | (Fact & { readonly type: "watch"; readonly child: Child })
  | (Fact & { readonly type: "forget"; readonly id: string })
  | (Fact & {
      readonly type: "crashed" | "revived" | "reviveFailed"
      readonly id: string
      readonly atMs: number
    })

const without = (state: State, id: string): State =>
  Object.fromEntries(Object.entries(state).filter(([key]) => key !== id))

const stopReviving = (id: string) => ({ type: "stop", params: { script: `revive:${id}` } })

const retry = (state: State, entry: Entry, event: Event & { readonly atMs: number }) => {
  const { child } = entry
  const recent = entry.restarts.filter((atMs) => event.atMs - atMs < restartWindowMs)
  if (recent.length >= restartsMax)
    return {
      next: { ...state, [child.id]: { ...entry, status: "givenUp" as const } },
      actions: [{ type: "emit", params: { event: child.id } }]
    }
  const pauseMs = event.type === "crashed" ? 0 : restartPauseMs
  const next = { ...entry, status: "reviving" as const, restarts: [...recent, event.atMs] }
  const action = { type: "revive", params: { key: child.id, child, pauseMs } }
  return { next: { ...state, [child.id]: next }, actions: [action] }
}

const decide = (state: State, event: Event): Decision<State> => {
  if (event.type === "watch") {
    const { child } = event
    const entry: Entry = { child, status: "running", restarts: [] }
    return { next: { ...state, [child.id]: entry }, actions: [stopReviving(child.id)] }
  }
  const entry = state[event.id]
  if (entry === undefined) return { next: state, actions: [] }
  const become = (status: Entry["status"]): Decision<State> => ({
    next: { ...state, [event.id]: { ...entry, status } },
    actions: []
  })
  switch (event.type) {
    case "forget":
      return { next: without(state, event.id), actions: [stopReviving(event.id)] }
    case "revived":
      return entry.status === "failing" ? retry(state, entry, event) : become("running")
    case "crashed":
      // One revival at a time: the next begins when this one has ended.
      return entry.status === "running" ? retry(state, entry, event) : become("failing")
    default:
      return retry(state, entry, event)
  }
}

export class Supervisor {
  private readonly actor: Actor<State, Protocol, Event>
  private readonly kernel: Kernel

  constructor(name: string, kernel: Kernel, options: SupervisorOptions) {
    this.kernel = kernel
    const revive = ({ child, pauseMs }: { readonly child: Child; readonly pauseMs: number }) =>
      Effect.sleep(pauseMs).pipe(
        Effect.andThen(child.revive),
        Effect.matchCause({
          onSuccess: () => "revived" as const,
          onFailure: () => "reviveFailed" as const
        }),
        Effect.map((type): Event => ({ type, id: child.id, atMs: kernel.timers.nowMs() }))
      )
    this.actor = new Actor<State, Protocol, Event>(
      {
        name,
        initial: { next: {}, actions: [] },
        decide: (state, message) => decide(state, message as Event),
        describe: (state) => `watching ${Object.keys(state).length}`,
        scripts: { revive },
        onEmit: (id) => options.onGivenUp(String(id))
      },
      kernel,
      options.context ?? kernel.context
    )
  }

  watch(child: Child): void {
    this.actor.tell({ type: "watch", child })
  }

  forget(id: string): void {
    this.actor.tell({ type: "forget", id })
  }

  /** For an actor's `onCrash`. */
  crashed(id: string): void {
    this.actor.tell({ type: "crashed", id, atMs: this.kernel.timers.nowMs() })
  }

  stop(): Effect.Effect<void> {
    return this.actor.stop()
  }
}

export interface SupervisorOptions {
  /** The child failed too often; it stays down until somebody acts. */
  readonly onGivenUp: (id: string) => void
  /** By default the kernel's own. */
  readonly context?: Context.Context<never>
}
