/** What an actor notes of a turn or of its own end, before it becomes a record. Types only. */
import type { Action } from "./behaviour.ts"
import type { Envelope } from "./desk.ts"
import type { Run } from "./script.ts"

/** What a record is made of, besides what the actor knows. */
export interface Note<M, S> {
  readonly message: string
  readonly cause: string
  readonly envelope?: Envelope<M>
  readonly before?: S | undefined
  readonly actions?: readonly Action[] | undefined
  readonly defect?: string | undefined
}

/** Where a defect came to light. */
export interface CrashSite<M, S> {
  readonly envelope?: Envelope<M>
  readonly before?: S
  readonly run?: Run
}
