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
  /** Of a crash: the defect, in words. */
  readonly defect: string | undefined
}

/** A record that is made when it is read: most turns are never looked at. */
export type LazyRecord = () => InspectionRecord

type Listener = (record: InspectionRecord) => void

export class Inspection {
  private readonly ring: LazyRecord[] = []
  private next = 0
  private readonly listeners = new Map<Listener, (defect: unknown) => void>()
  private taken = 0

  /** The number of the next record; numbers say what came before what. */
  serial(): number {
    return this.taken++
  }

  publish(lazy: LazyRecord): void {
    this.ring[this.next] = lazy
    this.next = (this.next + 1) % ringLengthMax
    if (this.listeners.size === 0) return
    const record = lazy()
    for (const [listener, onDropped] of this.listeners) {
      try {
        listener(record)
      } catch (defect) {
        // A looker-on must not end the actor that it looks at.
        this.listeners.delete(listener)
        onDropped(defect)
      }
    }
  }

  /**
   * Calls `listener` for every turn from now on, on the stack of the turn: it must not wait. One
   * that throws is dropped, and `onDropped` is told.
   */
  watch(listener: Listener, onDropped: (defect: unknown) => void = () => {}): () => void {
    this.listeners.set(listener, onDropped)
    return () => void this.listeners.delete(listener)
  }

  /** The last turns, oldest first. */
  recent(): readonly InspectionRecord[] {
    const older = this.ring.slice(this.next)
    return [...older, ...this.ring.slice(0, this.next)].map((lazy) => lazy())
  }
}
