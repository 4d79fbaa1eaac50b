/**
 * One stream that tells every turn of every actor. Console, traces, coverage, tests, logs and
 * telemetry read this stream and nothing else. Keeps the last turns in a ring, described only when
 * somebody looks.
 */
import type { Lane } from "./mailbox.ts"
import { ringLengthMax } from "./limits.ts"

/**
 * - taken: the decider moved or acted.
 * - refused: it allowed nothing; a request got `RequestDenied`.
 * - stale: it came from an earlier epoch, or from a script that had been stopped; never decided on.
 * - postponed: it waits in the actor until the state changes.
 * - crashed: a defect ended the actor, in a turn or in the script that the record names.
 * - restarted: its supervisor set it going again, in the state `to`.
 * - stopped: it was ended for good.
 */
export type Outcome =
  | "taken"
  | "refused"
  | "stale"
  | "postponed"
  | "crashed"
  | "restarted"
  | "stopped"

/** One of several things that an actor owns came to another state, or was changed in the same. */
export interface Move {
  readonly thing: string
  readonly from: string
  readonly to: string
}

/** One turn, or one end or restart of an actor. Plain data, safe to write into a trace. */
export interface InspectionRecord {
  readonly serial: number
  /** Monotonic, in ms. */
  readonly atMs: number
  readonly actor: string
  readonly message: string
  readonly lane: Lane
  readonly outcome: Outcome
  readonly from: string
  readonly to: string
  readonly actions: readonly string[]
  /** Version of the published snapshot after the turn. */
  readonly version: number
  readonly call: number | undefined
  readonly procedure: string | undefined
  /** What brought the message: `ask`, `tell`, or the script whose last word it is. */
  readonly cause: string
  /** The actor that sent it. `undefined`: a client, or the host, which are no actors. */
  readonly sender: string | undefined
  /** The script of the sender that sent it; `undefined` when the sender's own turn did. */
  readonly script: string | undefined
  /** It was sent before the record of this number: whatever was sent later it overtook, or not. */
  readonly sent: number
  /** The calls that the turn answered. What is refused is answered without being named here. */
  readonly answers: readonly number[]
  /** Of a crash: the defect, in words. */
  readonly defect: string | undefined
  /** The epoch that the actor is in; of a turn that ended one, that one. */
  readonly epoch: string | undefined
  /** Of an actor that owns several things: those that were changed, `movesMax` at most. */
  readonly moved: readonly Move[]
}

/** A record that is made when it is read: most turns are never looked at. */
export type LazyRecord = () => InspectionRecord

/**
 * A turn with what it was about, for lookers-on in the same process: coverage, laws. Not to be
 * written anywhere, for messages and states may hold secrets.
 */
export interface Turn {
  readonly record: InspectionRecord
  readonly message: { readonly type: string }
  readonly before: unknown
  readonly after: unknown
  /** Types of the messages that wait in the actor when the turn is over; the first of each lane. */
  readonly pending: readonly string[]
}

type Listener = (record: InspectionRecord) => void
type TurnListener = (turn: Turn) => void

export class Inspection {
  private readonly ring: LazyRecord[] = []
  private next = 0
  private readonly listeners = new Map<Listener, (defect: unknown) => void>()
  private readonly turnListeners = new Map<TurnListener, (defect: unknown) => void>()
  private taken = 0

  /** The number of the next record; numbers say what came before what. */
  serial(): number {
    return this.taken++
  }

  /** How many numbers are taken: what is sent now comes before the record of this number. */
  get count(): number {
    return this.taken
  }

  publish(lazy: LazyRecord, turn?: () => Omit<Turn, "record">): void {
    this.ring[this.next] = lazy
    this.next = (this.next + 1) % ringLengthMax
    if (this.listeners.size + this.turnListeners.size === 0) return
    const record = lazy()
    tell(this.listeners, record)
    if (turn !== undefined && this.turnListeners.size > 0)
      tell(this.turnListeners, { ...turn(), record })
  }

  /**
   * Calls `listener` for every turn from now on, on the stack of the turn: it must not wait. One
   * that throws is dropped, and `onDropped` is told.
   */
  watch(listener: Listener, onDropped: (defect: unknown) => void = () => {}): () => void {
    this.listeners.set(listener, onDropped)
    return () => void this.listeners.delete(listener)
  }

  /** As `watch`, with what each turn was about. Costs more: the mailbox is looked into. */
  watchTurns(listener: TurnListener, onDropped: (defect: unknown) => void = () => {}): () => void {
    this.turnListeners.set(listener, onDropped)
    return () => void this.turnListeners.delete(listener)
  }

  /** The last turns, oldest first. */
  recent(): readonly InspectionRecord[] {
    const older = this.ring.slice(this.next)
    return [...older, ...this.ring.slice(0, this.next)].map((lazy) => lazy())
  }
}

const tell = <A>(listeners: Map<(told: A) => void, (defect: unknown) => void>, told: A): void => {
  for (const [listener, onDropped] of listeners) {
    try {
      listener(told)
    } catch (defect) {
      // A looker-on must not end the actor that it looks at.
      listeners.delete(listener)
      onDropped(defect)
    }
  }
}
