/**
 * `troupe trace export`: a trace file for other programs: Perfetto, Mermaid, tools of Stately. What
 * it reads may also be inspection events of `@statelyai/inspect`, and those come out as a trace.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { mermaidEntriesMax, mermaidSequence } from "../trace/mermaid.ts"
import { perfetto } from "../trace/perfetto.ts"
import { statelyText } from "../trace/stately.ts"
import type { Trace } from "../trace/trace.ts"
import { writeTrace } from "../trace/write.ts"
import { Charts } from "./charts.ts"
import { BadInput } from "./failure.ts"
import { Home } from "./home.ts"
import { absolute } from "./input.ts"
import { replaceFile } from "./replace-file.ts"
import { Screen } from "./screen.ts"
import { readTraceFile } from "./trace-replay.ts"

export const exportFormats = ["perfetto", "mermaid", "stately", "trace"] as const
export type ExportFormat = (typeof exportFormats)[number]

export interface ExportWords {
  readonly file: string
  readonly format: ExportFormat
  readonly output: string | undefined
  readonly from: number | undefined
  readonly to: number | undefined
}

const mode = 0o644

/** The machines of the trace that are ours, as definitions. */
const definitions = Effect.fnUntraced(function* ({ header }: Trace) {
  const { names, written } = yield* (yield* Charts).load
  const wanted = [...new Set(Object.values(header.machines))].filter((id) => names.includes(id))
  const all = yield* Effect.forEach(wanted, (name) =>
    Effect.map(Effect.option(written({ name }, { format: "xstate", theme: "auto" })), (text) => {
      const json = Option.getOrUndefined(text)
      return [
        name,
        typeof json === "string" ? JSON.stringify(JSON.parse(json)) : undefined
      ] as const
    })
  )
  return new Map([...all, ...Object.entries(header.definitions)])
})

const textOf = Effect.fnUntraced(function* (trace: Trace, format: ExportFormat) {
  if (format === "perfetto") return perfetto(trace)
  if (format === "mermaid") return mermaidSequence(trace)
  if (format === "trace") return writeTrace(trace)
  const known = yield* definitions(trace)
  return statelyText(trace, { definitionOf: (machine) => known.get(machine) })
})

/** The entries from one to another, both counted from 0; the header says what is left out. */
const windowOf = Effect.fnUntraced(function* (trace: Trace, { from = 0, to }: ExportWords) {
  const { header, entries } = trace
  const end = Math.min(entries.length, (to ?? entries.length - 1) + 1)
  if (from < 0 || (from >= end && entries.length > 0)) {
    const all = `the trace has the entries 0 to ${entries.length - 1}`
    return yield* new BadInput({ message: `${all}: none is from ${from} to ${end - 1}` })
  }
  return {
    header: { ...header, omitted: header.omitted + from },
    entries: entries.slice(from, end)
  }
})

export const traceExport = Effect.fnUntraced(function* (words: ExportWords) {
  const { file, format, output } = words
  const trace = yield* windowOf(yield* readTraceFile(file), words)
  const screen = yield* Screen
  const left = trace.entries.length - mermaidEntriesMax
  if (format === "mermaid" && left > 0) {
    const told = `the first ${mermaidEntriesMax} of ${trace.entries.length} entries are drawn`
    yield* screen.warn(`troupe: ${told}: choose others with --from and --to\n`)
  }
  const text = yield* textOf(trace, format)
  if (output === undefined || output === "-") return yield* screen.write(text)
  const { workingDirectory } = yield* Home
  const bytes = new TextEncoder().encode(text)
  yield* replaceFile(absolute(output, workingDirectory), { bytes, mode })
})
