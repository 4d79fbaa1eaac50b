/**
 * Upload and download: a volume's bytes for the life of a scope. An upload keeps everybody else off
 * the volume, a download only those who would change it.
 */
import * as Effect from "effect/Effect"
import { Files } from "../../src/host/files.ts"
import { Download, type DownloadOptions, type Range, Upload } from "../../src/storage/content.ts"
import type { StoragePools } from "./pools.ts"
import { findVolume, type Found, refreshed, volumeChange, type VolumeKey } from "./work.ts"

export type { DownloadOptions, Piece, Range } from "../../src/storage/content.ts"

/** Claims the volume until the scope closes, and then does `atEnd` before the claim ends. */
const claimed = Effect.fnUntraced(function* <R>(
  storage: StoragePools,
  { pool, volume, mode }: Found & { readonly mode: "read" | "write" },
  atEnd: (token: string) => Effect.Effect<void, never, R>
) {
  const { uuid } = pool.definition
  const token = yield* storage.disk.ids.token
  const what = `${mode === "read" ? "download" : "upload"} volume '${volume.name}'`
  const claim = { on: "volume", uuid, name: volume.name, mode, needs: "present" } as const
  yield* Effect.acquireRelease(storage.begin({ token, what, claims: [claim] }), () =>
    Effect.andThen(
      atEnd(token),
      Effect.sync(() => storage.end(token))
    )
  )
})

const opened = Effect.fnUntraced(function* (path: string, flag: "read" | "update") {
  const files = yield* Files
  return yield* Effect.acquireRelease(files.open(path, flag), (file) => files.close(file))
})

export const download = Effect.fnUntraced(function* (
  storage: StoragePools,
  key: VolumeKey,
  options: DownloadOptions
) {
  const found = yield* findVolume(storage, key)
  yield* claimed(storage, { ...found, mode: "read" }, () => Effect.void)
  return new Download(yield* opened(found.volume.path, "read"), options)
})

/** When the scope closes, whole or not, the volume is looked at again. */
export const upload = Effect.fnUntraced(function* (
  storage: StoragePools,
  key: VolumeKey,
  range: Range
) {
  const found = yield* findVolume(storage, key)
  const { pool, volume } = found
  yield* claimed(storage, { ...found, mode: "write" }, (token) =>
    Effect.ignore(
      Effect.flatMap(volumeChange(storage, pool, volume.name), ({ change }) =>
        storage.commit(token, [change], [refreshed(pool.definition)])
      )
    )
  )
  return new Upload(yield* opened(volume.path, "update"), range)
})
