/**
 * A disk that takes its time, so that what waits for it meets what does not: the host's own files,
 * behind a pause.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { HostServices } from "../../../actors/driver/parts.ts"
import { Files } from "../../../src/host/files.ts"

/** Before each read of a file, and before each sync of one or of a directory. */
export interface Slowness {
  readonly readMs?: number
  readonly syncMs?: number
}

export const slowed = (
  host: Context.Context<HostServices>,
  { readMs = 0, syncMs = 0 }: Slowness
): Context.Context<HostServices> => {
  const files = Context.get(host, Files)
  return Context.add(host, Files, {
    ...files,
    read: (path, bytesMax) => Effect.andThen(Effect.sleep(readMs), files.read(path, bytesMax)),
    sync: (file) => Effect.andThen(Effect.sleep(syncMs), files.sync(file)),
    syncDirectory: (path) => Effect.andThen(Effect.sleep(syncMs), files.syncDirectory(path))
  })
}
