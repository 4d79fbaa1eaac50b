/**
 * What is said about a chart beside what it is: which states are meant, how often something was
 * taken, what is new. Marks are by id; a scene carries them into the picture. Pure; what they look
 * like stands in svg.ts and tree.ts.
 */
import type { ChartTransition } from "./chart.ts"
import { mergeEvents, withNote } from "./label.ts"

/**
 * active: the reader's attention; hit, never: coverage; added, removed, changed: a comparison.
 */
export type Mark = "active" | "hit" | "never" | "added" | "removed" | "changed"

/** A text and what is said of it. */
export interface Text {
  readonly text: string
  readonly mark?: Mark
}

export interface Marked {
  readonly mark: Mark
  /** A sign before the text, so that colour is not all that tells. */
  readonly sign?: string
  /** Behind the event or the state's name: a count. */
  readonly note?: string
  /** On a line of its own: what was there before. */
  readonly before?: string
}

export interface Marks {
  /** By the state's id. */
  readonly states: ReadonlyMap<string, Marked>
  /** By `transitionKey`. */
  readonly transitions: ReadonlyMap<string, Marked>
  /** What stands in a state's box instead of what it does, by the state's id. */
  readonly lines?: ReadonlyMap<string, readonly Text[]>
  /** What the marks mean, for the reader; drawn below the chart. */
  readonly legend: readonly Text[]
}

export const noMarks: Marks = { states: new Map(), transitions: new Map(), legend: [] }

/** The name of a transition: its state's id, and its place among the state's transitions. */
export const transitionKey = (state: string, at: number): string => `${state}#${at}`

/** A transition with its name. */
export interface Keyed {
  readonly key: string
  readonly transition: ChartTransition
}

const textOf = (text: string, mark: Mark | undefined): Text =>
  mark === undefined ? { text } : { text, mark }

/** A text with its sign, and what was there before on a line of its own. */
const told = (text: string, marked: Marked | undefined): readonly Text[] => {
  const { sign, before, mark } = marked ?? {}
  const first = textOf(sign === undefined ? text : `${sign} ${text}`, mark)
  return before === undefined ? [first] : [first, textOf(before, mark)]
}

/** The transitions in words: those that differ in their event only together, if marked the same. */
export function transitionTexts(
  transitions: readonly Keyed[],
  marks: Marks,
  lengthMax?: number
): readonly Text[] {
  const groups = new Map<string, { readonly marked: Marked | undefined; all: ChartTransition[] }>()
  for (const { key, transition } of transitions) {
    const marked = marks.transitions.get(key)
    const name = JSON.stringify([marked?.mark, marked?.sign, marked?.before])
    const group = groups.get(name) ?? { marked, all: [] }
    group.all.push(withNote(transition, marked?.note ?? ""))
    groups.set(name, group)
  }
  return [...groups.values()].flatMap(({ marked, all }) =>
    mergeEvents(all, lengthMax).flatMap((text) => told(text, marked))
  )
}

/** The mark of an arrow for several transitions; undefined where they are not of one. */
export function commonMark(keys: readonly string[], marks: Marks): Mark | undefined {
  const found = new Set(keys.map((key) => marks.transitions.get(key)?.mark))
  const [only] = found
  if (found.size === 1) return only
  // An arrow that was taken at all was taken; one that is partly new is there still.
  return found.has("hit") ? "hit" : undefined
}

/** A state's name with its sign and its count. */
export function titleText(name: string, marked: Marked | undefined): string {
  const { sign, note } = marked ?? {}
  return [sign, name, note].filter((word) => word !== undefined && word !== "").join(" ")
}
