/**
 * Makes a volume: under a hidden name of its own first, so that a crash, a kill or a failure leaves
 * nothing that could pass for a volume, and with its own name when it is whole and synced.
 */
import * as Effect from "effect/Effect"
import { Files } from "../host/files.ts"
import type { Permissions } from "../model/storage.ts"
import { VolumeExists } from "../model/storage-error.ts"
import type { Creation } from "./creation.ts"
import { runTool } from "./image-tool.ts"
import { temporaryName, volumePath } from "./names.ts"

/** What libvirt gives a volume for which no mode is asked. */
const modeOfVolume = 0o600

export interface Making {
  readonly program: string
  /** The engine root's id, and the job's own token: whose the hidden file is. */
  readonly root: string
  readonly token: string
  readonly pool: { readonly name: string; readonly folder: string }
  readonly name: string
  readonly permissions: Permissions | undefined
}

const isThere = Effect.fnUntraced(function* (path: string) {
  const files = yield* Files
  return yield* files.stat(path).pipe(
    Effect.as(true),
    Effect.catchIf(
      ({ code }) => code === "ENOENT",
      () => Effect.succeed(false)
    )
  )
})

const refuseExisting = Effect.fnUntraced(function* ({ pool, name }: Making) {
  // A file that came after the last look: it is somebody's, and stays.
  if (yield* isThere(volumePath(pool.folder, name)))
    return yield* new VolumeExists({ pool: pool.name, volume: name })
})

/** The content is on the disk before the name is. */
const syncContent = Effect.fnUntraced(function* (path: string) {
  const files = yield* Files
  yield* Effect.acquireUseRelease(
    files.open(path, "read"),
    (file) => files.sync(file),
    (file) => files.close(file)
  )
})

const give = Effect.fnUntraced(function* (path: string, permissions: Permissions | undefined) {
  const files = yield* Files
  const { owner, group, mode = modeOfVolume } = permissions ?? {}
  // Before the mode: changing the owner takes set-uid bits away.
  if (owner !== undefined || group !== undefined) {
    const now = yield* files.stat(path)
    yield* files.chown(path, owner ?? now.uid, group ?? now.gid)
  }
  yield* files.chmod(path, mode)
})

/** The name is given, synced and told of without a gap: what has its name is the pool's. */
const show = <A, E, R>(making: Making, temporary: string, shown: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const files = yield* Files
    const { pool, name } = making
    yield* refuseExisting(making)
    yield* files.rename(temporary, volumePath(pool.folder, name))
    yield* files.syncDirectory(pool.folder)
    return yield* shown
  }).pipe(Effect.uninterruptible)

/**
 * Durable when it succeeds; `shown` runs when the volume has its name, and cannot be interrupted.
 * Interrupted or failed before, it leaves nothing.
 */
export const makeVolume = Effect.fnUntraced(function* <A, E, R>(
  making: Making,
  creation: Creation,
  shown: Effect.Effect<A, E, R>
) {
  const files = yield* Files
  const { program, root, token, pool, name, permissions } = making
  const temporary = volumePath(pool.folder, temporaryName(root, token))
  const doing = `make volume '${name}'`
  yield* refuseExisting(making)
  return yield* Effect.acquireUseRelease(
    // Nobody else's from the first byte on; the tool keeps the mode of what is there.
    Effect.flatMap(files.open(temporary, "create", modeOfVolume), (file) => files.close(file)),
    () =>
      Effect.gen(function* () {
        for (const words of creation.runs(temporary)) yield* runTool(program, { doing, words })
        if (creation.lengthBytes !== undefined)
          yield* files.truncate(temporary, creation.lengthBytes)
        yield* give(temporary, permissions)
        yield* syncContent(temporary)
        return yield* show(making, temporary, shown)
      }),
    () => Effect.ignore(files.unlink(temporary))
  )
})
