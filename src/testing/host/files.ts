/**
 * The `Files` service of one process on a disk in memory: what each primitive does. When it is done
 * and what goes wrong is its carrier's: tasks of a realm (carrier.ts), or numbered steps in tests.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import {
  FileError,
  type FileHandle,
  FileLocked,
  type Files,
  type FileSystemRoom
} from "../../host/files.ts"
import { Descriptors } from "./descriptors.ts"
import type { MemoryDisk } from "./disk.ts"
import { Errno, type FileNode, type Waiting } from "./node.ts"

export interface What {
  readonly operation: string
  readonly path: string
}

/** A primitive: `act` is its effect, `spoil` what a failure leaves of it. */
export interface Deed<A> extends What {
  readonly act: () => A
  readonly spoil?: () => void
}

/** Carries a primitive out, sooner or later, whole or spoilt. */
export type Carrier = <A>(deed: Deed<A>) => Effect.Effect<A, FileError>

interface OpenFile {
  readonly path: string
  readonly node: FileNode
  readonly isAppending: boolean
  position: number
}

/** Locks on a disk, by the file's number: who holds them. */
const locksOf = new WeakMap<MemoryDisk, Map<number, OpenFiles>>()

export interface OpenFilesOptions {
  readonly descriptors?: Descriptors
  /** Files that the kernel makes up when they are read: those of /proc. */
  readonly generated?: (path: string) => string | undefined
  /** Tells a watcher, in a turn of its own where there are turns. */
  readonly notify?: (path: string, changed: () => void) => void
  /** Goes on with what has waited for the kernel, in a turn of its own where there are turns. */
  readonly later?: (label: string, run: () => void) => void
}

interface Piece {
  readonly at: number
  readonly bytes: Uint8Array
}

/** What one process has open, and the primitives themselves, which throw `Errno`. */
export class OpenFiles {
  readonly disk: MemoryDisk
  readonly descriptors: Descriptors
  readonly #options: OpenFilesOptions
  readonly #open = new Map<number, OpenFile>()

  constructor(disk: MemoryDisk, options: OpenFilesOptions = {}) {
    this.disk = disk
    this.descriptors = options.descriptors ?? new Descriptors()
    this.#options = options
  }

  get paths(): readonly string[] {
    return [...this.#open.values()].map(({ path }) => path)
  }

  /** What is open at the handle's number now, for a child to inherit. */
  at(handle: FileHandle): OpenFile {
    const file = this.#open.get(handle.fd)
    if (file === undefined) throw new Errno("EBADF")
    return file
  }

  open(path: string, flag: string, mode: number): FileHandle {
    this.descriptors.checkRoom()
    if (flag === "read") return this.#handle(path, readable(this.disk.fileAt(path)), false)
    if (flag === "update") return this.#handle(path, readable(this.#fileToUpdate(path)), false)
    const attribute = this.#attributeAt(path)
    if (attribute !== undefined) return this.#handle(path, writable(attribute), false)
    const node = this.disk.createFile(path, mode, flag === "create")
    if (flag === "write") this.disk.truncate(node, 0)
    return this.#handle(path, node, flag === "append")
  }

  write(handle: FileHandle, bytes: Uint8Array, limit = bytes.length): Waiting | undefined {
    const file = this.at(handle)
    if (file.node.attribute !== undefined) return stored(file.node, bytes, limit)
    const at = file.isAppending ? file.node.data.length : file.position
    this.disk.write(file.node, bytes, { at, limit })
    file.position = at + bytes.length
    return undefined
  }

  /** How a deed ends that waits for the kernel. */
  ending({ operation, path }: What, waiting: Waiting): Effect.Effect<void, FileError> {
    const later = this.#options.later ?? ((_label: string, run: () => void) => run())
    return Effect.uninterruptible(
      Effect.callback((resume) =>
        waiting((code) =>
          later(`${operation} ${path} ends`, () =>
            resume(code === undefined ? Effect.void : refused({ operation, path }, code))
          )
        )
      )
    )
  }

  writeAt(handle: FileHandle, { at, bytes }: Piece, limit = bytes.length): void {
    this.disk.write(this.at(handle).node, bytes, { at, limit })
  }

  read(path: string, bytesMax: number): Uint8Array {
    this.descriptors.checkRoom()
    const generated = this.#options.generated?.(path)
    const data =
      generated === undefined
        ? this.disk.data(readable(this.disk.fileAt(path)))
        : new TextEncoder().encode(generated)
    if (data.length > bytesMax) throw new Errno("EFBIG")
    return data.slice()
  }

  stat(path: string) {
    if (this.#options.generated?.(path) !== undefined) return generatedStat
    const node = this.disk.node(path)
    const { kind, number: inode, mode, uid, gid, mtimeMs } = node
    const size = kind === "file" ? node.data.length : 0
    const device = this.disk.isVolatile(path) ? 2 : 1
    // A disk in memory has no holes, and remembers one time.
    const times = { atimeMs: mtimeMs, mtimeMs, ctimeMs: mtimeMs }
    return { kind, size, mode, uid, gid, inode, device, allocatedBytes: size, ...times }
  }

  /** The descriptor that holds the lock, or `undefined` when another process holds it. */
  lock(path: string): number | undefined {
    this.descriptors.checkRoom()
    const { number } = this.disk.createFile(path, 0o600, false)
    const locks = locksOf.get(this.disk) ?? new Map<number, OpenFiles>()
    locksOf.set(this.disk, locks)
    if (locks.has(number)) return undefined
    locks.set(number, this)
    return this.descriptors.open({ kind: "lock", name: path }, () => {
      if (locks.get(number) === this) locks.delete(number)
    })
  }

  watch(path: string, changed: () => void): number {
    const notify = this.#options.notify ?? ((_path: string, run: () => void) => run())
    this.descriptors.checkRoom()
    let isWatching = true
    const stop = this.disk.watch(path, () =>
      notify(path, () => {
        if (isWatching) changed()
      })
    )
    return this.descriptors.open({ kind: "watch", name: path }, () => {
      isWatching = false
      stop()
    })
  }

  /** The kernel makes files of /sys, and nobody else: `open(2)` with O_CREAT is EACCES. */
  #attributeAt(path: string): FileNode | undefined {
    if (!path.startsWith("/sys/") || path.startsWith("/sys/fs/")) return undefined
    if (!this.disk.has(path)) throw new Errno("EACCES")
    const node = this.disk.node(path)
    return node.kind === "file" && node.attribute !== undefined ? node : undefined
  }

  /** The last name is not followed. */
  #fileToUpdate(path: string): FileNode {
    if (this.disk.node(path).kind === "symlink") throw new Errno("ELOOP")
    const file = this.disk.fileAt(path)
    if (this.disk.isReadOnly) throw new Errno("EROFS")
    return file
  }

