/**
 * The `Files` service of one process on a disk in memory. Every primitive is a numbered step at
 * which a plan may let it fail, or kill the process before or after its effect. A dead process does
 * nothing more, whatever its finalizers try.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { FileError, type FileHandle, FileLocked, type Files } from "../../../src/host/files.ts"
import type { MemoryDisk } from "./memory-disk.ts"
import { Errno, type FileNode } from "./memory-node.ts"

interface What {
  readonly operation: string
  readonly path: string
}

/** One primitive, about to be done. */
export interface Step extends What {
  /** From 1, in this process. */
  readonly number: number
}

export type Fault =
  /**
   * The primitive fails; a write has then written half of it, a sync has lost what it should keep.
   */
  | { readonly kind: "fail"; readonly code: string }
  /**
   * The process is killed with the effect undone or done: the kernel finishes what it has begun.
   */
  | { readonly kind: "kill"; readonly when: "before" | "after" }

export type FaultPlan = (step: Step) => Fault | undefined

/** How the scripts of a killed process end. */
export class Killed extends Error {
  constructor() {
    super("the process was killed")
  }
}

interface OpenFile extends FileHandle {
  readonly node: FileNode
  readonly isAppending: boolean
  position: number
}

export interface ProcessOptions {
  readonly plan?: FaultPlan
  /** Done before each primitive: where a scheduler may let others go first. */
  readonly pace?: Effect.Effect<void>
}

/** Locks that processes hold on a disk, by the file's number. */
const locksOf = new WeakMap<MemoryDisk, Map<number, MemoryProcess>>()

/** One process with its open files and locks. */
export class MemoryProcess {
  readonly disk: MemoryDisk
  readonly files: Files["Service"]
  isAlive = true
  steps = 0
  readonly #plan: FaultPlan
  readonly #pace: Effect.Effect<void>
  readonly #open = new Map<number, OpenFile>()
  #descriptors = 2

  constructor(disk: MemoryDisk, options: ProcessOptions = {}) {
    this.disk = disk
    this.#plan = options.plan ?? (() => undefined)
    this.#pace = options.pace ?? Effect.void
    this.files = this.#service()
  }

  get openFiles(): readonly string[] {
    return [...this.#open.values()].map(({ path }) => path)
  }

  /** SIGKILL: the kernel closes its files and drops its locks; the disk keeps what it saw. */
  kill(): void {
    this.isAlive = false
    this.#open.clear()
    const locks = this.#locks()
    for (const [file, holder] of locks) if (holder === this) locks.delete(file)
  }

  #locks(): Map<number, MemoryProcess> {
    const locks = locksOf.get(this.disk) ?? new Map<number, MemoryProcess>()
    locksOf.set(this.disk, locks)
    return locks
  }

  /** A primitive: `act` is its effect, `spoil` what a failure leaves of it. */
  #step<A>(what: What, act: () => A, spoil: () => void = () => undefined) {
    const { operation, path } = what
    const run = Effect.suspend((): Effect.Effect<A, FileError> => {
      if (!this.isAlive) return Effect.die(new Killed())
      const fault = this.#plan({ number: ++this.steps, operation, path })
      if (fault?.kind === "fail") attempt(spoil)
      const code = fault?.kind === "fail" ? fault.code : undefined
      const isDone = fault === undefined || (fault.kind === "kill" && fault.when === "after")
      const result = isDone ? attempt(act) : undefined
      if (fault?.kind === "kill") {
        this.kill()
        return Effect.die(new Killed())
      }
      if (code !== undefined) return Effect.fail(new FileError({ operation, path, code }))
      if (result === undefined) return Effect.die(new Error("a step has a result or a fault"))
      return result.ok
        ? Effect.succeed(result.value)
        : Effect.fail(new FileError({ operation, path, code: result.code }))
    })
    return Effect.uninterruptible(Effect.andThen(this.#pace, run))
  }

  #handle(path: string, node: FileNode, isAppending: boolean): FileHandle {
    const file: OpenFile = { path, fd: ++this.#descriptors, node, isAppending, position: 0 }
    this.#open.set(file.fd, file)
    return file
  }

  #file(handle: FileHandle): OpenFile {
    const file = this.#open.get(handle.fd)
    if (file === undefined) throw new Errno("EBADF")
    return file
  }

