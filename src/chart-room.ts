/**
 * Puts the charts together for the command line: our machines by name, and machines that a file of
 * the user exports. Loading a file runs it, as any program that imports it does.
 */
import * as Effect from "effect/Effect"
import type { AnyStateMachine } from "xstate"
import { machines } from "../machines/index.ts"
import { exportsOf, messageOf } from "./chart-file.ts"
import { describe } from "./charts/describe.ts"
import { chartFromJson } from "./charts/from-json.ts"
import { chartPng, chartText } from "./charts/format.ts"
import { printable } from "./charts/printable.ts"
import type { ChartRoom, ChartSubject } from "./cli/charts.ts"
import { BadInput, NoSuchThing } from "./cli/failure.ts"

const ours: { readonly [name: string]: AnyStateMachine } = machines

/** By its shape: the user's xstate is another copy than ours, and may be of another version. */
const isMachine = (value: unknown): value is AnyStateMachine =>
  typeof value === "object" &&
  value !== null &&
  "root" in value &&
  "getInitialSnapshot" in value &&
  "implementations" in value

/** Machines of xstate 4 say what they are. */
const isOlder = (value: unknown): boolean =>
  typeof value === "object" && value !== null && "__xstatenode" in value && !isMachine(value)

const exportedBy = Effect.fnUntraced(function* (path: string, exported: string | undefined) {
  const all = yield* exportsOf(path)
  const found = Object.entries(all).flatMap(([name, value]) =>
    isMachine(value) ? [[name, value] as const] : []
  )
  const names = found.map(([name]) => printable(name, 80)).join(", ")
  const older = Object.entries(all).find(([, value]) => isOlder(value))?.[0]
  if (found.length === 0 && older !== undefined) {
    const message = `'${printable(older, 80)}' of '${path}' is a machine of xstate 4: 5 is read`
    return yield* new BadInput({ message })
  }
  if (found.length === 0) {
    return yield* new BadInput({ message: `'${path}' exports no machine of xstate 5` })
  }
  const wanted = exported ?? (found.length === 1 ? found[0]?.[0] : "default")
  const machine = found.find(([name]) => name === wanted)?.[1]
  if (machine !== undefined) return machine
  const message =
    exported === undefined
      ? `'${path}' exports several machines: name one as FILE#EXPORT, of ${names}`
      : `'${path}' exports no machine '${exported}'; there are ${names}`
  return yield* new NoSuchThing({ message })
})

const machineOf = (subject: ChartSubject) => {
  if ("path" in subject) return exportedBy(subject.path, subject.exported)
  const machine = ours[subject.name]
  return machine === undefined
    ? Effect.fail(new NoSuchThing({ message: `there is no machine '${subject.name}'` }))
    : Effect.succeed(machine)
}

export const room: ChartRoom = {
  names: Object.keys(ours),
  described: (subject) =>
    Effect.flatMap(machineOf(subject), (machine) =>
      Effect.try({
        try: () => describe(machine),
        catch: (error) => new BadInput({ message: messageOf(error) })
      })
    ),
  defined: (definition) =>
    Effect.try({
      try: () => chartFromJson(definition),
      catch: (error) => new BadInput({ message: messageOf(error) })
    }),
  written: (subject, { format, theme }) =>
    Effect.flatMap(machineOf(subject), (machine) =>
      Effect.tryPromise({
        try: (): Promise<string | Uint8Array> =>
          format === "png" ? chartPng(machine, { theme }) : chartText(machine, format, { theme }),
        catch: (error) => new BadInput({ message: messageOf(error) })
      })
    )
}
