/** The words of `troupe trace`: what can be made of a trace file. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { flags, given, lazily } from "./flags.ts"
import { traceExportWords } from "./trace-export-words.ts"

const file = Argument.String("FILE").pipe(
  Argument.withDescription("a trace file, or inspection events of xstate; '-' is standard input")
)

const output = Flag.String("output").pipe(
  Flag.withAlias("o"),
  Flag.withMetavar("FILE"),
  Flag.withDescription("write it there"),
  Flag.optional
)

const place = (name: string, description: string) =>
  Flag.Int(name).pipe(Flag.withMetavar("N"), Flag.withDescription(description), Flag.optional)

const window = {
  from: place("from", "the first entry that is shown, counted from 0"),
  to: place("to", "the last entry that is shown")
} as const

const about = Flag.String("about").pipe(
  Flag.withMetavar("NAME"),
  Flag.withDescription("begin at, and follow, the device, domain or start with this in its name"),
  Flag.optional
)

const sequence = Command.make(
  "sequence",
  {
    file,
    output,
    ...window,
    theme: Flag.Literals("theme", ["auto", "light", "dark"]).pipe(
      Flag.withDescription("of the picture; auto is the reader's"),
      Flag.withDefault("auto" as const)
    )
  },
  ({ output, from, to, ...words }) =>
    lazily(
      () => import("./trace-replay.ts"),
      ({ sequence }) =>
        sequence({ ...words, output: given(output), from: given(from), to: given(to) })
    )
).pipe(Command.withDescription("Draw who sent what to whom, as SVG"))

const charts = Flag.String("chart").pipe(
  Flag.withMetavar("FILE[#EXPORT]"),
  Flag.withDescription(
    "a machine whose chart is shown, for traces of programs of your own; may be repeated"
  ),
  Flag.atLeast(0)
)

const report = Command.make(
  "report",
  { file, output, ...window, about, charts },
  ({ output, from, to, about, ...words }) =>
    lazily(
      () => import("./trace-replay.ts"),
      ({ report }) =>
        report({
          ...words,
          output: given(output),
          from: given(from),
          to: given(to),
          about: given(about)
        })
    )
).pipe(Command.withDescription("Make one HTML page that plays a trace on the charts"))

const play = Command.make(
  "play",
  {
    file,
    ...window,
    stop: Flag.String("stop").pipe(
      Flag.withMetavar("WORD"),
      Flag.withDescription("a part of a message, a state or a mark: 'n' goes to the next such"),
      Flag.optional
    ),
    about,
    isPlain: flags.flag("plain", "print it as a list, a line an entry")
  },
  ({ from, to, stop, about, ...words }) =>
    lazily(
      () => import("./trace-play.ts"),
      ({ play }) =>
        play({
          ...words,
          from: given(from),
          to: given(to),
          stop: given(stop),
          about: given(about)
        })
    )
).pipe(Command.withDescription("Step through a trace in the terminal"))

export const trace = Command.make("trace").pipe(
  Command.withDescription("Look at what an engine did, from a trace file"),
  Command.withSubcommands([sequence, report, play, traceExportWords])
)
