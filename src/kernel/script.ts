/**
 * Scripts: the fibers in which an actor waits. A script belongs to the state that started it; its
 * last word returns as a message that carries the run's number, so that a word which comes after
 * the script was stopped is dropped before any chart sees it.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import { type Call, CurrentCall, OperationId } from "./call.ts"

/** One run of a script, as the wait-for graph and the fences see it. */
export interface Run {
  readonly actor: string
  readonly script: string
  readonly number: number
  /** The accepted calls on whose behalf it runs. */
  readonly serves: ReadonlySet<number>
  /** The envelope it carries on; what it asks is asked in its name. */
  readonly call: Call
  /** What it has asked and not been answered yet. */
  readonly asks: Set<Awaited>
}

/** Who sent a message: a script, or the turn of the actor of this name. */
export type Sender = Pick<Run, "actor" | "script"> | string

export const senderOf = (sender: Sender | undefined) =>
  typeof sender === "object"
    ? { sender: sender.actor, script: sender.script }
    : { sender, script: undefined }

/** A call as something that is waited for. The actor that holds it fills it in. */
export interface Awaited {
  readonly number: number
  readonly label: string
  /** The runs that this call waits for now; empty when nothing but a turn is missing. */
  readonly waitsFor: () => readonly Run[]
}

/** The run whose fiber this is, so that what it asks is known to be its own. */
export const CurrentRun: Context.Reference<Run | undefined> = Context.Reference<Run | undefined>(
  "troupe/kernel/CurrentRun",
  { defaultValue: () => undefined }
)

/**
 * The services of a context, without what is true only of the one who happens to build something
 * with them: whose call it was, for which script it ran, which operation it named.
 */
export const withoutCaller = <R>(context: Context.Context<R>): Context.Context<R> =>
  Context.omit(CurrentCall, CurrentRun, OperationId)(context) as Context.Context<R>

/** What a script may do to its own actor. */
export interface Self<M> {
  readonly name: string
  /** A fact for the control lane. Carries its epoch, for the sender may be late. */
  readonly tell: (fact: M) => void
  /** The scripts that the last state change interrupted have ended, their releases included. */
  readonly settled: Effect.Effect<void>
  /**
   * Facts that may come in floods: `false` when the lane is full; `whenRoom` says when it is not.
   */
  readonly offer: (fact: M) => boolean
  readonly whenRoom: (resume: () => void) => void
}

/** The path of calls by which `from` waits for `goal`, or `undefined`. */
export const pathTo = (goal: number, from: readonly Run[]): readonly string[] | undefined => {
  const seen = new Set<number>()
  const visit = (runs: readonly Run[]): readonly string[] | undefined => {
    for (const run of runs) {
      if (seen.has(run.number)) continue
      seen.add(run.number)
      const here = `${run.actor}/${run.script}`
      for (const asked of run.asks) {
        if (asked.number === goal) return [here, asked.label]
        const rest = visit(asked.waitsFor())
        if (rest !== undefined) return [here, asked.label, ...rest]
      }
    }
    return undefined
  }
  return visit(from)
}
