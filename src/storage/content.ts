/**
 * The bytes of a volume, in and out, a piece at a time: whoever reads or writes waits for each
 * piece, so that nothing piles up. Runs of zeros can travel as holes.
 */
import * as Effect from "effect/Effect"
import { type FileHandle, Files } from "../host/files.ts"
import { StorageRefused } from "../model/storage-error.ts"

export interface Range {
  readonly offsetBytes: number
  /** 0: to the end of the file, or of what is sent. */
  readonly lengthBytes: number
}

export interface DownloadOptions extends Range {
  /** Zeros are told as holes. */
  readonly isSparse?: boolean
}

export type Piece =
  | { readonly type: "data"; readonly bytes: Uint8Array }
  | { readonly type: "hole"; readonly lengthBytes: number }

/** Read at once at the most, whoever asks for more. */
const pieceBytesMax = 1024 * 1024

/** Zeros that are passed over in one go, so that even an empty disk of terabytes gives signs. */
const holeBytesMax = 256 * 1024 * 1024

const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0)

/** Where a download stands. One reader. */
export class Download {
  readonly #file: FileHandle
  readonly #isSparse: boolean
  readonly #end: number
  #at: number
  /** Read already, behind a hole that is told first. */
  #pending: Uint8Array | undefined

  constructor(file: FileHandle, { offsetBytes, lengthBytes, isSparse = false }: DownloadOptions) {
    this.#file = file
    this.#at = offsetBytes
    this.#end = lengthBytes === 0 ? Number.MAX_SAFE_INTEGER : offsetBytes + lengthBytes
    this.#isSparse = isSparse
  }

  /** The next piece of at most so many bytes; `undefined` at the end. */
  read(bytesMax: number) {
    return Effect.gen({ self: this }, function* () {
      const pending = this.#pending
      this.#pending = undefined
      if (pending !== undefined) return { type: "data", bytes: pending } as const
      let hole = 0
      while (hole < holeBytesMax) {
        const bytes = yield* this.#next(bytesMax)
        if (bytes.length > 0 && this.#isSparse && isZero(bytes)) {
          hole += bytes.length
          continue
        }
        if (hole === 0) return bytes.length === 0 ? undefined : ({ type: "data", bytes } as const)
        if (bytes.length > 0) this.#pending = bytes
        break
      }
      return { type: "hole", lengthBytes: hole } as const
    })
  }

  #next(bytesMax: number) {
    return Effect.gen({ self: this }, function* () {
      const files = yield* Files
      const wanted = Math.min(bytesMax, pieceBytesMax, this.#end - this.#at)
      if (wanted <= 0) return new Uint8Array(0)
      const bytes = yield* files.readAt(this.#file, this.#at, wanted)
      this.#at += bytes.length
      return bytes
    })
  }
}

/** Where an upload stands. One writer. */
export class Upload {
  readonly #file: FileHandle
  readonly #end: number
  #at: number

  constructor(file: FileHandle, { offsetBytes, lengthBytes }: Range) {
    this.#file = file
    this.#at = offsetBytes
    this.#end = lengthBytes === 0 ? Number.MAX_SAFE_INTEGER : offsetBytes + lengthBytes
  }

  write(bytes: Uint8Array) {
    return Effect.gen({ self: this }, function* () {
      const files = yield* Files
      yield* this.#checkRoom(bytes.length)
      yield* files.writeAt(this.#file, this.#at, bytes)
      this.#at += bytes.length
    })
  }

  /** What is there becomes zeros; what is not there yet stays a hole. */
  hole(lengthBytes: number) {
    return Effect.gen({ self: this }, function* () {
      const files = yield* Files
      yield* this.#checkRoom(lengthBytes)
      const { path } = this.#file
      const end = this.#at + lengthBytes
      const { size } = yield* files.stat(path)
      // All that follows goes: cutting it gives its blocks back.
      if (end >= size) {
        if (this.#at < size) yield* files.truncate(path, this.#at)
        yield* files.truncate(path, end)
      } else yield* this.#clear(end)
      this.#at = end
    })
  }

  /** Zeros over what is not zero already, so that a hole stays one. */
  #clear(end: number) {
    return Effect.gen({ self: this }, function* () {
      const files = yield* Files
      for (let at = this.#at; at < end; ) {
        const bytes = yield* files.readAt(this.#file, at, Math.min(pieceBytesMax, end - at))
        if (bytes.length === 0) return
        if (!isZero(bytes)) yield* files.writeAt(this.#file, at, bytes.fill(0))
        at += bytes.length
      }
    })
  }

  get sync() {
    return Effect.flatMap(Files, (files) => files.sync(this.#file))
  }

  #checkRoom(lengthBytes: number) {
    const isFitting = lengthBytes >= 0 && this.#at + lengthBytes <= this.#end
    if (isFitting) return Effect.void
    const why = "more is sent than was said"
    return Effect.fail(new StorageRefused({ what: `write to '${this.#file.path}'`, why }))
  }
}
