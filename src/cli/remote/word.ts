/**
 * The one shape of all words that a daemon answers: a row says how the word is written, what is
 * called, and what of the answer is shown. Whatever they have in common is done here and in
 * `ask.ts`, which is loaded when a word is called.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { flags, given, lazily } from "../flags.ts"
import type { Answering, Asking, Column } from "./answer.ts"

type Config = Command.Command.Config
type Infer<C extends Config> = Command.Command.Config.Infer<C>

export interface Word<Args extends Config, Flags extends Config> {
  readonly word: string
  /** The word that it stands behind, of two. */
  readonly below?: string
  readonly alias?: string
  readonly about: string
  readonly args: Args
  readonly flags: Flags
  /** Fields that the table shows, in their order; all of them where it is left out. */
  readonly columns?: readonly Column[]
  readonly call: (own: Infer<Args> & Infer<Flags>, asking: Asking) => Answering
}

/** A row as a command. */
export const word = <const Args extends Config, const Flags extends Config>({
  word: name,
  below,
  alias,
  about,
  args,
  flags: own,
  columns,
  call
}: Word<Args, Flags>) => {
  const command = Command.make(
    name,
    { args, own, root: flags.root, format: flags.format },
    (found) =>
      lazily(
        () => import("./ask.ts"),
        ({ ask }) => {
          // The parts that are generic here are what their rows say.
          const words = Object.assign({}, found.args, found.own) as Infer<Args> & Infer<Flags>
          const { root, format } = found
          const called = below === undefined ? name : `${below} ${name}`
          return ask({ word: called, root: given(root), format, columns }, (asking) =>
            call(words, asking)
          )
        }
      )
  ).pipe(Command.withDescription(about))
  return alias === undefined ? command : Command.withAlias(command, alias)
}

const described = (name: string, about: string) =>
  Argument.String(name).pipe(Argument.withDescription(about))

/** Arguments that many words have. */
export const arg = {
  text: described,
  optional: (name: string, about: string) => Argument.optional(described(name, about)),
  many: (name: string, about: string) => Argument.variadic(described(name, about)),
  number: (name: string, about: string) => Argument.Int(name).pipe(Argument.withDescription(about)),
  domain: described("DOMAIN", "a name, a uuid, or the number of a running one"),
  pool: described("POOL", "the name of a storage pool"),
  volume: described("VOLUME", "the name of a volume, or its path"),
  size: described("SIZE", "a number of KiB, or with a unit as 512MiB or 2G")
} as const

/** Flags that many words have. */
export const flag = {
  is: flags.flag,
  text: (name: string, metavar: string, about: string) =>
    Flag.String(name).pipe(Flag.withMetavar(metavar), Flag.withDescription(about), Flag.optional),
  number: (name: string, about: string) =>
    Flag.Int(name).pipe(Flag.withDescription(about), Flag.optional)
} as const

/** Which of a domain's two definitions is meant. */
export const impact = {
  live: flags.flag("live", "of the running guest"),
  config: flags.flag("config", "of the persistent definition")
} as const
