/**
 * The tree of commands: words, flags and what they mean. What a command does stands in a file of
 * its own, loaded when it is called, so that `--help` is quick.
 */
import * as Effect from "effect/Effect"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { domainCommands } from "./command-domains.ts"
import { nameKinds } from "./completion-kinds.ts"
import { daemonCommands } from "./daemon-commands.ts"
import { Connect, flags, given, lazily, ReadOnly, withoutDaemon } from "./flags.ts"
import { definitionWords } from "./remote/words-domain.ts"
import { deviceWords } from "./remote/words-device.ts"
import { guestWords } from "./remote/words-guest.ts"
import { plugWords } from "./remote/words-plug.ts"
import { hostWords } from "./remote/words-host.ts"
import { storageWords } from "./remote/words-storage.ts"
import { trace } from "./trace-words.ts"

const file = (what: string) => Argument.String("FILE").pipe(Argument.withDescription(what))

const run = Command.make(
  "run",
  {
    files: file("definitions in libvirt's XML; '-' is standard input").pipe(Argument.atLeast(1)),
    root: flags.root,
    isKept: flags.flag("keep", "the guests go on when the command ends"),
    isDefined: flags.flag("define", "define them first; they stay defined"),
    isJson: flags.flag("json", "one JSON object a line instead of the table"),
    trace: Flag.String("trace").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription("write what the engine did last there, at the end and at SIGUSR2"),
      Flag.optional
    )
  },
  ({ root, trace, ...options }) =>
    Effect.andThen(
      withoutDaemon("run"),
      lazily(
        () => import("./run.ts"),
        ({ run }) => run({ ...options, root: given(root), trace: given(trace) })
      )
    )
).pipe(Command.withDescription("Run guests in the foreground, with a live table; Ctrl-C ends them"))

const demo = Command.make(
  "demo",
  { isOnce: flags.flag("once", "put the guests through their paces, and end") },
  (options) =>
    Effect.andThen(
      withoutDaemon("demo"),
      lazily(
        () => import("./demo/demo.ts"),
        ({ demo }) => demo(options)
      )
    )
).pipe(Command.withDescription("Boot three small guests of Troupe's own, and show them"))

const chart = Command.make(
  "chart",
  {
    machine: Argument.String("MACHINE").pipe(
      Argument.withDescription("a machine's name, or FILE or FILE#EXPORT of an xstate machine"),
      Argument.optional
    ),
    format: Flag.Literals("format", [
      "mermaid",
      "svg",
      "png",
      "plantuml",
      "dot",
      "scxml",
      "xstate",
      "json",
      "layout",
      "text",
      "boxes",
      "tree"
    ]).pipe(
      Flag.withDescription(
        "by default what the file's suffix says, else mermaid, or a tree with a word that marks"
      ),
      Flag.optional
    ),
    highlight: Flag.String("highlight").pipe(
      Flag.withMetavar("STATE[,STATE]"),
      Flag.withDescription("mark these states"),
      Flag.optional
    ),
    coverage: Flag.String("coverage").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription("mark what tests reached, and list what they did not; may be repeated"),
      Flag.atLeast(0)
    ),
    failUnder: Flag.Finite("fail-under").pipe(
      Flag.withMetavar("PCT"),
      Flag.withDescription("exit with 1 when less was reached"),
      Flag.optional
    ),
    diff: Flag.String("diff").pipe(
      Flag.withMetavar("OTHER"),
      Flag.withDescription("mark what the machine has otherwise than this older one"),
      Flag.optional
    ),
    theme: Flag.Literals("theme", ["auto", "light", "dark"]).pipe(
      Flag.withDescription("of a picture; auto is the reader's"),
      Flag.withDefault("auto" as const)
    ),
    output: Flag.String("output").pipe(
      Flag.withAlias("o"),
      Flag.withMetavar("FILE"),
      Flag.withDescription("write it there"),
      Flag.optional
    ),
    isList: flags.flag("list", "print the names of the machines")
  },
  ({ machine, output, format, highlight, failUnder, diff, ...options }) =>
    lazily(
      () => import("./charts.ts"),
      ({ chart }) =>
        chart({
          ...options,
          machine: given(machine),
          output: given(output),
          format: given(format),
          highlight: given(highlight),
          failUnder: given(failUnder),
          diff: given(diff)
        })
    )
).pipe(Command.withDescription("Print or draw the statechart of a machine"))

