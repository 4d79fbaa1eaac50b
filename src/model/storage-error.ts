/** How a call on a pool or a volume can fail for reasons of the storage's own. */
import * as Data from "effect/Data"
import type { PoolIdentity } from "./storage.ts"

/** No pool by this name, uuid, folder, or with this volume. */
export class PoolNotFound extends Data.TaggedError("PoolNotFound")<{
  readonly by: "name" | "uuid" | "target path" | "volume"
  readonly key: string
}> {
  override get message(): string {
    return `no storage pool with matching ${this.by} '${this.key}'`
  }
}

export class VolumeNotFound extends Data.TaggedError("VolumeNotFound")<{
  readonly by: "name" | "key" | "path"
  readonly key: string
}> {
  override get message(): string {
    return `no storage vol with matching ${this.by} '${this.key}'`
  }
}

/** Name, uuid or folder belongs to another pool, which is named. */
export class PoolExists extends Data.TaggedError("PoolExists")<{
  readonly wanted: PoolIdentity
  readonly existing: PoolIdentity
  readonly same: "name" | "uuid" | "target path"
}> {
  override get message(): string {
    const { existing, same } = this
    if (same === "target path") return `storage source conflict with pool: '${existing.name}'`
    const word = same === "name" ? "already exists" : "is already defined"
    return `pool '${existing.name}' ${word} with uuid ${existing.uuid}`
  }
}

export class VolumeExists extends Data.TaggedError("VolumeExists")<{
  readonly pool: string
  readonly volume: string
}> {
  override get message(): string {
    return `storage vol '${this.volume}' already exists in pool '${this.pool}'`
  }
}

/** The request needs a pool that is active. */
export class PoolInactive extends Data.TaggedError("PoolInactive")<{ readonly pool: string }> {
  override get message(): string {
    return `storage pool '${this.pool}' is not active`
  }
}

/** The request needs a pool that is not active. */
export class PoolActive extends Data.TaggedError("PoolActive")<{ readonly pool: string }> {
  override get message(): string {
    return `storage pool '${this.pool}' is active`
  }
}

/** The request needs a pool with a definition on disk. */
export class PoolTransient extends Data.TaggedError("PoolTransient")<{ readonly pool: string }> {
  override get message(): string {
    return `storage pool '${this.pool}' is transient`
  }
}

/** Another call works on the pool, or on this volume of it. */
export class StorageBusy extends Data.TaggedError("StorageBusy")<{
  readonly pool: string
  readonly volume: string | undefined
  /** What the other one does: `create volume 'a'`. */
  readonly heldBy: string
}> {
  override get message(): string {
    const { pool, volume, heldBy } = this
    const what = volume === undefined ? `pool '${pool}'` : `volume '${volume}' of pool '${pool}'`
    return `storage ${what} is in use: ${heldBy}`
  }
}

/** What was asked for makes no sense: a bad name, a size, flags that exclude each other. */
export class StorageRefused extends Data.TaggedError("StorageRefused")<{
  readonly what: string
  readonly why: string
}> {
  override get message(): string {
    return `cannot ${this.what}: ${this.why}`
  }
}

/** It makes sense and is not done here: a pool type, a format, encryption, an algorithm. */
export class StorageUnsupported extends Data.TaggedError("StorageUnsupported")<{
  readonly what: string
}> {
  override get message(): string {
    return `unsupported: ${this.what}`
  }
}

/** `qemu-img` could not be run, failed, or took too long; its own last words are in `why`. */
export class ImageToolFailed extends Data.TaggedError("ImageToolFailed")<{
  readonly doing: string
  readonly because: "missing" | "failed" | "overdue" | "unexpected answer"
  readonly why: string
}> {
  override get message(): string {
    return `cannot ${this.doing}: ${this.why}`
  }
}

export type StorageError =
  | PoolNotFound
  | VolumeNotFound
  | PoolExists
  | VolumeExists
  | PoolInactive
  | PoolActive
  | PoolTransient
  | StorageBusy
  | StorageRefused
  | StorageUnsupported
  | ImageToolFailed
