/**
 * The file system as a service: one primitive per function and no policy, so that every *sequence*
 * of primitives (write, sync, rename, sync the directory) runs in the simulated world as it is.
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type * as Result from "effect/Result"
import type * as Scope from "effect/Scope"

/** An operating-system error on a path. `code` is the errno name: `ENOENT`, `ENOSPC`, `EIO`, ... */
export class FileError extends Data.TaggedError("FileError")<{
  readonly operation: string
  readonly path: string
  readonly code: string
}> {
  override get message(): string {
    return `cannot ${this.operation} '${this.path}': ${this.code}`
  }
}

/** Somebody else holds the lock on this file. */
export class FileLocked extends Data.TaggedError("FileLocked")<{ readonly path: string }> {
  override get message(): string {
    return `'${this.path}' is locked by another process`
  }
}

/** An open file. Opaque to everyone but the service that made it. */
export interface FileHandle {
  readonly path: string
  /** The descriptor's number, for handing it to a child process. */
  readonly fd: number
}

export interface FileStat {
  readonly kind: "file" | "directory" | "socket" | "symlink" | "block" | "character" | "fifo"
  readonly size: number
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly inode: number
  readonly device: number
  /** What the file takes up on the disk, which for one with holes is less than its size. */
  readonly allocatedBytes: number
  readonly atimeMs: number
  readonly mtimeMs: number
  readonly ctimeMs: number
}

/** The file system that a path lies in, in bytes. */
export interface FileSystemRoom {
  readonly totalBytes: number
  /** Free for the superuser; others may find less. */
  readonly freeBytes: number
}

/** Opening never waits (not for a FIFO's other end), and only `read` follows a symbolic link. */
export type OpenFlag =
  | "read"
  | "write" // create or truncate
  | "create" // create, fail with EEXIST when it is there
  | "append" // create or append
  | "update" // read and write in place what is there, never create or cut

/** Every deed is short and uninterruptible: once begun it finishes. */
export class Files extends Context.Service<
  Files,
  {
    readonly open: (
      path: string,
      flag: OpenFlag,
      mode?: number
    ) => Effect.Effect<FileHandle, FileError>
    readonly write: (file: FileHandle, bytes: Uint8Array) => Effect.Effect<void, FileError>
    /** At `offset`, wherever the descriptor stands; a gap before it reads as zeros. */
    readonly writeAt: (
      file: FileHandle,
      offset: number,
      bytes: Uint8Array
    ) => Effect.Effect<void, FileError>
    readonly sync: (file: FileHandle) => Effect.Effect<void, FileError>
    readonly close: (file: FileHandle) => Effect.Effect<void>
    /** The bytes from `offset` on, at most `bytesMax`; fewer, down to none, at the end. */
    readonly readAt: (
      file: FileHandle,
      offset: number,
      bytesMax: number
    ) => Effect.Effect<Uint8Array, FileError>
    /** Whole content, or `FileError` with code `EFBIG` past `bytesMax`. */
    readonly read: (path: string, bytesMax: number) => Effect.Effect<Uint8Array, FileError>
    /**
     * The first `bytesMax` bytes of each of many files, in order; fewer where a file is shorter.
     * What cannot be read is told of that file alone.
     */
    readonly readHeads: (
      paths: readonly string[],
      bytesMax: number
    ) => Effect.Effect<readonly Result.Result<Uint8Array, FileError>[]>
    /** Where each of many symbolic links leads, in order; what is none is told of it alone. */
    readonly readLinks: (
      paths: readonly string[]
    ) => Effect.Effect<readonly Result.Result<string, FileError>[]>
    readonly syncDirectory: (path: string) => Effect.Effect<void, FileError>
    readonly rename: (from: string, to: string) => Effect.Effect<void, FileError>
    /** Absent is fine: succeeds with `false`. */
    readonly unlink: (path: string) => Effect.Effect<boolean, FileError>
    readonly symlink: (target: string, path: string) => Effect.Effect<void, FileError>
    readonly readLink: (path: string) => Effect.Effect<string, FileError>
    /** Not recursive. Succeeds with `false` when a directory is there already. */
    readonly makeDirectory: (path: string, mode: number) => Effect.Effect<boolean, FileError>
    readonly removeDirectory: (path: string) => Effect.Effect<boolean, FileError>
    /** Names, sorted, without `.` and `..`. */
    readonly list: (path: string) => Effect.Effect<readonly string[], FileError>
    /** Does not follow a symbolic link. */
    readonly stat: (path: string) => Effect.Effect<FileStat, FileError>
    readonly room: (path: string) => Effect.Effect<FileSystemRoom, FileError>
    readonly chmod: (path: string, mode: number) => Effect.Effect<void, FileError>
    /** Does not follow a symbolic link. */
    readonly chown: (path: string, uid: number, gid: number) => Effect.Effect<void, FileError>
    readonly truncate: (path: string, size: number) => Effect.Effect<void, FileError>
    /** An exclusive lock, held until the scope closes; the kernel drops it when its holder dies. */
    readonly lock: (path: string) => Effect.Effect<void, FileError | FileLocked, Scope.Scope>
    /** Calls `changed` some time after the path changed, or did not, until the scope closes. */
    readonly watch: (
      path: string,
      changed: () => void
    ) => Effect.Effect<void, FileError, Scope.Scope>
  }
>()("troupe/host/Files") {}