const configShow = Command.make(
  "show",
  {
    file: Flag.String("config").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription("this file, by default ROOT/etc/qemu.conf"),
      Flag.optional
    ),
    root: flags.root,
    withOrigin: flags.flag("origin", "where each value comes from, and what is done with it"),
    isAll: flags.flag("all", "also the keys that have their defaults"),
    isJson: flags.flag("json", "the same as -o json"),
    format: flags.format
  },
  ({ file, root, isJson, format, ...options }) =>
    lazily(
      () => import("./config-show.ts"),
      ({ configShow }) =>
        configShow({
          ...options,
          file: given(file),
          root: given(root),
          format: isJson ? "json" : format
        })
    )
).pipe(Command.withDescription("Show the configuration, and warn of what has no effect"))

const config = Command.make("config").pipe(
  Command.withDescription("Look at qemu.conf"),
  Command.withSubcommands([configShow])
)

const validate = Command.make(
  "validate",
  { files: file("definitions to look at").pipe(Argument.atLeast(1)), format: flags.format },
  ({ files, format }) =>
    lazily(
      () => import("./validate.ts"),
      ({ validate }) => validate(files, format)
    )
).pipe(Command.withDescription("Check definitions, and tell by line and column what is wrong"))

const argv = Command.make(
  "argv",
  { file: file("the definition"), format: flags.format },
  ({ file, format }) =>
    lazily(
      () => import("./argv.ts"),
      ({ argv }) => argv(file, format)
    )
).pipe(Command.withDescription("Print the command line with which QEMU would be started"))

const doctor = Command.make(
  "doctor",
  { root: flags.root, format: flags.format },
  ({ root, format }) =>
    lazily(
      () => import("./doctor.ts"),
      ({ doctor }) => doctor(given(root), format)
    )
).pipe(Command.withDescription("Find out what this host can do, and what is missing"))

/** Shells whose completion is written. */
export const shells = ["bash", "zsh", "fish"] as const

const completion = Command.make(
  "completion",
  {
    shell: Argument.Literals("SHELL", shells).pipe(
      Argument.withDescription("print its script; see the shell's manual for where it goes")
    )
  },
  ({ shell }) =>
    lazily(
      () => import("./completion.ts"),
      ({ completion }) => completion(tree(), shell)
    )
).pipe(Command.withDescription("Print the completion script of a shell"))

const complete = Command.make(
  "__complete",
  {
    kind: Argument.Literals("KIND", nameKinds).pipe(Argument.withDescription("names of what")),
    root: flags.root
  },
  ({ kind, root }) =>
    lazily(
      () => import("./names.ts"),
      ({ names }) => names(kind, given(root))
    )
).pipe(Command.withDescription("Print names, for the completion of shells"), Command.unlisted)

/** Completion is of the tree that it is a part of. */
const tree = (): Command.Command.Any => troupe

/** The whole tree. */
export const troupe = Command.make("troupe").pipe(
  Command.withDescription("Virtual machines on QEMU, by actors and without a lock"),
  Command.withSubcommands([
    run,
    demo,
    ...domainCommands,
    ...definitionWords,
    ...guestWords,
    ...plugWords,
    ...hostWords,
    ...deviceWords,
    ...storageWords,
    ...daemonCommands,
    validate,
    argv,
    config,
    doctor,
    chart,
    trace,
    completion,
    complete
  ]),
  Command.withGlobalFlags([Connect, ReadOnly])
)
