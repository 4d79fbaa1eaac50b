/**
 * Has the kernel load a module, by kmod's `modprobe`. Whether what the module brings is there
 * afterwards is for the caller to see: a kernel may have it built in.
 */
import * as Effect from "effect/Effect"
import { Files } from "./files.ts"
import { runProgram } from "./short-program.ts"

/** Fixed, never from PATH: it runs with the engine's rights. */
const places = ["/usr/sbin/modprobe", "/sbin/modprobe", "/usr/bin/modprobe", "/bin/modprobe"]

/** Where the host has it. */
export const findModprobe = Effect.gen(function* () {
  const files = yield* Files
  for (const path of places)
    if ((yield* Effect.option(files.stat(path)))._tag === "Some") return path
  return undefined
})

/** Why it was not loaded, in modprobe's words; undefined when modprobe is content. */
export const loadModule = Effect.fnUntraced(function* (module: string) {
  const modprobe = yield* findModprobe
  if (modprobe === undefined) return "the host has no modprobe (kmod) to load it with"
  const done = yield* Effect.result(runProgram([modprobe, module]))
  return done._tag === "Failure" ? `'modprobe ${module}' failed: ${done.failure.why}` : undefined
})
