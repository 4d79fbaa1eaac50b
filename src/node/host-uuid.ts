/**
 * The host's uuid, the same at every start: the firmware's where it was given one, else one that
 * is made once and kept in a file. Where neither can be had it lasts as long as the engine.
 */
import * as Effect from "effect/Effect"
import { Ids } from "../base/ids.ts"
import { Files } from "../host/files.ts"
import { readFirmwareUuid } from "../host/node-identity.ts"
import { readLine } from "../host/node-files.ts"
import { isUuid } from "../model/validate.ts"

const fileMode = 0o644

/** Whole or not at all: a host that changes its uuid looks like another to its clients. */
const keep = Effect.fnUntraced(function* (path: string, uuid: string) {
  const files = yield* Files
  const temporary = `${path}.${yield* (yield* Ids).token}`
  const written = Effect.gen(function* () {
    const file = yield* files.open(temporary, "create", fileMode)
    const text = new TextEncoder().encode(`${uuid}\n`)
    yield* Effect.ensuring(
      Effect.andThen(files.write(file, text), files.sync(file)),
      files.close(file)
    )
    yield* files.rename(temporary, path)
    yield* files.syncDirectory(path.slice(0, path.lastIndexOf("/")))
  })
  yield* Effect.onError(written, () => Effect.ignore(files.unlink(temporary)))
}, Effect.uninterruptible)

/** `path` is the file for hosts whose firmware has none. */
export const hostUuid = Effect.fnUntraced(function* (path: string) {
  const firmware = yield* readFirmwareUuid
  if (firmware !== undefined) return firmware
  const kept = yield* readLine(path)
  if (kept !== undefined && isUuid(kept)) return kept
  const uuid = yield* (yield* Ids).uuid
  yield* Effect.ignore(keep(path, uuid))
  return uuid
})
