/**
 * The file system of this host, behind `Files`: each function is one system call (or the shortest
 * row of them that makes one primitive), done off the event loop, so that a dead network file
 * system keeps only its own caller waiting. No policy: that is for those who call.
 */
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import { basename, dirname } from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { errnoName } from "./errno.live.ts"
import {
  FileError,
  type FileHandle,
  FileLocked,
  Files,
  type FileStat,
  type OpenFlag
} from "./files.ts"
import { readHeads, readLinks } from "./heads.live.ts"

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } =
  fs.constants

/** First read of a whole file: most definitions and status records are smaller. */
const readChunkBytes = 16 * 1024

/** Poll of `watch` where inotify is exhausted or missing. */
const watchPollMs = 1_000

// A FIFO planted in place of a file would block `open` for ever, hence O_NONBLOCK; on a regular
// file it has no effect.
const flagsOf: { readonly [flag in OpenFlag]: number } = {
  read: O_RDONLY | O_NONBLOCK,
  write: O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK,
  create: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
  append: O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK,
  update: O_RDWR | O_NOFOLLOW | O_NONBLOCK
}

type Done<A> = (error: NodeJS.ErrnoException | null, value?: A) => void

/** One call of `node:fs` with a callback, as a deed: once begun it finishes. */
const deed = <A>(operation: string, path: string, run: (done: Done<A>) => void) =>
  Effect.uninterruptible(
    Effect.callback<A, FileError>((resume) => {
      const fail = (cause: unknown) =>
        resume(Effect.fail(new FileError({ operation, path, code: errnoName(cause) })))
      try {
        run((error, value) => (error ? fail(error) : resume(Effect.succeed(value as A))))
      } catch (cause) {
        fail(cause)
      }
    })
  )

/** Succeeds with `false` where the errno is one of `codes`, else with `true`. */
const unless = (codes: readonly string[], effect: Effect.Effect<void, FileError>) =>
  effect.pipe(
    Effect.as(true),
    Effect.catch((error) =>
      codes.includes(error.code) ? Effect.succeed(false) : Effect.fail(error)
    )
  )

interface Opening {
  readonly operation: string
  readonly flags: number
  readonly mode: number
}

const open = (path: string, { operation, flags, mode }: Opening) =>
  deed<number>(operation, path, (done) => fs.open(path, flags, mode, done)).pipe(
    Effect.map((fd): FileHandle => ({ path, fd }))
  )

const close = (file: FileHandle) =>
  // The descriptor is gone whatever close reports; what mattered was synced before.
  Effect.ignore(deed<void>("close", file.path, (done) => fs.close(file.fd, done)))

/** Nobody has seen the descriptor, so nobody has to wait until it is gone. */
const closeSoon = (file: FileHandle) => Effect.sync(() => fs.close(file.fd, () => {}))

const withFile = <A>(
  opened: Effect.Effect<FileHandle, FileError>,
  use: (file: FileHandle) => Effect.Effect<A, FileError>
) =>
  Effect.uninterruptible(
    Effect.flatMap(opened, (file) => Effect.ensuring(use(file), closeSoon(file)))
  )

/** A short write is not an error: the rest follows. Without an offset, where the file stands. */
const write = (
  file: FileHandle,
  bytes: Uint8Array,
  offset?: number
): Effect.Effect<void, FileError> =>
  deed<void>("write", file.path, (done) => {
    const rest = (from: number): void => {
      if (from === bytes.byteLength) return done(null)
      const at = offset === undefined ? null : offset + from
      fs.write(file.fd, bytes, from, bytes.byteLength - from, at, (error, written) =>
        error ? done(error) : rest(from + written)
      )
    }
    rest(0)
  })

/** Fills `into` from `position`, or from where the descriptor stands, until it is full or EOF. */
const fill = (
  { fd, position }: { readonly fd: number; readonly position: number | undefined },
  into: Uint8Array,
  done: Done<number>
) => {
  const rest = (from: number): void => {
    if (from === into.byteLength) return done(null, from)
    const at = position === undefined ? null : position + from
    fs.read(fd, into, from, into.byteLength - from, at, (error, count) => {
      if (error) return done(error)
      if (count === 0) return done(null, from)
      rest(from + count)
    })
  }
  rest(0)
}

