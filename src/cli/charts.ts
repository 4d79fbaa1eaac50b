/**
 * `troupe chart`: the statechart of a machine of ours, or of one that a file exports, as text or as
 * a picture. Which machines there are, and how files are loaded, is a service.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { suggest } from "../config/suggest.ts"
import { BadInput, NoSuchThing } from "./failure.ts"
import { Home } from "./home.ts"
import { absolute } from "./input.ts"
import { replaceFile } from "./replace-file.ts"
import { Screen } from "./screen.ts"

export const chartFormats = [
  "mermaid",
  "svg",
  "png",
  "plantuml",
  "dot",
  "scxml",
  "xstate",
  "json",
  "layout"
] as const
export type ChartFormat = (typeof chartFormats)[number]

export const chartThemes = ["auto", "light", "dark"] as const
export type ChartTheme = (typeof chartThemes)[number]

/** A machine by its name among ours, or by the file that exports it and the export's name. */
export type ChartSubject =
  | { readonly name: string }
  | { readonly path: string; readonly exported: string | undefined }

export interface ChartOptions {
  readonly format: ChartFormat
  readonly theme: ChartTheme
}

export interface ChartRoom {
  readonly names: readonly string[]
  readonly written: (
    subject: ChartSubject,
    options: ChartOptions
  ) => Effect.Effect<string | Uint8Array, BadInput | NoSuchThing>
}

/** Loaded when it is asked for: the machines bring xstate with them. */
export class Charts extends Context.Service<Charts, { readonly load: Effect.Effect<ChartRoom> }>()(
  "troupe/cli/Charts"
) {}

/** Readable by everyone, as files that a shell makes are. */
const mode = 0o644

/** `FILE`, `FILE#export`, or a name: names of machines have neither a slash nor a dot. */
function subjectOf(word: string, directory: string): ChartSubject {
  const [path = "", ...rest] = word.split("#")
  if (!/[./]/.test(path)) return { name: word }
  const exported = rest.length === 0 ? undefined : rest.join("#")
  return { path: absolute(path, directory), exported }
}

const known = Effect.fnUntraced(function* (subject: ChartSubject, names: readonly string[]) {
  if (!("name" in subject) || names.includes(subject.name)) return
  const near = suggest(subject.name, names)
  const hint = near === undefined ? `there are ${names.join(", ")}` : `did you mean '${near.word}'?`
  return yield* new NoSuchThing({ message: `there is no machine '${subject.name}'; ${hint}` })
})

export interface ChartWords extends ChartOptions {
  readonly machine: string | undefined
  readonly output: string | undefined
  readonly isList: boolean
}

export const chart = Effect.fnUntraced(function* (words: ChartWords) {
  const { machine, output, isList } = words
  const { names, written } = yield* (yield* Charts).load
  const screen = yield* Screen
  if (isList) return yield* screen.write(names.map((name) => `${name}\n`).join(""))
  if (machine === undefined) {
    return yield* new BadInput({ message: `of which machine? There are ${names.join(", ")}` })
  }
  const { workingDirectory } = yield* Home
  const subject = subjectOf(machine, workingDirectory)
  yield* known(subject, names)
  const isPrinted = output === undefined || output === "-"
  if (isPrinted && words.format === "png" && screen.isTerminal) {
    return yield* new BadInput({ message: "a PNG is no text for a terminal: name a file with -o" })
  }
  const file = yield* written(subject, words)
  const bytes = typeof file === "string" ? new TextEncoder().encode(file) : file
  if (isPrinted) return yield* screen.writeBytes(bytes)
  yield* replaceFile(absolute(output, workingDirectory), { bytes, mode })
})
