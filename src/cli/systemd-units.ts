/** `troupe systemd-units`: the unit files of the daemon, to standard output or into a directory. */
import * as Effect from "effect/Effect"
import { units } from "../rpc/systemd.ts"
import { Daemons } from "./daemon.ts"
import { Home } from "./home.ts"
import { Screen } from "./screen.ts"

export interface UnitsOptions {
  readonly root: string | undefined
  readonly socketDirectory: string | undefined
}

/** Where clients look for the system's daemon. */
const usualSocketDirectory = "/run/libvirt"

export const systemdUnits = Effect.fnUntraced(function* (options: UnitsOptions) {
  const screen = yield* Screen
  const { defaultRoot } = yield* Home
  const { program } = yield* Daemons
  const { root = defaultRoot, socketDirectory = usualSocketDirectory } = options
  for (const { name, text } of units({ program, root, socketDirectory }))
    yield* screen.write(`# ${name}\n${text}\n`)
})
