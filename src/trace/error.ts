/** Why a text is not a trace that can be read, and where. */
import * as Data from "effect/Data"

/**
 * - not-json: the text is no JSON.
 * - half: it ends too early, as a file does whose writer was stopped.
 * - not-a-trace: JSON of another kind.
 * - newer: a later version of the format.
 * - invalid: a value is not what stands at that place.
 * - too-large: more than a reader takes.
 */
export type TraceProblem = "not-json" | "half" | "not-a-trace" | "newer" | "invalid" | "too-large"

export class TraceError extends Data.TaggedError("TraceError")<{
  readonly problem: TraceProblem
  /** `line 3, column 7` of the text, or a path as `entries[3][1]`. */
  readonly place: string
  readonly reason: string
}> {
  override get message(): string {
    return `cannot read the trace at ${this.place}: ${this.reason}`
  }
}
