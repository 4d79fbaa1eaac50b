/**
 * What a trace is, as plain data: a header that says where it comes from, and what happened, in
 * order. Turns are the records of the kernel's inspection stream; notes are what the stream does
 * not see: faults, the host's doings, clients' calls, broken rules. Holds types of messages, never
 * messages, so that no secret is in it.
 */
import type { InspectionRecord } from "../kernel/inspection.ts"

export const traceFormat = "troupe-trace"

/** Of the file. A change that an older reader would misunderstand raises it. */
export const traceVersion = 1

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json }

export interface TraceHeader {
  /** The version of the program whose turns these are. */
  readonly program: string
  /** Who wrote it: `troupe run`, `a program, pid 17`, `simulation`. */
  readonly createdBy: string
  /** The wall clock at monotonic time 0, in ms since 1970; `undefined` when there was none. */
  readonly wallOriginMs: number | undefined
  /** Of a simulated world: what does the same again. */
  readonly simulation: { readonly seed: number | undefined; readonly plan: Json } | undefined
  /** Id of the statechart, by kind of actor: the word before the first `/` of its name. */
  readonly machines: { readonly [kind: string]: string }
  /** Id of the statechart that each thing of an actor follows (`moved`), by kind of actor. */
  readonly things: { readonly [kind: string]: string }
  /** A hash of each statechart's structure, by its id: whether a chart is the one of then. */
  readonly charts: { readonly [machine: string]: string }
  /** Machines as JSON, by id: of programs that are not ours, whose charts nobody else has. */
  readonly definitions: { readonly [machine: string]: string }
  /** Entries that happened before the first one here and were not kept. */
  readonly omitted: number
}

/** One turn of one actor; or its restart, crash or end. */
export interface TurnEntry extends InspectionRecord {
  readonly kind: "turn"
  /** Which life of the engine: after a crash the next begins, and serials begin again. From 1. */
  readonly life: number
}

export const noteKinds = [
  "fault",
  "happening",
  "invoke",
  "return",
  "event",
  "violation",
  "remark"
] as const

/**
 * - fault: a planned fault came to pass; `name` is `seam/fault`, `text` what was being done.
 * - happening: the host or a guest did something; `name` as `qemu-exited`.
 * - invoke, return: a client's call begins and ends; `operation` ties them together. The `name` of
 *   a return is `ok` or the tag of the error.
 * - event: a subscriber got an event.
 * - violation: a rule was found broken; `name` is the rule's.
 * - remark: anything else.
 */
export type NoteKind = (typeof noteKinds)[number]

export interface NoteEntry {
  readonly kind: NoteKind
  /** Monotonic, in ms. */
  readonly atMs: number
  readonly life: number
  /** The lane that it is drawn in: `client 2`, `qemu 4711`, `host`. */
  readonly who: string | undefined
  readonly name: string
  /** What it is about: the name of an actor, a uuid. */
  readonly about: string | undefined
  readonly operation: number | undefined
  readonly text: string | undefined
}

export type Entry = TurnEntry | NoteEntry

export interface Trace {
  readonly header: TraceHeader
  /** In the order in which they happened. */
  readonly entries: readonly Entry[]
}

/** The kind of an actor: `domain` of `domain/00000000-...`. */
export const kindOf = (actor: string): string => actor.split("/", 1)[0] ?? actor
