/**
 * What every part of the store works with: the primitives of the file system, fresh identities and
 * the paths of one root. Reading and listing live here; writing is `atomic.ts`.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Ids } from "../base/ids.ts"
import type { FileError, Files } from "../host/files.ts"
import { StoreError, storeError } from "./error.ts"
import type { Layout } from "./layout.ts"

export interface Disk {
  readonly files: Files["Service"]
  readonly ids: Ids["Service"]
  readonly layout: Layout
}

/** With what is remembered of definitions, so that nobody looks for what nobody made. */
export interface DefinitionDisk extends Disk {
  /**
   * The uuids of domains that may have an entry in the journal of renames. Only we write there
   * while the root is ours, so that for all others nobody has to look.
   */
  readonly renaming: Set<string>
  /** The stems that may have an autostart link: those found at open, and those linked since. */
  readonly linked: Set<string>
}

const encoder = new TextEncoder()

export const bytesOf = (text: string): Uint8Array => encoder.encode(text)

const decoded = (bytes: Uint8Array, isCut: boolean): string | undefined => {
  const decode = () => new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: isCut })
  return Result.getOrUndefined(Result.try(decode))
}

/** The text, or `undefined` when the bytes are not UTF-8: nothing is ever replaced silently. */
export const textOf = (bytes: Uint8Array): string | undefined => decoded(bytes, false)

/** The same for the beginning of a file, which may end within a character. */
const textOfHead = (bytes: Uint8Array): string | undefined => decoded(bytes, true)

export interface Reading {
  readonly deed: string
  readonly path: string
  readonly bytesMax: number
}

/**
 * A file's text. `notFound`, `tooLarge`, `malformed` (not UTF-8) and the kernel's errors are told
 * apart.
 */
export const readText = (disk: Disk, { deed, path, bytesMax }: Reading) =>
  disk.files.read(path, bytesMax).pipe(
    Effect.mapError(storeError(deed)),
    Effect.flatMap((bytes) => {
      const text = textOf(bytes)
      return text === undefined
        ? Effect.fail(malformed(deed, path, "not UTF-8"))
        : Effect.succeed(text)
    })
  )

/**
 * The first `bytesMax` bytes of each file as text, and whether that is all of it: for thousands of
 * files at once.
 */
export const readHeads = (
  { files }: Disk,
  { deed, paths, bytesMax }: Omit<Reading, "path"> & { readonly paths: readonly string[] }
) =>
  Effect.map(files.readHeads(paths, bytesMax), (heads) =>
    heads.map((head, index): Result.Result<Head, StoreError> => {
      if (Result.isFailure(head)) return Result.fail(storeError(deed)(head.failure))
      const text = textOfHead(head.success)
      return text === undefined
        ? Result.fail(malformed(deed, paths[index] ?? "", "not UTF-8"))
        : Result.succeed({ text, isWhole: head.success.length < bytesMax })
    })
  )

export interface Head {
  readonly text: string
  readonly isWhole: boolean
}

export const malformed = (deed: string, path: string, because: string): StoreError =>
  new StoreError({ deed, path, fault: "malformed", because, isUnchanged: true })

/** The value, or `undefined` for a file that is not there. */
export const orAbsent = <A, R>(
  effect: Effect.Effect<A, StoreError, R>
): Effect.Effect<A | undefined, StoreError, R> =>
  Effect.catchIf(
    effect,
    (error) => error.fault === "notFound",
    () => Effect.succeed(undefined)
  )

/** The same for a bare primitive. */
export const isAbsent = (error: FileError): boolean => error.code === "ENOENT"