const readAt = (file: FileHandle, offset: number, bytesMax: number) => {
  const into = new Uint8Array(bytesMax)
  return deed<number>("read", file.path, (done) =>
    fill({ fd: file.fd, position: offset }, into, done)
  ).pipe(Effect.map((count) => into.subarray(0, count)))
}

/** Reads to the end without asking the size: files of /proc say 0. */
const readAll = (file: FileHandle, bytesMax: number) =>
  deed<Uint8Array>("read", file.path, (done) => {
    const chunks: Uint8Array[] = []
    let total = 0
    const next = (into: Uint8Array): void => {
      fs.read(file.fd, into, 0, into.byteLength, null, (error, count) => {
        if (error) return done(error)
        total += count
        if (total > bytesMax) return done(Object.assign(new Error(), { code: "EFBIG" }))
        if (count > 0) chunks.push(into.subarray(0, count))
        if (count === 0) return done(null, joined(chunks))
        const rest = into.subarray(count)
        next(rest.byteLength > 0 ? rest : chunk(bytesMax + 1 - total))
      })
    }
    next(chunk(bytesMax + 1))
  })

const chunk = (wanted: number): Uint8Array => new Uint8Array(Math.min(readChunkBytes, wanted))

/** What was read in several parts is copied into one; so is a part that holds a large buffer. */
const joined = (chunks: readonly Uint8Array[]): Uint8Array => Buffer.concat(chunks)

const kindOf = (stat: fs.Stats): FileStat["kind"] => {
  if (stat.isFile()) return "file"
  if (stat.isDirectory()) return "directory"
  if (stat.isSymbolicLink()) return "symlink"
  if (stat.isSocket()) return "socket"
  if (stat.isBlockDevice()) return "block"
  return stat.isCharacterDevice() ? "character" : "fifo"
}

const toStat = (stat: fs.Stats): FileStat => ({
  kind: kindOf(stat),
  size: stat.size,
  mode: stat.mode & 0o7777,
  uid: stat.uid,
  gid: stat.gid,
  inode: stat.ino,
  device: stat.dev,
  allocatedBytes: stat.blocks * statBlockBytes,
  atimeMs: stat.atimeMs,
  mtimeMs: stat.mtimeMs,
  ctimeMs: stat.ctimeMs
})

/** stat(2): `st_blocks` counts these, whatever the file system's own blocks are. */
const statBlockBytes = 512

/**
 * `flock(2)` without native code: util-linux's `flock` locks the open file description that it
 * inherits from us as descriptor 3, and ends; the description, and with it the lock, stays ours.
 * The kernel drops it with our last descriptor, however we end.
 */
const flock = (file: FileHandle) =>
  Effect.uninterruptible(
    Effect.callback<void, FileError | FileLocked>((resume) => {
      const fail = (code: string) =>
        resume(Effect.fail(new FileError({ operation: "lock", path: file.path, code })))
      try {
        const stdio = ["ignore", "ignore", "ignore", file.fd] as const
        const child = spawn("flock", ["-n", "-x", "3"], { stdio: [...stdio] })
        child.once("error", (error) => fail(`flock: ${errnoName(error)}`))
        child.once("exit", (code, signal) => {
          if (code === 0) return resume(Effect.void)
          if (code === 1) return resume(Effect.fail(new FileLocked({ path: file.path })))
          return fail(`flock: ${code ?? signal}`)
        })
      } catch (cause) {
        fail(`flock: ${errnoName(cause)}`)
      }
    })
  )

const lock = (path: string) =>
  Effect.acquireRelease(
    open(path, {
      operation: "lock",
      flags: O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK,
      mode: 0o600
    }).pipe(Effect.tap((file) => Effect.onError(flock(file), () => close(file)))),
    close
  ).pipe(Effect.asVoid)

/**
 * A file is watched through its directory, for a rename onto its name replaces the inode that a
 * watch of the file itself would follow.
 */
const startWatching = (path: string, changed: () => void): (() => void) => {
  const isDirectory = fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
  const name = basename(path)
  try {
    const watcher = fs.watch(isDirectory ? path : dirname(path), { persistent: false })
    watcher.on("change", (_event, entry) => {
      if (isDirectory || entry === null || entry.toString() === name) changed()
    })
    watcher.on("error", () => changed())
    return () => watcher.close()
  } catch (cause) {
    // Out of inotify watches or instances, or a file system without: look now and then.
    if (!["ENOSPC", "EMFILE", "ENOSYS"].includes(errnoName(cause))) throw cause
    fs.watchFile(path, { persistent: false, interval: watchPollMs }, changed)
    return () => fs.unwatchFile(path, changed)
  }
}

