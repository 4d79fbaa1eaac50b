/**
 * Looks at the files of a folder and at the room it has. Only files that stand in the folder itself
 * are volumes: links, folders, sockets and hidden files are passed over, and so is what vanishes
 * while it is looked at.
 */
import * as Effect from "effect/Effect"
import { Files, type FileError, type FileStat } from "../host/files.ts"
import type { PoolFigures, Volume } from "../model/storage.ts"
import { ImageToolFailed } from "../model/storage-error.ts"
import { type ImageFacts, lookIntoImage } from "./image-tool.ts"
import { nameObjection, tokenOfTemporary, volumePath } from "./names.ts"

/** Processes that look at images of one pool at the same time. */
const looksAtOnce = 4

/** libvirt's bound on a list of volumes in one answer. */
export const volumesMax = 16_384

export interface Looking {
  /** Where `qemu-img` is. */
  readonly program: string
  readonly folder: string
  /** What was known before: a file that has not changed is not opened again. */
  readonly known: ReadonlyMap<string, Volume>
}

const isUnchanged = (stat: FileStat, known: Volume): boolean =>
  known.inode === stat.inode &&
  known.physicalBytes === stat.size &&
  known.times.modifiedMs === stat.mtimeMs

const measured = (stat: FileStat) => ({
  allocationBytes: stat.allocatedBytes,
  physicalBytes: stat.size,
  mode: stat.mode,
  owner: stat.uid,
  group: stat.gid,
  inode: stat.inode,
  times: { accessedMs: stat.atimeMs, modifiedMs: stat.mtimeMs, changedMs: stat.ctimeMs }
})

const backingOf = (facts: ImageFacts) => {
  const path = facts["full-backing-filename"] ?? facts["backing-filename"]
  const format = facts["backing-filename-format"]
  if (path === undefined) return {}
  return { backing: format === undefined ? { path } : { path, format } }
}

/** qcow2 says more of itself; a raw image is as large as its file, to the byte. */
const told = (facts: ImageFacts, stat: FileStat) => {
  const data = facts["format-specific"]?.data
  const compat = data?.compat
  const hasLazyRefcounts = data?.["lazy-refcounts"]
  const clusterBytes = facts["cluster-size"]
  return {
    format: facts.format,
    capacityBytes: facts.format === "raw" ? stat.size : facts["virtual-size"],
    ...(compat === undefined ? {} : { compat }),
    ...(hasLazyRefcounts === undefined ? {} : { hasLazyRefcounts }),
    ...(clusterBytes === undefined || facts.format !== "qcow2" ? {} : { clusterBytes }),
    ...backingOf(facts)
  }
}

const isGone = ({ code }: FileError): boolean => code === "ENOENT" || code === "ENOTDIR"

/**
 * The volume of that name, or `undefined` where there is none. What QEMU cannot open is a volume of
 * an unknown format: it can be listed and deleted, and passes for nothing that it is not.
 */
export const lookAtVolume = Effect.fnUntraced(function* (
  { program, folder, known }: Looking,
  name: string
) {
  const files = yield* Files
  const path = volumePath(folder, name)
  const stat = yield* files.stat(path).pipe(Effect.catchIf(isGone, () => Effect.succeed(undefined)))
  if (stat === undefined || stat.kind !== "file") return undefined
  const before = known.get(name)
  if (before !== undefined && isUnchanged(stat, before)) return { ...before, ...measured(stat) }
  const unknown = { format: "unknown", capacityBytes: stat.size }
  const facts = yield* lookIntoImage(program, path).pipe(
    Effect.map((answer) => told(answer, stat)),
    Effect.catchIf(
      (error: ImageToolFailed) => error.because !== "missing",
      () => Effect.succeed(unknown)
    )
  )
  const volume: Volume = { name, path, ...facts, ...measured(stat) }
  return volume
})

/** The room of the folder's file system. */
export const figuresOf = Effect.fnUntraced(function* (folder: string) {
  const { totalBytes, freeBytes } = yield* (yield* Files).room(folder)
  const figures: PoolFigures = {
    capacityBytes: totalBytes,
    allocationBytes: totalBytes - freeBytes,
    availableBytes: freeBytes
  }
  return figures
})

export interface Seen {
  readonly volumes: ReadonlyMap<string, Volume>
  readonly figures: PoolFigures
}

export interface Sweeping extends Looking {
  /** The engine root's id. */
  readonly root: string
  /** Whether a job of this engine is still making the file with that token. */
  readonly isWorking: (token: string) => boolean
}

/** Everything in the folder. What a crash left of unfinished volumes goes first. */
export const lookAtPool = Effect.fnUntraced(function* (looking: Sweeping) {
  const { folder, root, isWorking } = looking
  const files = yield* Files
  const names = yield* files.list(folder)
  for (const name of names) {
    // Asked after the listing: a job begins before its file is there, and ends after it is gone.
    const token = tokenOfTemporary(root, name)
    if (token !== undefined && !isWorking(token))
      yield* Effect.ignore(files.unlink(volumePath(folder, name)))
  }
  const possible = names.filter((name) => nameObjection(name) === undefined)
  const found = yield* Effect.forEach(
    possible.slice(0, volumesMax),
    (name) => lookAtVolume(looking, name),
    { concurrency: looksAtOnce }
  )
  const present = found.flatMap((one) => (one === undefined ? [] : [one]))
  const volumes = new Map(present.map((one) => [one.name, one]))
  const seen: Seen = { volumes, figures: yield* figuresOf(folder) }
  return seen
})
