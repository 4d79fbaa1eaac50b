/**
 * What can go wrong with the root directory: a closed list. A caller can free space, remount,
 * choose another root, or tell its user; nothing else is told apart.
 */
import * as Data from "effect/Data"
import type { FileError } from "../host/files.ts"

/** What a caller can do something about; `code` keeps the errno name for the rest. */
export type StoreFault =
  | "noSpace" // ENOSPC, EDQUOT, EFBIG while writing
  | "readOnly" // EROFS
  | "denied" // EACCES, EPERM
  | "notFound" // ENOENT
  | "exists" // EEXIST, or a file that belongs to somebody else
  | "tooLarge" // more bytes than the bound for its kind
  | "malformed" // it could be read but not understood
  | "damaged" // EIO and everything else that the kernel reports

/**
 * A deed on the disk failed. `isUnchanged` says that the disk holds what it held before; when it is
 * false the deed may show after the next start (the disk failed in the middle and again while
 * undoing), and the caller must not claim either.
 */
export class StoreError extends Data.TaggedError("StoreError")<{
  /** The deed, as an infinitive: `write the definition of 'web'`. */
  readonly deed: string
  readonly path: string
  readonly fault: StoreFault
  /** An errno name, or a sentence for what is not the kernel's error. */
  readonly because: string
  readonly isUnchanged: boolean
}> {
  override get message(): string {
    const outcome = this.isUnchanged ? "" : " (it may have taken effect all the same)"
    return `cannot ${this.deed}: '${this.path}': ${this.because}${outcome}`
  }
}

/** Another engine works on this root. */
export class RootLocked extends Data.TaggedError("RootLocked")<{
  readonly root: string
  /** Who, in the holder's own words; `undefined` when it has not said yet. */
  readonly holder: string | undefined
}> {
  override get message(): string {
    return `the root '${this.root}' is in use by ${this.holder ?? "another engine"}`
  }
}

const faultByCode: { readonly [code: string]: StoreFault } = {
  ENOSPC: "noSpace",
  EDQUOT: "noSpace",
  EROFS: "readOnly",
  EACCES: "denied",
  EPERM: "denied",
  ENOENT: "notFound",
  EEXIST: "exists",
  EFBIG: "tooLarge"
}

export const faultOf = (code: string): StoreFault => faultByCode[code] ?? "damaged"

/** The store's error for a failed primitive. */
export const storeError =
  (deed: string, isUnchanged = true) =>
  (error: FileError): StoreError =>
    new StoreError({
      deed,
      path: error.path,
      fault: faultOf(error.code),
      because: error.code,
      isUnchanged
    })
