/** The commands about domains that need no daemon, in virsh's words: flags and arguments. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import type { Deed, deeds as Deeds } from "./domains.ts"
import { flags, given, lazily, waitFlags } from "./flags.ts"

const domain = Argument.String("DOMAIN").pipe(
  Argument.withDescription("a name, a uuid, or the number of a running one")
)

const mode = Flag.Literals("mode", ["acpi", "agent"]).pipe(
  Flag.withDescription("how the guest is told; by default the agent, or else the power button"),
  Flag.optional
)

const domains = () => import("./domains.ts")

const list = Command.make(
  "list",
  {
    isAll: flags.flag("all", "also those that are off"),
    isInactive: flags.flag("inactive", "only those that are off"),
    isTransient: flags.flag("transient", "only those without a persistent definition"),
    isPersistent: flags.flag("persistent", "only those with one"),
    isAutostart: flags.flag("autostart", "only those that start with the engine"),
    isWatched: flags.flag("watch", "again after each change, until Ctrl-C"),
    root: flags.root,
    format: flags.format
  },
  ({ isAll, isInactive, isTransient, isPersistent, isAutostart, root, ...how }) =>
    lazily(domains, ({ list }) =>
      list(
        { root: given(root) },
        {
          ...how,
          filter: {
            ...(isAll ? {} : { isActive: !isInactive }),
            ...(isTransient === isPersistent ? {} : { isPersistent }),
            ...(isAutostart ? { isAutostart } : {})
          }
        }
      )
    )
).pipe(Command.withDescription("List domains; by default those that run"), Command.withAlias("ls"))

const info = Command.make(
  "info",
  { domain, root: flags.root, format: flags.format },
  ({ domain, root, format }) =>
    lazily(domains, ({ info }) => info({ root: given(root) }, domain, format))
).pipe(Command.withDescription("Tell all about one domain"), Command.withAlias("dominfo"))

const dumpxml = Command.make(
  "dumpxml",
  {
    domain,
    isInactive: flags.flag("inactive", "the persistent definition, also while it runs"),
    withSecrets: flags.flag("security-info", "passwords too"),
    root: flags.root,
    format: flags.format
  },
  ({ domain, root, ...options }) =>
    lazily(domains, ({ dumpxml }) => dumpxml({ root: given(root) }, domain, options))
).pipe(Command.withDescription("Print the definition of a domain"))

const define = Command.make(
  "define",
  {
    file: Argument.String("FILE").pipe(Argument.withDescription("the definition")),
    isValidated: flags.flag("validate", "what is not known is an error"),
    root: flags.root,
    format: flags.format
  },
  ({ file, root, ...how }) =>
    lazily(domains, ({ define }) => define({ root: given(root) }, file, how))
).pipe(Command.withDescription("Make a domain, or replace its definition; starts nothing"))

interface Words<Own> {
  readonly name: string
  readonly about: string
  readonly own: Own
}

/** A command that does one thing to one domain, and can wait until it shows. */
const deed = <const Own extends Command.Command.Config>(
  { name, about, own }: Words<Own>,
  ask: (deeds: typeof Deeds, own: Command.Command.Config.Infer<Own>) => Deed
) =>
  Command.make(
    name,
    { domain, root: flags.root, format: flags.format, ...waitFlags, own },
    ({ domain: key, root, format, wait, timeout, own: chosen }) =>
      lazily(domains, ({ perform, deeds }) =>
        perform(
          { root: given(root), wait: given(wait), timeoutMs: timeout * 1000, format },
          key,
          ask(deeds, chosen as Command.Command.Config.Infer<Own>)
        )
      )
  ).pipe(Command.withDescription(about))

const start = deed(
  {
    name: "start",
    about: "Start a domain; its guest goes on when the command ends",
    own: { isPaused: flags.flag("paused", "the guest waits before its first instruction") }
  },
  (deeds, { isPaused }) => deeds.start(isPaused)
)

const shutdown = deed(
  { name: "shutdown", about: "Tell a guest to shut down", own: { mode } },
  (deeds, { mode }) => deeds.shutdown(given(mode) ?? "default")
)

const reboot = deed(
  { name: "reboot", about: "Tell a guest to reboot", own: { mode } },
  (deeds, { mode }) => deeds.reboot(given(mode) ?? "default")
)

const destroy = deed(
  {
    name: "destroy",
    about: "End a guest at once, as by pulling the plug",
    own: { isGraceful: flags.flag("graceful", "QEMU gets time to flush its disks") }
  },
  (deeds, { isGraceful }) => deeds.destroy(isGraceful)
)

const autostart = deed(
  {
    name: "autostart",
    about: "Start a domain with the engine from now on",
    own: { isOff: flags.flag("disable", "not any more") }
  },
  (deeds, { isOff }) => deeds.autostart(!isOff)
)

const rename = deed(
  {
    name: "domrename",
    about: "Give a new name to a domain that is off",
    own: { newName: Argument.String("NAME").pipe(Argument.withDescription("the new name")) }
  },
  (deeds, { newName }) => deeds.rename(newName)
)

const suspend = deed({ name: "suspend", about: "Pause a guest", own: {} }, (deeds) =>
  deeds.suspend()
)
const resume = deed({ name: "resume", about: "Let a paused guest go on", own: {} }, (deeds) =>
  deeds.resume()
)
const reset = deed(
  { name: "reset", about: "Press the reset button of a guest", own: {} },
  (deeds) => deeds.reset()
)
const wakeup = deed(
  { name: "dompmwakeup", about: "Wake up a guest that sleeps", own: {} },
  (deeds) => deeds.wakeup()
)
const undefine = deed(
  { name: "undefine", about: "Take away the definition of a domain", own: {} },
  (deeds) => deeds.undefine()
)

export const domainCommands = [
  list,
  info,
  dumpxml,
  define,
  undefine,
  start,
  suspend,
  resume,
  shutdown,
  reboot,
  reset,
  wakeup,
  destroy,
  autostart,
  rename
] as const
