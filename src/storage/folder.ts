/** The folder of a pool: made with those above it, and removed when it is empty. */
import * as Effect from "effect/Effect"
import { Files } from "../host/files.ts"
import type { PoolTarget } from "../model/storage.ts"

/** What libvirt gives a pool's folder for which no mode is asked, and the folders above it. */
const modeOfFolder = 0o711
const modeAbove = 0o755

/** Made already is fine; what is asked of its owner and mode holds afterwards in either case. */
export const buildFolder = Effect.fnUntraced(function* ({ path, permissions }: PoolTarget) {
  const files = yield* Files
  const parts = path.split("/").filter((part) => part !== "")
  for (let depth = 1; depth <= parts.length; depth++) {
    const isLast = depth === parts.length
    const mode = isLast ? (permissions?.mode ?? modeOfFolder) : modeAbove
    const folder = `/${parts.slice(0, depth).join("/")}`
    // A link on the way leads where its maker wanted; only the folder itself has to be one.
    if (isLast) yield* files.makeDirectory(folder, mode)
    else yield* Effect.catchIf(files.makeDirectory(folder, mode), isOther, () => Effect.void)
  }
  if (permissions?.owner !== undefined || permissions?.group !== undefined) {
    const now = yield* files.stat(path)
    yield* files.chown(path, permissions.owner ?? now.uid, permissions.group ?? now.gid)
  }
  if (permissions?.mode !== undefined) yield* files.chmod(path, permissions.mode)
})

const isOther = ({ code }: { readonly code: string }): boolean => code === "EEXIST"

/** Fails with `ENOTEMPTY` while there is anything in it. */
export const removeFolder = Effect.fnUntraced(function* ({ path }: PoolTarget) {
  yield* (yield* Files).removeDirectory(path)
})
