/**
 * A trace as Mermaid's sequence diagram, for pages and discussions: one lane for each actor, arrows
 * for what was sent, notes for states and for what the host did. Of a long trace as much as Mermaid
 * takes, and a note that says how much is left. Pure; the same trace gives the same text.
 *
 * Gotchas: `#` and `;` begin and end Mermaid's own entities, so that all signs with a meaning are
 * written as such; participants have numbers for names, and their text apart.
 */
import { lanesOf, lanesShown, laneOf, machineOf, outside, shownText } from "./names.ts"
import type { Entry, NoteEntry, Trace, TurnEntry } from "./trace.ts"

/** More entries make a text that Mermaid refuses (50,000 characters by default). */
export const mermaidEntriesMax = 250

const textMax = 70

const special = /[#;<>%{}`"\\&]/g

const escape = (text: string): string =>
  text.replace(special, (sign) => `#${sign.codePointAt(0) ?? 32};`)

/** Mermaid takes no empty text. */
const words = (text: string): string => escape(shownText(text, textMax)) || "(empty)"

interface Pen {
  readonly idOf: (lane: string) => string
  /** The lane that asked, by the call's number. */
  readonly askers: ReadonlyMap<string, string>
  readonly hasRegions: (actor: string) => boolean
}

const shortState = (state: string, before: string): string => {
  // Of several regions those that moved.
  const old = new Set(before.split(" "))
  const moved = state.split(" ").filter((part) => !old.has(part))
  return moved.length === 0 ? state : moved.join(" ")
}

function turnLines(pen: Pen, entry: TurnEntry): readonly string[] {
  const { actor, sender = outside, message, outcome, from, to, defect } = entry
  const [source, target] = [pen.idOf(sender), pen.idOf(actor)]
  const state = pen.hasRegions(actor) ? shortState(to, from) : to
  const arrow = outcome === "refused" || outcome === "stale" ? "-x" : "->>"
  const how = outcome === "taken" ? "" : ` (${outcome})`
  const isOwn = outcome === "restarted" || outcome === "stopped" || outcome === "crashed"
  const said = isOwn
    ? `Note over ${target}: ${words(`${message}${how}`)}`
    : `${source}${arrow}${target}: ${words(`${message}${how}`)}`
  return [
    said,
    ...(from === to ? [] : [`Note over ${target}: ${words(state)}`]),
    ...(defect === undefined ? [] : [`Note over ${target}: ${words(defect)}`]),
    ...answersLines(pen, entry)
  ]
}

const callKey = (life: number, call: number): string => `${life} ${call}`

/** An arrow back to each who asked. */
function answersLines(pen: Pen, { actor, answers, life }: TurnEntry): readonly string[] {
  const calls = new Map<string, readonly number[]>()
  for (const call of answers) {
    const asker = pen.askers.get(callKey(life, call)) ?? outside
    calls.set(asker, [...(calls.get(asker) ?? []), call])
  }
  return [...calls].map(([asker, all]) => {
    const text = all.length === 1 ? `answers call ${all.join("")}` : `answers ${all.length} calls`
    return `${pen.idOf(actor)}-->>${pen.idOf(asker)}: ${text}`
  })
}

function noteLine(pen: Pen, { kind, name, text, ...entry }: NoteEntry): string {
  const more = text === undefined ? "" : ` ${text}`
  const shown = kind === "remark" ? name : `${kind} ${name}`
  const lane = pen.idOf(laneOf({ kind, name, text, ...entry }))
  return `Note over ${lane}: ${words(`${shown}${more}`)}`
}

const linesOf = (pen: Pen, entry: Entry): readonly string[] =>
  entry.kind === "turn" ? turnLines(pen, entry) : [noteLine(pen, entry)]

/** The first entries of the trace as a diagram's text. */
export function mermaidSequence(trace: Trace): string {
  const { entries } = trace
  const kept = entries.slice(0, mermaidEntriesMax)
  const isAnswered = kept.some((entry) => entry.kind === "turn" && entry.answers.length > 0)
  const lanes = [...new Set([...(isAnswered ? [outside] : []), ...lanesOf(kept)])]
  const shown = lanesShown(lanes)
  const ids = new Map(lanes.map((lane, at) => [lane, `p${at}`]))
  const turns = kept.flatMap((entry) => (entry.kind === "turn" ? [entry] : []))
  const pen: Pen = {
    idOf: (lane) => ids.get(lane) ?? "p0",
    hasRegions: (actor) => machineOf(trace, actor) !== undefined,
    askers: new Map(
      turns.flatMap(({ life, call, sender = outside }) =>
        call === undefined ? [] : [[callKey(life, call), sender] as const]
      )
    )
  }
  const left = entries.length - kept.length
  const [first = ""] = ids.values()
  const body = [
    ...lanes.map((lane) => `participant ${pen.idOf(lane)} as ${words(shown.get(lane) ?? lane)}`),
    ...kept.flatMap((entry) => linesOf(pen, entry)),
    ...(left === 0 ? [] : [`Note over ${first}: ${left} entries more`])
  ]
  return `${["sequenceDiagram", ...body.map((line) => `  ${line}`)].join("\n")}\n`
}
