/** The words of `troupe trace export`. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { given, lazily } from "./flags.ts"

const place = (name: string, description: string) =>
  Flag.Int(name).pipe(Flag.withMetavar("N"), Flag.withDescription(description), Flag.optional)

export const traceExportWords = Command.make(
  "export",
  {
    file: Argument.String("FILE").pipe(
      Argument.withDescription(
        "a trace file, or inspection events of xstate; '-' is standard input"
      )
    ),
    format: Flag.Literals("format", ["perfetto", "mermaid", "stately", "trace"]).pipe(
      Flag.withDescription("for Perfetto, as a sequence diagram, for Stately's tools, as a trace")
    ),
    output: Flag.String("output").pipe(
      Flag.withAlias("o"),
      Flag.withMetavar("FILE"),
      Flag.withDescription("write it there"),
      Flag.optional
    ),
    from: place("from", "the first entry that is told, counted from 0"),
    to: place("to", "the last entry that is told")
  },
  ({ output, from, to, ...words }) =>
    lazily(
      () => import("./trace-export.ts"),
      ({ traceExport }) =>
        traceExport({ ...words, output: given(output), from: given(from), to: given(to) })
    )
).pipe(Command.withDescription("Write a trace for other programs, or make one of xstate's events"))
