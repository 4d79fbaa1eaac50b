/** How calls and answers name pools and volumes, and sizes as the protocol has them. Pure. */
import * as Effect from "effect/Effect"
import type { PoolKey, VolumeIdentity, VolumeKey } from "../../engine/storage.ts"
import type { PoolIdentity } from "../../model/storage.ts"
import type { remote_nonnull_storage_pool, remote_nonnull_storage_vol } from "../protocol/types.ts"
import { RpcRefusal } from "../refusal.ts"
import { uuidBytes, uuidText } from "./domain-reference.ts"

export const poolKey = ({ uuid }: { readonly uuid: Uint8Array }): PoolKey => ({
  uuid: uuidText(uuid)
})

export const poolOnWire = ({ name, uuid }: PoolIdentity): remote_nonnull_storage_pool => ({
  name,
  uuid: uuidBytes(uuid)
})

/** A volume is what its pool has by its name; the key that clients hold may be out of date. */
export const volumeKey = ({ pool, name }: remote_nonnull_storage_vol): VolumeKey => ({
  pool: { name: pool },
  name
})

export const volumeOnWire = ({ pool, name, key }: VolumeIdentity): remote_nonnull_storage_vol => ({
  pool,
  name,
  key
})

/** A length or an offset, in bytes, that a file can have. */
export const bytesOf = (what: string, size: bigint): Effect.Effect<number, RpcRefusal> =>
  size <= BigInt(Number.MAX_SAFE_INTEGER)
    ? Effect.succeed(Number(size))
    : Effect.fail(
        new RpcRefusal({
          code: "INVALID_ARG",
          domain: "STORAGE",
          text: `no file has ${what} ${size}`
        })
      )

/** REMOTE_STORAGE_POOL_LIST_MAX and REMOTE_STORAGE_VOL_LIST_MAX. */
export const namesMax = 16_384

/** An answer that would be longer than clients take is an error: they would take it for garbage. */
export const bounded = <A>(
  what: string,
  all: readonly A[]
): Effect.Effect<readonly A[], RpcRefusal> =>
  all.length <= namesMax
    ? Effect.succeed(all)
    : Effect.fail(
        new RpcRefusal({
          code: "INTERNAL_ERROR",
          domain: "STORAGE",
          text: `${all.length} ${what} are more than the ${namesMax} of one answer`
        })
      )
