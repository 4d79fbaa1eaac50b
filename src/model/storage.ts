/**
 * What a storage pool and a volume are: plain data. A pool is a folder on the host, a volume a file
 * directly in it. Sizes are in bytes, times in milliseconds since 1970.
 */
import type { Keeps } from "./kept.ts"

export interface PoolIdentity {
  readonly name: string
  readonly uuid: string
}

/** Who owns a file and who may use it; what is absent is left as it comes. */
export interface Permissions extends Keeps {
  readonly mode?: number
  readonly owner?: number
  readonly group?: number
  /** Of a security driver: kept and not acted on. */
  readonly label?: string
}

/** What a pool is defined as. */
export interface PoolDefinition extends PoolIdentity, Keeps {
  readonly type: "dir"
  readonly target: PoolTarget
}

export interface PoolTarget extends Keeps {
  /** An absolute path without `.`, `..`, doubled or trailing slashes. */
  readonly path: string
  readonly permissions?: Permissions
}

export interface PoolFigures {
  readonly capacityBytes: number
  readonly allocationBytes: number
  readonly availableBytes: number
}

export const noFigures: PoolFigures = { capacityBytes: 0, allocationBytes: 0, availableBytes: 0 }

/** A pool as it stands. Volumes and figures are those of the last look, none while inactive. */
export interface Pool {
  /** Acted on now. */
  readonly definition: PoolDefinition
  /** Defined while the pool was active: acted on after it was stopped. */
  readonly nextDefinition: PoolDefinition | undefined
  readonly isActive: boolean
  /** Has a definition on disk. One that has not is gone when it is stopped. */
  readonly isPersistent: boolean
  readonly isAutostart: boolean
  readonly figures: PoolFigures
  readonly volumes: ReadonlyMap<string, Volume>
}

export interface FileTimes {
  readonly accessedMs: number
  readonly modifiedMs: number
  readonly changedMs: number
}

export interface Backing extends Keeps {
  readonly path: string
  /** Absent where the image does not say. */
  readonly format?: string
}

/** A file in a pool, as `stat` and `qemu-img` told of it. */
export interface Volume {
  readonly name: string
  /** Its path, which is its key too. */
  readonly path: string
  /** As QEMU calls it; `unknown` where QEMU cannot open it. */
  readonly format: string
  /** What a guest sees. */
  readonly capacityBytes: number
  /** What it takes up on the disk. */
  readonly allocationBytes: number
  /** The size of the file. */
  readonly physicalBytes: number
  readonly mode: number
  readonly owner: number
  readonly group: number
  readonly times: FileTimes
  /** The version of qcow2: `0.10` or `1.1`. */
  readonly compat?: string
  readonly clusterBytes?: number
  readonly hasLazyRefcounts?: boolean
  readonly backing?: Backing
  /** Which file this was told of: as long as it is the same, QEMU need not look again. */
  readonly inode: number
}

/** What a client wants a new volume to be. */
export interface VolumeWish extends Keeps {
  readonly name: string
  /** Absent where it is that of the backing or source volume. */
  readonly capacityBytes?: number
  /** What is to be taken up at once. Absent: all of a raw volume, little of any other. */
  readonly allocationBytes?: number
  readonly target?: VolumeTarget
  readonly backing?: BackingWish
}

export interface VolumeTarget extends Keeps {
  readonly format?: string
  readonly permissions?: Permissions
  readonly compat?: string
  readonly clusterBytes?: number
  readonly hasLazyRefcounts?: boolean
}

export interface BackingWish extends Keeps {
  readonly path?: string
  readonly format?: string
}

export type PoolLifecycle = "defined" | "undefined" | "started" | "stopped" | "created" | "deleted"

export type StorageEvent =
  | { readonly type: "lifecycle"; readonly pool: PoolIdentity; readonly event: PoolLifecycle }
  | { readonly type: "refresh"; readonly pool: PoolIdentity }
