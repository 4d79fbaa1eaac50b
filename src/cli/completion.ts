/**
 * `troupe completion`: the script by which a shell completes our words; and `troupe __complete`,
 * which those scripts ask for the names that there are now. Scripts of words and flags come from
 * the tree of commands; here the names are added to them.
 */
import * as Effect from "effect/Effect"
import type * as Command from "effect/cli/Command"
import * as Completions from "effect/cli/Completions"
import { argumentOf, type Kind, nameKinds } from "./completion-kinds.ts"
import { Screen } from "./screen.ts"

export type Shell = "bash" | "zsh" | "fish"

/** The commands that take a name of each kind. */
const wordsTaking = (tree: Completions.CommandDescriptor, kind: Kind): readonly string[] =>
  tree.subcommands
    .filter((word) => word.arguments.some(({ name }) => name === argumentOf[kind]))
    .map(({ name }) => name)

const bashNames = (tree: Completions.CommandDescriptor): string => `
_troupe--names()
{
  _troupe "$@"
  (( \${#COMPREPLY[@]} )) && return
  local cur="\${COMP_WORDS[COMP_CWORD]}" kind="" name i
  local -a where=()
  [[ "$cur" == -* ]] && return
  case "\${COMP_WORDS[COMP_CWORD-1]}" in
    --root|--connect|-c|--output|-o|--timeout) return ;;
  esac
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i]}" in
      --root) where=(--root "\${COMP_WORDS[i+1]}") ;;
${nameKinds.map((kind) => `      ${wordsTaking(tree, kind).join("|")}) kind=${kind} ;;`).join("\n")}
    esac
  done
  [[ -n "$kind" ]] || return
  while IFS= read -r name; do
    [[ "$name" == "$cur"* ]] && COMPREPLY+=("$(printf %q "$name")")
  done < <("\${COMP_WORDS[0]}" __complete "$kind" "\${where[@]}" 2>/dev/null)
}

complete -F _troupe--names troupe
`

const zshNames: string = nameKinds
  .map(
    (kind) => `
_troupe--${kind}() {
  local -a names
  names=(\${(f)"$(troupe __complete ${kind} 2>/dev/null)"})
  compadd -a names
}
`
  )
  .join("")

const fishNames = (tree: Completions.CommandDescriptor): string =>
  nameKinds
    .map((kind) => {
      const words = wordsTaking(tree, kind).join(" ")
      const names = `'(troupe __complete ${kind} 2>/dev/null)'`
      return `complete -c troupe -n '__fish_seen_subcommand_from ${words}' -f -a ${names}\n`
    })
    .join("")

const described = (tree: Completions.CommandDescriptor, kind: Kind): ReadonlySet<string> =>
  new Set(
    tree.subcommands
      .flatMap((word) => word.arguments)
      .filter(({ name }) => name === argumentOf[kind])
      .map(({ description = "" }) => description)
  )

/** Of zsh, an argument's description stands before what completes it, which is nothing. */
const withZshNames = (script: string, tree: Completions.CommandDescriptor): string => {
  const [head = "", ...rest] = script.split("\n")
  let body = rest.join("\n")
  for (const kind of nameKinds)
    for (const description of described(tree, kind))
      body = body.replaceAll(`:${description}:'`, `:${description}:_troupe--${kind}'`)
  return `${head}\n${zshNames}${body}`
}

/** The script of a shell: words and flags as they are, and names as they will be. */
export const completionScript = (tree: Command.Command.Any, shell: Shell): string => {
  const descriptor = Completions.fromCommand(tree)
  const listed = {
    ...descriptor,
    subcommands: descriptor.subcommands.filter(({ name }) => !name.startsWith("__"))
  }
  const script = Completions.generate("troupe", shell, listed).trimEnd()
  switch (shell) {
    case "bash":
      return `${script}\n${bashNames(listed)}`
    case "fish":
      return `${script}\n${fishNames(listed)}`
    case "zsh":
      return `${withZshNames(script, listed)}\n`
  }
}

export const completion = Effect.fnUntraced(function* (tree: Command.Command.Any, shell: Shell) {
  yield* (yield* Screen).write(completionScript(tree, shell))
})
