/**
 * Draws calls that overlap, for people: a line for each, with its span. Ticks are drawn as ranks,
 * so that long pauses take no room. Pure text.
 */
import type { ApiCall } from "./api-call.ts"
import type { Happening, Operation, OperationResult } from "./operation.ts"

/** More lines than this are no small drawing: the earliest are left out. */
const linesMax = 24

const fieldsOf = (fields: object): string =>
  Object.entries(fields)
    .filter(([name, value]) => !["call", "domain", "afterMs"].includes(name) && value !== undefined)
    .map(([name, value]) => (value === true ? name : `${name} ${value}`))
    .join(", ")

/** `define d0 (version 3)`. */
export const describeCall = (call: ApiCall): string => {
  const domain = "domain" in call ? ` d${call.domain}` : ""
  const fields = fieldsOf(call)
  return `${call.call}${domain}${fields === "" ? "" : ` (${fields})`}`
}

export const describeResult = (result: OperationResult | undefined): string => {
  if (result === undefined) return "no answer"
  if (result.kind === "error") return result.tag
  const { value } = result
  if (value === undefined) return "ok"
  if (!("domains" in value)) return fieldsOf(value) || "ok"
  const rows = value.domains.map(({ name, state }) => `${name} ${state}`)
  return rows.length === 0 ? "nothing" : rows.join(", ")
}

const labelOf = (what: Operation | Happening): string => {
  if ("call" in what)
    return `client ${what.client}: ${describeCall(what.call)} -> ${describeResult(what.result)}`
  return what.uuid === undefined ? what.kind : `${what.kind} (${what.epoch ?? "?"})`
}

const spanOf = (what: Operation | Happening): readonly [number, number | undefined] =>
  "call" in what ? [what.invokedAt, what.endedAt] : [what.at, what.at]

/** `culprit` is marked; `until` is where the drawing ends. */
export const draw = (
  all: readonly (Operation | Happening)[],
  { culprit, until }: { readonly culprit: unknown; readonly until: number }
): string => {
  const sorted = [...new Set(all)].toSorted((a, b) => spanOf(a)[0] - spanOf(b)[0])
  const shown = sorted.slice(-linesMax)
  const ends = shown.map((what) => Math.min(spanOf(what)[1] ?? until, until))
  const ticks = [...new Set([...shown.map((what) => spanOf(what)[0]), ...ends])].toSorted(
    (a, b) => a - b
  )
  const width = Math.max(0, ...shown.map((what) => labelOf(what).length))
  const lines = shown.map((what, index) => {
    const [from, to] = spanOf(what)
    const begin = ticks.indexOf(from)
    const end = ticks.indexOf(ends[index] ?? until)
    const isOpen = to === undefined || to > until
    const bar = begin === end ? "*" : `|${"-".repeat(end - begin - 1)}${isOpen ? ">" : "|"}`
    const mark = what === culprit ? "  <== impossible" : ""
    return `  ${labelOf(what).padEnd(width)}  ${" ".repeat(begin)}${bar}${mark}`
  })
  const left = sorted.length - shown.length
  return [...(left > 0 ? [`  (${left} earlier)`] : []), ...lines].join("\n")
}
