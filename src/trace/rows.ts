/**
 * The cells of an entry in a file, in order, each with how it is written. The one table that the
 * writer, the reader, the schema's test and the reference agree on.
 */
import type { NoteEntry, TurnEntry } from "./trace.ts"

/**
 * - word: the index of a string; `word?` may be -1, for none.
 * - count: a whole number from 0; `count?` may be -1.
 * - time: whole microseconds of monotonic time.
 * - words, counts: arrays of them.
 * - moves: three words for each thing that moved: its name, its state before and after.
 */
export type Cell = "word" | "word?" | "count" | "count?" | "time" | "words" | "counts" | "moves"

export const none = -1

type Columns<E> = { readonly [K in keyof E]: Cell }

export const turnColumns: Columns<TurnEntry> = {
  kind: "word",
  serial: "count",
  atMs: "time",
  life: "count",
  actor: "word",
  message: "word",
  lane: "word",
  outcome: "word",
  from: "word",
  to: "word",
  actions: "words",
  version: "count",
  call: "count?",
  procedure: "word?",
  cause: "word",
  sender: "word?",
  script: "word?",
  sent: "count",
  answers: "counts",
  defect: "word?",
  epoch: "word?",
  moved: "moves"
}

/** So many columns of turns were there from the first: a file may end with these. */
export const turnColumnsMin = 20

export const noteColumns: Columns<NoteEntry> = {
  kind: "word",
  atMs: "time",
  life: "count",
  who: "word?",
  name: "word",
  about: "word?",
  operation: "count?",
  text: "word?"
}

export const lanes = ["control", "events", "user"] as const satisfies readonly TurnEntry["lane"][]

export const outcomes = [
  "taken",
  "refused",
  "stale",
  "postponed",
  "crashed",
  "restarted",
  "stopped"
] as const satisfies readonly TurnEntry["outcome"][]
