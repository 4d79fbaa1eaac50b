/** `troupe chart`: the statechart of a machine, as text. Which machines there are is a service. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { suggest } from "../config/suggest.ts"
import { NoSuchThing } from "./failure.ts"
import { Screen } from "./screen.ts"

export const chartFormats = ["mermaid", "json", "dot"] as const
export type ChartFormat = (typeof chartFormats)[number]

export interface ChartRoom {
  readonly names: readonly string[]
  readonly text: (name: string, format: ChartFormat) => string
}

/** Loaded when it is asked for: the machines bring xstate with them. */
export class Charts extends Context.Service<Charts, { readonly load: Effect.Effect<ChartRoom> }>()(
  "troupe/cli/Charts"
) {}

export const chart = Effect.fnUntraced(function* (name: string, format: ChartFormat) {
  const { load } = yield* Charts
  const { names, text } = yield* load
  const screen = yield* Screen
  if (names.includes(name)) return yield* screen.write(text(name, format))
  const near = suggest(name, names)
  const hint = near === undefined ? `there are ${names.join(", ")}` : `did you mean '${near.word}'?`
  return yield* new NoSuchThing({ message: `there is no machine '${name}'; ${hint}` })
})
