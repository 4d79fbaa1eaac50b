/**
 * What may be asked of storage about volumes: each a claim on the volume, a deed on its file, and
 * one turn in which what came of it is published.
 */
import * as Effect from "effect/Effect"
import type { Volume, VolumeWish } from "../../src/model/storage.ts"
import {
  StorageRefused,
  StorageUnsupported,
  VolumeNotFound
} from "../../src/model/storage-error.ts"
import {
  deleteVolume as deleteFile,
  type Resizing,
  resizeVolume as resizeFile,
  wipeVolume as wipeFile
} from "../../src/storage/changing.ts"
import {
  type Creation,
  type CreationOptions,
  copyOf,
  creationOf
} from "../../src/storage/creation.ts"
import { formatVolume, parseVolume } from "../../src/storage/definition.ts"
import { makeVolume } from "../../src/storage/making.ts"
import type { XmlOptions } from "./pool-calls.ts"
import type { StoragePools } from "./pools.ts"
import type { Claim } from "./state.ts"
import {
  findActive,
  findVolume,
  type Found,
  lookAtOne,
  type PoolKey,
  volumeChange,
  type VolumeKey,
  working
} from "./work.ts"

export type { Resizing } from "../../src/storage/changing.ts"

export interface VolumeIdentity {
  readonly pool: string
  readonly name: string
  /** Its path. */
  readonly key: string
}

export const volumeIdentity = ({ pool, volume }: Found): VolumeIdentity => ({
  pool: pool.definition.name,
  name: volume.name,
  key: volume.path
})

const wishFrom = Effect.fnUntraced(function* (xml: string, { isValidated = false }: XmlOptions) {
  const { wish, reports } = yield* Effect.fromResult(parseVolume(xml))
  const unknown = isValidated ? reports.find(({ kind }) => kind === "unknown") : undefined
  if (unknown === undefined) return wish
  return yield* new StorageRefused({ what: "take the volume", why: unknown.sentence })
})

interface Order {
  readonly wish: VolumeWish
  readonly creation: Creation
  /** What else is worked with: the source of a copy. */
  readonly claims: readonly Claim[]
}

/** Hidden until it is whole; then published before anybody is answered. */
const make = Effect.fnUntraced(function* (
  storage: StoragePools,
  key: PoolKey,
  { wish, creation, claims }: Order
) {
  const pool = yield* findActive(storage, key)
  const { name } = wish
  const { uuid, target, name: poolName } = pool.definition
  const claim = { on: "volume", uuid, name, mode: "write", needs: "absent" } as const
  const job = { what: `create volume '${name}'`, claims: [claim, ...claims] }
  return yield* working(storage, job, (token) =>
    Effect.gen(function* () {
      const making = {
        program: yield* storage.program,
        root: storage.root,
        token,
        pool: { name: poolName, folder: target.path },
        name,
        permissions: wish.target?.permissions
      }
      const shown = Effect.gen(function* () {
        const { change, volume } = yield* volumeChange(storage, pool, name)
        yield* storage.commit(token, [change], [])
        if (volume === undefined) return yield* new VolumeNotFound({ by: "name", key: name })
        return volumeIdentity({ pool, volume })
      })
      return yield* makeVolume(making, creation, shown)
    })
  )
})

export interface CreateOptions extends XmlOptions, CreationOptions {
  readonly xml: string
}

export const createVolume = Effect.fnUntraced(function* (
  storage: StoragePools,
  pool: PoolKey,
  options: CreateOptions
) {
  const wish = yield* wishFrom(options.xml, options)
  const creation = yield* Effect.fromResult(creationOf(wish, options))
  return yield* make(storage, pool, { wish, creation, claims: [] })
})

export interface CopyOptions extends CreateOptions {
  readonly from: VolumeKey
}

/** A volume with the content of another one, whose pool may be another too. */
export const copyVolume = Effect.fnUntraced(function* (
  storage: StoragePools,
  pool: PoolKey,
  options: CopyOptions
) {
  const wish = yield* wishFrom(options.xml, options)
  const source = yield* findVolume(storage, options.from)
  const creation = yield* Effect.fromResult(copyOf(wish, source.volume, options))
  return yield* make(storage, pool, { wish, creation, claims: [claimOn(source, "read")] })
})

const claimOn = ({ pool, volume }: Found, mode: "read" | "write"): Claim => ({
  on: "volume",
  uuid: pool.definition.uuid,
  name: volume.name,
  mode,
  needs: "present"
})

/** However the deed ended, the volume is looked at and published as it then is. */
const changing = <E, R>(
  storage: StoragePools,
  { key, what }: { readonly key: VolumeKey; readonly what: string },
  deed: (found: Found) => Effect.Effect<unknown, E, R>
) =>
  Effect.flatMap(findVolume(storage, key), (found) => {
    const { pool, volume } = found
    const job = { what: `${what} volume '${volume.name}'`, claims: [claimOn(found, "write")] }
    return working(storage, job, (token) =>
      Effect.ensuring(
        deed(found),
        Effect.ignore(
          Effect.flatMap(volumeChange(storage, pool, volume.name), ({ change }) =>
            storage.commit(token, [change], [])
          )
        )
      )
    )
  }).pipe(Effect.asVoid)

export const resizeVolume = (storage: StoragePools, key: VolumeKey, resizing: Resizing) =>
  changing(storage, { key, what: "resize" }, ({ volume }) =>
    Effect.flatMap(storage.program, (program) => resizeFile(program, volume, resizing))
  )

/** With zeros; the patterns that take special programs are refused. */
export const wipeVolume = (storage: StoragePools, key: VolumeKey, algorithm: string) =>
  algorithm === "zero"
    ? changing(storage, { key, what: "wipe" }, ({ volume }) => wipeFile(volume))
    : Effect.fail(new StorageUnsupported({ what: `wiping by the pattern '${algorithm}'` }))

export const deleteVolume = (storage: StoragePools, key: VolumeKey) =>
  changing(storage, { key, what: "delete" }, ({ pool, volume }) =>
    deleteFile(pool.definition.target.path, volume)
  )

/** The volume as its file is now: a guest may have written to it since the last look. */
export const freshVolume = Effect.fnUntraced(function* (storage: StoragePools, key: VolumeKey) {
  const { pool, volume: known } = yield* findVolume(storage, key)
  const volume = yield* lookAtOne(storage, pool, known.name)
  if (volume === undefined) return yield* new VolumeNotFound({ by: "path", key: known.path })
  storage.seen(pool.definition.uuid, volume)
  return volume
})

export const volumeXML = (storage: StoragePools, key: VolumeKey) =>
  Effect.map(freshVolume(storage, key), (volume: Volume) => formatVolume(volume))
