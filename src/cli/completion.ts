/** `troupe completion`: the script by which a shell completes our words. */
import * as Effect from "effect/Effect"
import type * as Command from "effect/cli/Command"
import * as Completions from "effect/cli/Completions"
import { Screen } from "./screen.ts"

export const completion = Effect.fnUntraced(function* (
  tree: Command.Command.Any,
  shell: "bash" | "zsh" | "fish"
) {
  const screen = yield* Screen
  const script = Completions.generate("troupe", shell, Completions.fromCommand(tree))
  yield* screen.write(script.endsWith("\n") ? script : `${script}\n`)
})
