/**
 * What remote displays share: where they listen, their position in the definition, the keyboard.
 */
import { devicesOf } from "../../model/device.ts"
import type { Graphics, GraphicsListen } from "../../model/device/graphics.ts"
import type { Arg } from "./arg.ts"
import type { ArgvContext } from "./context.ts"

/** Where a display listens: the first element decides. */
export const listenOf = (graphics: {
  readonly listens: readonly GraphicsListen[]
}): GraphicsListen => graphics.listens[0] ?? { type: "address" }

export const positionOf = (graphics: Graphics, { domain }: ArgvContext): number =>
  devicesOf(domain, "graphics").indexOf(graphics)

/** The keyboard's layout is one for all displays. */
export const keymapArgs = (keymap: string | undefined): readonly Arg[] =>
  keymap === undefined ? [] : [["-k", keymap]]