  #handle(path: string, node: FileNode, isAppending: boolean): FileHandle {
    const fd = this.descriptors.open({ kind: "file", name: path }, () => this.#open.delete(fd))
    this.#open.set(fd, { path, node, isAppending, position: 0 })
    return { path, fd }
  }
}

/** fs/kernfs/file.c: attributes are opened as their mode says, by root too. */
const mayOpen =
  (bits: number) =>
  (node: FileNode): FileNode => {
    if (node.attribute !== undefined && (node.mode & bits) === 0) throw new Errno("EACCES")
    return node
  }

const readable = mayOpen(0o444)
const writable = mayOpen(0o222)

/** What fails before the kernel had all of it has no effect. */
const stored = ({ attribute }: FileNode, bytes: Uint8Array, limit: number): Waiting | undefined => {
  if (attribute?.store === undefined) throw new Errno("EIO")
  return limit < bytes.length ? undefined : attribute.store(new TextDecoder().decode(bytes))
}

/** proc(5): they say that they are empty. */
const generatedStat = {
  kind: "file",
  size: 0,
  mode: 0o444,
  uid: 0,
  gid: 0,
  inode: 0,
  device: 3,
  allocatedBytes: 0,
  atimeMs: 0,
  mtimeMs: 0,
  ctimeMs: 0
} as const

const releasing = (open: OpenFiles, taken: Effect.Effect<number, FileError | FileLocked>) =>
  Effect.asVoid(
    Effect.acquireRelease(taken, (fd) => Effect.sync(() => open.descriptors.close(fd)))
  ) as Effect.Effect<void, FileError | FileLocked, Scope.Scope>

/** Three primitives for each file, so that a fault meets each of them. */
const headsBy =
  (files: Pick<Files["Service"], "open" | "readAt" | "close">): Files["Service"]["readHeads"] =>
  (paths, bytesMax) =>
    Effect.forEach(paths, (path) =>
      Effect.flatMap(files.open(path, "read"), (file) =>
        Effect.ensuring(files.readAt(file, 0, bytesMax), files.close(file))
      ).pipe(Effect.result)
    )

const writing = (
  open: OpenFiles,
  file: FileHandle,
  bytes: Uint8Array
): Deed<Waiting | undefined> => ({
  operation: "write",
  path: file.path,
  act: () => open.write(file, bytes),
  spoil: () => void open.write(file, bytes, Math.floor(bytes.length / 2))
})