  #write(handle: FileHandle, bytes: Uint8Array, limit = bytes.length): void {
    const file = this.#file(handle)
    const at = file.isAppending ? file.node.data.length : file.position
    this.disk.write(file.node, bytes, { at, limit })
    file.position = at + bytes.length
  }

  #openFile(path: string, flag: string, mode: number): FileHandle {
    if (flag === "read") return this.#handle(path, this.disk.fileAt(path), false)
    const node = this.disk.createFile(path, mode, flag === "create")
    if (flag === "write") this.disk.truncate(node, 0)
    return this.#handle(path, node, flag === "append")
  }

  #read(path: string, bytesMax: number): Uint8Array {
    const { data } = this.disk.fileAt(path)
    if (data.length > bytesMax) throw new Errno("EFBIG")
    return data.slice()
  }

  #readAt(handle: FileHandle, offset: number, bytesMax: number): Uint8Array {
    return this.#file(handle).node.data.slice(offset, offset + bytesMax)
  }

  #stat(path: string) {
    const node = this.disk.node(path)
    const { kind, number: inode, mode, uid, gid, mtimeMs } = node
    const size = kind === "file" ? node.data.length : 0
    return { kind, size, mode, uid, gid, inode, device: 1, mtimeMs }
  }

  #lock(path: string): Effect.Effect<void, FileError | FileLocked, Scope.Scope> {
    const opened = this.#step({ operation: "lock", path }, () =>
      this.disk.createFile(path, 0o600, false)
    )
    const taken = Effect.flatMap(opened, (file) =>
      Effect.suspend(() => {
        const locks = this.#locks()
        if (locks.has(file.number)) return Effect.fail(new FileLocked({ path }))
        locks.set(file.number, this)
        return Effect.succeed(file.number)
      })
    )
    const release = (number: number) =>
      Effect.sync(() => {
        const locks = this.#locks()
        if (locks.get(number) === this) locks.delete(number)
      })
    return Effect.asVoid(Effect.acquireRelease(taken, release))
  }

  #watch(path: string, changed: () => void): Effect.Effect<void, FileError, Scope.Scope> {
    const tell = () => {
      if (this.isAlive) changed()
    }
    return Effect.acquireRelease(
      this.#step({ operation: "watch", path }, () => this.disk.watch(path, tell)),
      (stop) => Effect.sync(stop)
    ).pipe(Effect.asVoid)
  }

  #service(): Files["Service"] {
    const { disk } = this
    const step = <A>(operation: string, path: string, act: () => A) =>
      this.#step({ operation, path }, act)
    return {
      open: (path, flag, mode = 0o600) =>
        step("open", path, () => this.#openFile(path, flag, mode)),
      write: (file, bytes) =>
        this.#step(
          { operation: "write", path: file.path },
          () => this.#write(file, bytes),
          () => this.#write(file, bytes, Math.floor(bytes.length / 2))
        ),
      sync: (file) =>
        this.#step(
          { operation: "sync", path: file.path },
          () => disk.sync(this.#file(file).node),
          () => disk.failSync(this.#file(file).node)
        ),
      close: (file) => {
        // The descriptor is gone whatever close reports.
        const close = () => void this.#open.delete(file.fd)
        return Effect.ignore(this.#step({ operation: "close", path: file.path }, close, close))
      },
      readAt: (file, offset, bytesMax) =>
        step("read", file.path, () => this.#readAt(file, offset, bytesMax)),
      read: (path, bytesMax) => step("read", path, () => this.#read(path, bytesMax)),
      syncDirectory: (path) => step("sync", path, () => disk.syncDirectory(disk.directoryAt(path))),
      rename: (from, to) => step("rename", from, () => disk.rename(from, to)),
      unlink: (path) => absentIsFalse(step("unlink", path, () => disk.unlink(path))),
      symlink: (target, path) => step("symlink", path, () => disk.symlink(target, path)),
      readLink: (path) => step("readlink", path, () => readLink(disk, path)),
      makeDirectory: (path, mode) => step("mkdir", path, () => makeDirectory(disk, path, mode)),
      removeDirectory: (path) =>
        absentIsFalse(step("rmdir", path, () => disk.removeDirectory(path))),
      list: (path) =>
        step("list", path, () => [...disk.directoryAt(path).entries.keys()].toSorted()),
      stat: (path) => step("stat", path, () => this.#stat(path)),
      chmod: (path, mode) => step("chmod", path, () => disk.chmod(path, mode)),
      chown: (path, uid, gid) => step("chown", path, () => disk.chown(path, uid, gid)),
      truncate: (path, size) =>
        step("truncate", path, () => disk.truncate(disk.fileAt(path), size)),
      lock: (path) => this.#lock(path),
      watch: (path, changed) => this.#watch(path, changed)
    }
  }
}

type Attempt<A> = { readonly ok: true; readonly value: A } | { readonly ok: false; code: string }

const attempt = <A>(act: () => A): Attempt<A> => {
  try {
    return { ok: true, value: act() }
  } catch (cause) {
    if (cause instanceof Errno) return { ok: false, code: cause.code }
    throw cause
  }
}

const absentIsFalse = (effect: Effect.Effect<void, FileError>): Effect.Effect<boolean, FileError> =>
  effect.pipe(
    Effect.as(true),
    Effect.catch((error) => (error.code === "ENOENT" ? Effect.succeed(false) : Effect.fail(error)))
  )

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