const watch = (path: string, changed: () => void) =>
  Effect.acquireRelease(
    Effect.try({
      try: () => startWatching(path, changed),
      catch: (cause) => new FileError({ operation: "watch", path, code: errnoName(cause) })
    }),
    (stop) => Effect.sync(stop)
  ).pipe(Effect.asVoid)

const readLink = (path: string) =>
  deed("readlink", path, (done: Done<string>) => fs.readlink(path, done))

export const layer: Layer.Layer<Files> = Layer.succeed(Files, {
  open: (path, flag, mode = 0o600) =>
    open(path, { operation: "open", flags: flagsOf[flag], mode: mode }),
  write: (file, bytes) => write(file, bytes),
  writeAt: (file, offset, bytes) => write(file, bytes, offset),
  sync: (file) => deed("sync", file.path, (done: Done<void>) => fs.fsync(file.fd, done)),
  close,
  readAt,
  read: (path, bytesMax) =>
    withFile(open(path, { operation: "read", flags: flagsOf.read, mode: 0 }), (file) =>
      readAll(file, bytesMax)
    ),
  readHeads: (paths, bytesMax) =>
    readHeads(paths, bytesMax, (path) =>
      withFile(open(path, { operation: "open", flags: flagsOf.read, mode: 0 }), (file) =>
        readAt(file, 0, bytesMax)
      )
    ),
  syncDirectory: (path) =>
    withFile(open(path, { operation: "sync", flags: O_RDONLY, mode: 0 }), (file) =>
      deed("sync", path, (done: Done<void>) => fs.fsync(file.fd, done))
    ),
  rename: (from, to) => deed("rename", from, (done: Done<void>) => fs.rename(from, to, done)),
  unlink: (path) =>
    unless(
      ["ENOENT"],
      deed("unlink", path, (done: Done<void>) => fs.unlink(path, done))
    ),
  symlink: (target, path) =>
    deed("symlink", path, (done: Done<void>) => fs.symlink(target, path, done)),
  readLink,
  readLinks: (paths) => readLinks(paths, readLink),
  makeDirectory: (path, mode) =>
    Effect.catch(
      Effect.as(
        deed("mkdir", path, (done: Done<void>) => fs.mkdir(path, { mode }, done)),
        true
      ),
      (error) => (error.code === "EEXIST" ? existingDirectory(error) : Effect.fail(error))
    ),
  removeDirectory: (path) =>
    unless(
      ["ENOENT"],
      deed("rmdir", path, (done: Done<void>) => fs.rmdir(path, done))
    ),
  list: (path) =>
    deed("list", path, (done: Done<string[]>) => fs.readdir(path, done)).pipe(
      Effect.map((names) => names.sort())
    ),
  stat: (path) =>
    Effect.map(
      deed("stat", path, (done: Done<fs.Stats>) => fs.lstat(path, done)),
      toStat
    ),
  room: (path) =>
    Effect.map(
      deed("statfs", path, (done: Done<fs.StatsFs>) => fs.statfs(path, done)),
      ({ bsize, blocks, bfree }) => ({ totalBytes: bsize * blocks, freeBytes: bsize * bfree })
    ),
  chmod: (path, mode) => deed("chmod", path, (done: Done<void>) => fs.chmod(path, mode, done)),
  chown: (path, uid, gid) =>
    deed("chown", path, (done: Done<void>) => fs.lchown(path, uid, gid, done)),
  truncate: (path, size) =>
    deed("truncate", path, (done: Done<void>) => fs.truncate(path, size, done)),
  lock,
  watch
})

/** A directory that is there is what was asked for; a file, or a link, in its place is not. */
const existingDirectory = (error: FileError) =>
  deed("mkdir", error.path, (done: Done<fs.Stats>) => fs.lstat(error.path, done)).pipe(
    Effect.flatMap((stat) => (stat.isDirectory() ? Effect.succeed(false) : Effect.fail(error)))
  )