/** The service over what the process has open. */
export const filesService = (open: OpenFiles, carry: Carrier): Files["Service"] => {
  const { disk, descriptors } = open
  const step = <A>(operation: string, path: string, act: () => A) => carry({ operation, path, act })
  const service: Files["Service"] = {
    open: (path, flag, mode = 0o600) => step("open", path, () => open.open(path, flag, mode)),
    write: (file, bytes) =>
      Effect.flatMap(carry(writing(open, file, bytes)), (waiting) =>
        waiting === undefined
          ? Effect.void
          : open.ending({ operation: "write", path: file.path }, waiting)
      ),
    writeAt: (file, at, bytes) =>
      carry({
        operation: "write",
        path: file.path,
        act: () => open.writeAt(file, { at, bytes }),
        spoil: () => open.writeAt(file, { at, bytes }, Math.floor(bytes.length / 2))
      }),
    sync: (file) =>
      carry({
        operation: "sync",
        path: file.path,
        act: () => disk.sync(open.at(file).node),
        spoil: () => disk.failSync(open.at(file).node)
      }),
    close: (file) => {
      // The descriptor is gone whatever close reports.
      const close = () => descriptors.close(file.fd)
      return Effect.ignore(carry({ operation: "close", path: file.path, act: close, spoil: close }))
    },
    readAt: (file, offset, bytesMax) =>
      step("read", file.path, () => disk.data(open.at(file).node).slice(offset, offset + bytesMax)),
    read: (path, bytesMax) => step("read", path, () => open.read(path, bytesMax)),
    readHeads: (paths, bytesMax) => headsBy(service)(paths, bytesMax),
    readLinks: (paths) => Effect.forEach(paths, (path) => Effect.result(service.readLink(path))),
    syncDirectory: (path) => step("sync", path, () => disk.syncDirectory(disk.directoryAt(path))),
    rename: (from, to) => step("rename", from, () => disk.rename(from, to)),
    unlink: (path) => step("unlink", path, () => isThere(() => disk.unlink(path))),
    symlink: (target, path) => step("symlink", path, () => disk.symlink(target, path)),
    readLink: (path) => step("readlink", path, () => readLink(disk, path)),
    makeDirectory: (path, mode) => step("mkdir", path, () => makeDirectory(disk, path, mode)),
    removeDirectory: (path) => step("rmdir", path, () => isThere(() => disk.removeDirectory(path))),
    list: (path) => step("list", path, () => disk.names(path)),
    stat: (path) => step("stat", path, () => open.stat(path)),
    room: (path) => step("statfs", path, () => roomAt(disk, path)),
    chmod: (path, mode) => step("chmod", path, () => disk.chmod(path, mode)),
    chown: (path, uid, gid) => step("chown", path, () => disk.chown(path, uid, gid)),
    truncate: (path, size) => step("truncate", path, () => disk.truncate(disk.fileAt(path), size)),
    lock: (path) =>
      releasing(
        open,
        Effect.flatMap(
          step("lock", path, () => open.lock(path)),
          (fd) => (fd === undefined ? Effect.fail(new FileLocked({ path })) : Effect.succeed(fd))
        )
      ),
    watch: (path, changed) =>
      releasing(
        open,
        step("watch", path, () => open.watch(path, changed))
      ) as Effect.Effect<void, FileError, Scope.Scope>
  }
  return service
}

/** The effect of the deed, as it ends for the caller. */
export const carried = <A>({ operation, path, act }: Deed<A>): Effect.Effect<A, FileError> => {
  try {
    return Effect.succeed(act())
  } catch (cause) {
    if (cause instanceof Errno) return refused({ operation, path }, cause.code)
    throw cause
  }
}

export const refused = ({ operation, path }: What, code: string) =>
  Effect.fail(new FileError({ operation, path, code }))

/** What a failure leaves behind. That it may fail itself changes nothing. */
export const spoil = ({ spoil: run }: { readonly spoil?: () => void }): void => {
  try {
    run?.()
  } catch (cause) {
    if (!(cause instanceof Errno)) throw cause
  }
}

/** Absent is fine: `false`. */
const isThere = (remove: () => void): boolean => {
  try {
    remove()
    return true
  } catch (cause) {
    if (cause instanceof Errno && cause.code === "ENOENT") return false
    throw cause
  }
}

/** A disk without an end says so much as it may. */
const roomAt = (disk: MemoryDisk, path: string): FileSystemRoom => {
  disk.node(path, true)
  const totalBytes = Math.min(disk.capacityBytes, Number.MAX_SAFE_INTEGER)
  return { totalBytes, freeBytes: Math.max(0, totalBytes - disk.usedBytes()) }
}

const readLink = (disk: MemoryDisk, path: string): string => {
  const node = disk.node(path)
  if (node.kind !== "symlink") throw new Errno("EINVAL")
  return node.target
}

const makeDirectory = (disk: MemoryDisk, path: string, mode: number): boolean => {
  if (disk.has(path)) {
    if (disk.node(path).kind !== "directory") throw new Errno("EEXIST")
    return false
  }
  disk.makeDirectory(path, mode)
  return true
}
