/** Pools and volumes in promises: a table of the calls, and a volume's bytes in and out. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { Heard } from "../../actors/event-bus.ts"
import type {
  Piece,
  Storage as StorageFace,
  VolumeDownload,
  VolumeKey,
  VolumeUpload
} from "../engine/storage.ts"
import type { StorageEvent } from "../model/storage.ts"
import { type Events, eventsOf } from "./events.ts"
import { promised, type Promised, type Table } from "./promised.ts"
import { type CallOptions, run } from "./run.ts"

const table = {
  open: 0,
  listPools: 0,
  lookupPool: 1,
  definePool: 1,
  createPool: 1,
  buildPool: 1,
  startPool: 1,
  stopPool: 1,
  deletePool: 1,
  undefinePool: 1,
  refreshPool: 1,
  setPoolAutostart: 2,
  poolXML: 1,
  listVolumes: 1,
  lookupVolume: 1,
  volume: 1,
  volumeXML: 1,
  createVolume: 2,
  copyVolume: 2,
  deleteVolume: 1,
  resizeVolume: 2,
  wipeVolume: 2
} as const satisfies Table<StorageFace>

export type DownloadOptions = NonNullable<Parameters<StorageFace["download"]>[1]>
export type UploadOptions = NonNullable<Parameters<StorageFace["upload"]>[1]>

export interface Storage extends Promised<StorageFace, typeof table> {
  /** A volume's bytes, out; nobody may change it meanwhile. */
  readonly download: (key: VolumeKey, options?: DownloadOptions & CallOptions) => Promise<Download>
  /** A volume's bytes, in; nobody else may have it meanwhile. */
  readonly upload: (key: VolumeKey, options?: UploadOptions & CallOptions) => Promise<Upload>
  /** What happens to pools, from when it is fulfilled on. */
  readonly events: (call?: CallOptions) => Promise<Events<Heard<StorageEvent>>>
}

/** At once, at the most. */
const pieceBytesMax = 1024 * 1024

/** One reader, piece by piece. Over at the end, or with `close`, which gives the volume back. */
export class Download implements AsyncIterableIterator<Piece>, AsyncDisposable {
  readonly #face: VolumeDownload
  readonly #scope: Scope.Closeable
  /** Of a hole that `readable` has not told to its end. */
  #zeros = 0

  constructor(face: VolumeDownload, scope: Scope.Closeable) {
    this.#face = face
    this.#scope = scope
  }

  /** The bytes alone: what is told as a hole comes as zeros. */
  get readable(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        pull: async (reader) => {
          const bytes = await this.#bytes()
          if (bytes === undefined) reader.close()
          else reader.enqueue(bytes)
        },
        cancel: () => this.close()
      },
      { highWaterMark: 0 }
    )
  }

  async next(): Promise<IteratorResult<Piece, undefined>> {
    try {
      const value = await run(this.#face.read(pieceBytesMax))
      return value === undefined ? await this.return() : { done: false, value }
    } catch (error) {
      await this.close()
      throw error
    }
  }

  async return(): Promise<IteratorResult<Piece, undefined>> {
    await this.close()
    return { done: true, value: undefined }
  }

  close(): Promise<void> {
    return run(Scope.close(this.#scope, Exit.void))
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #bytes(): Promise<Uint8Array | undefined> {
    if (this.#zeros === 0) {
      const { value } = await this.next()
      if (value === undefined || value.type === "data") return value?.bytes
      this.#zeros = value.lengthBytes
    }
    const bytes = new Uint8Array(Math.min(this.#zeros, pieceBytesMax))
    this.#zeros -= bytes.length
    return bytes
  }
}

/** One writer, who waits for each piece. Closed without `finish`, it leaves what was written. */
export class Upload implements AsyncDisposable {
  /** Closing it finishes the upload; aborting it closes that. */
  readonly writable: WritableStream<Uint8Array>
  readonly #face: VolumeUpload
  readonly #scope: Scope.Closeable

  constructor(face: VolumeUpload, scope: Scope.Closeable) {
    this.#face = face
    this.#scope = scope
    this.writable = new WritableStream<Uint8Array>({
      write: (bytes) => this.write(bytes),
      close: () => this.finish(),
      abort: () => this.close()
    })
  }

  write(bytes: Uint8Array): Promise<void> {
    return run(this.#face.write(bytes))
  }

  /** So many bytes are passed over, and read as zeros. */
  hole(lengthBytes: number): Promise<void> {
    return run(this.#face.hole(lengthBytes))
  }

  /** Returns when what was written is on the disk, and gives the volume back. */
  async finish(): Promise<void> {
    try {
      await run(this.#face.finish)
    } finally {
      await this.close()
    }
  }

  close(): Promise<void> {
    return run(Scope.close(this.#scope, Exit.void))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** What is open closes with `home`. */
export const storageOf = (face: StorageFace, home: Scope.Scope): Storage => {
  const opened = async <A, E, B>(
    open: Effect.Effect<A, E, Scope.Scope>,
    make: (opened: A, scope: Scope.Closeable) => B,
    call: CallOptions
  ): Promise<B> => {
    call.signal?.throwIfAborted()
    const scope = Scope.forkUnsafe(home)
    const opening = Effect.onError(Scope.provide(open, scope), () => Scope.close(scope, Exit.void))
    return make(await run(opening, call), scope)
  }
  return {
    ...promised(face, table),
    download: (key, { signal, operationId, ...options } = {}) =>
      opened(face.download(key, options), (...parts) => new Download(...parts), {
        signal,
        operationId
      }),
    upload: (key, { signal, operationId, ...options } = {}) =>
      opened(face.upload(key, options), (...parts) => new Upload(...parts), {
        signal,
        operationId
      }),
    events: (call) => eventsOf(face.subscribe, home, call)
  }
}
