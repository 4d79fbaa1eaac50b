/**
 * What an actor is made of, as types: the messages it takes, the words its decider may say, and the
 * behaviour that binds a decider to scripts. Nothing here runs.
 */
import type * as Effect from "effect/Effect"
import type { Answer, RequestMessage } from "../base/protocol.ts"
import type { ActorCrashed } from "./error.ts"
import type { Move } from "./inspection.ts"
import type { Self } from "./script.ts"

export interface Fact {
  readonly type: string
  /** Facts from outside carry the epoch that they tell of. */
  readonly epoch?: string | undefined
}

export interface Action {
  readonly type: string
  readonly params?: unknown
}

/** The four words that the kernel itself knows. Every other action names a script. */
export type Word =
  | {
      readonly type: "reply"
      readonly params: { readonly calls: readonly number[]; readonly answer: Answer }
    }
  | { readonly type: "stop"; readonly params: { readonly script: string } }
  | { readonly type: "postpone"; readonly params?: undefined }
  | { readonly type: "emit"; readonly params: { readonly event: unknown } }

export interface Decision<S> {
  readonly next: S
  readonly actions: readonly Action[]
}

/**
 * Name of a script -> what it does. Its value, when there is one, is its last word to the actor.
 */
export type Scripts<M, R> = {
  readonly [script: string]: (params: never, self: Self<M>) => Effect.Effect<M | void, never, R>
}

export interface Behaviour<S, P, F extends Fact, R> {
  readonly name: string
  readonly initial: Decision<S>
  /** Pure. Same state and no actions means: refused. */
  readonly decide: (state: S, message: RequestMessage<P> | F) => Decision<S>
  /**
   * The state's name, for records, errors, and to see whether a postponed request may try again.
   */
  readonly describe: (state: S) => string
  /** Which of its things a step has changed: for records. Pure; made when somebody looks. */
  readonly moved?: (before: S, after: S) => readonly Move[]
  /** Facts that carry another epoch are stale. Without this, epochs are not looked at. */
  readonly epochOf?: (state: S) => string | undefined
  readonly scripts: Scripts<RequestMessage<P> | F, R>
  /** Takes what the chart emits, on the actor's own turn. Must neither throw nor wait. */
  readonly onEmit?: (event: unknown) => void
  /** Why this request is refused in this state, in a few words. */
  readonly because?: (state: S, message: RequestMessage<P> | F) => string | undefined
  readonly mailboxLengthMax?: number
  /** Told of a defect, once; whoever supervises may then `restart`. */
  readonly onCrash?: (defect: ActorCrashed) => void
}

/** A script may run several times at once when its parameters carry a `key`: `query:17`. */
export const scriptKey = ({ type, params }: Action): string => {
  const key = (params as { readonly key?: string | number } | undefined)?.key
  return key === undefined ? type : `${type}:${key}`
}

/** The calls that these actions answer. */
export const answersOf = (actions: readonly Action[]): readonly number[] =>
  (actions as readonly Word[]).flatMap((word) => (word.type === "reply" ? word.params.calls : []))
