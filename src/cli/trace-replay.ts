/**
 * `troupe trace sequence` and `troupe trace report`: what a trace file tells, as a picture and as a
 * page. What the file says is never run.
 */
import * as Effect from "effect/Effect"
import { traceLengthMax } from "../trace/limits.ts"
import { reportPage, reportRowsMax } from "../replay/report.ts"
import { salvage } from "../replay/salvage.ts"
import { sequenceSvg } from "../replay/sequence.ts"
import { storyOf, type Window } from "../replay/story.ts"
import { concernsAbout, concernsOf } from "../replay/subject.ts"
import type { Trace } from "../trace/trace.ts"
import type { ChartTheme } from "./charts.ts"
import { BadInput } from "./failure.ts"
import { Home } from "./home.ts"
import { absolute, readInput } from "./input.ts"
import { replaceFile } from "./replace-file.ts"
import { Screen } from "./screen.ts"
import { followedBy } from "./trace-charts.ts"

/** So many rows are still a picture: 20,000 px high. */
const sequenceRowsMax = 500

/** Made by a shell's `>`, it would be the same. */
const mode = 0o644

/** The trace of a file; of half a file the part that is there, which is told. */
export const readTraceFile = Effect.fnUntraced(function* (path: string) {
  const bytes = yield* readInput(path, traceLengthMax)
  const { trace, notice } = yield* Effect.fromResult(salvage(new TextDecoder().decode(bytes))).pipe(
    Effect.mapError(({ message }) => new BadInput({ message: `'${path}': ${message}` }))
  )
  if (notice !== undefined) yield* (yield* Screen).warn(`troupe: '${path}': ${notice}\n`)
  return trace
})

export interface WindowWords {
  readonly from: number | undefined
  readonly to: number | undefined
}

/** Entries are counted from 0; `--to` is the last that is shown. */
export const windowOf = Effect.fnUntraced(function* (
  { entries }: Trace,
  { from, to }: WindowWords
) {
  const { length } = entries
  const window: Window = { from: from ?? 0, to: Math.min(length, (to ?? length - 1) + 1) }
  if (window.from < 0 || (window.from >= window.to && length > 0)) {
    const message = `the trace has the entries 0 to ${length - 1}: none is from ${window.from} to ${
      window.to - 1
    }`
    return yield* new BadInput({ message })
  }
  return window
})

/** At most so many, which is told: the first from `--from` on, else the last up to `--to`. */
const bounded = Effect.fnUntraced(function* (
  window: Window,
  { rowsMax, words }: { readonly rowsMax: number; readonly words: WindowWords }
) {
  const { from, to } = window
  if (to - from <= rowsMax) return window
  const cut = words.from === undefined ? { from: to - rowsMax, to } : { from, to: from + rowsMax }
  const told = `#${cut.from} to #${cut.to - 1} are shown of #${from} to #${to - 1}`
  const screen = yield* Screen
  yield* screen.warn(`troupe: ${told}: choose others with --from and --to\n`)
  return cut
})

const written = Effect.fnUntraced(function* (text: string, output: string | undefined) {
  if (output === undefined || output === "-") return yield* (yield* Screen).write(text)
  const { workingDirectory } = yield* Home
  const bytes = new TextEncoder().encode(text)
  yield* replaceFile(absolute(output, workingDirectory), { bytes, mode })
})

/** What the trace is about: by default what its broken rule names. */
export const concernsIn = Effect.fnUntraced(function* (trace: Trace, about: string | undefined) {
  const concerns = concernsOf(trace)
  if (about === undefined) return concerns
  const message = `no device, domain or start in the trace has '${about}' in its name`
  return concernsAbout(concerns, about) ?? (yield* new BadInput({ message }))
})

export interface ReplayWords extends WindowWords {
  readonly file: string
  readonly output: string | undefined
}

export const sequence = Effect.fnUntraced(function* (
  words: ReplayWords & { readonly theme: ChartTheme }
) {
  const trace = yield* readTraceFile(words.file)
  const window = yield* bounded(yield* windowOf(trace, words), { rowsMax: sequenceRowsMax, words })
  const story = storyOf(trace, { window })
  yield* written(sequenceSvg(story, { theme: words.theme, header: trace.header }), words.output)
})

export const report = Effect.fnUntraced(function* (
  words: ReplayWords & { readonly about: string | undefined; readonly charts: readonly string[] }
) {
  const { trace, charts } = yield* followedBy(yield* readTraceFile(words.file), words.charts)
  const concerns = yield* concernsIn(trace, words.about)
  const isAll = words.from === undefined && words.to === undefined
  const whole = yield* windowOf(trace, words)
  // Without a wish the page looks for the part around what was broken.
  const window = isAll ? {} : { window: yield* bounded(whole, { rowsMax: reportRowsMax, words }) }
  const { page, notices } = yield* reportPage(trace, { charts, concerns, ...window })
  const screen = yield* Screen
  for (const notice of notices) yield* screen.warn(`troupe: ${notice}\n`)
  yield* written(page, words.output)
})
