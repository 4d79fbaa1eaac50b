/** The bytes of volumes, by streams: each piece goes at the speed of the slower side. */
import * as Effect from "effect/Effect"
import type { StorageCallError, VolumeDownload, VolumeUpload } from "../../engine/storage.ts"
import type { ByteStream, Handler, Handlers, StreamChunk } from "../server/handler.ts"
import { streamPacketBytesMax } from "../server/limits.ts"
import { knowing } from "./flags.ts"
import { holdStream } from "./held-stream.ts"
import { bytesOf, volumeKey } from "./storage-reference.ts"

/** VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM and VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM. */
const sparse = 1

/** Piece after piece until there is none. */
const send = (source: VolumeDownload, stream: ByteStream): Effect.Effect<void, StorageCallError> =>
  Effect.gen(function* () {
    for (;;) {
      const piece = yield* source.read(streamPacketBytesMax)
      if (piece === undefined) return
      if (piece.type === "data") yield* stream.write(piece.bytes)
      else yield* stream.writeHole(BigInt(piece.lengthBytes))
    }
  })

const put = (target: VolumeUpload, chunk: StreamChunk) =>
  chunk instanceof Uint8Array
    ? target.write(chunk)
    : Effect.flatMap(bytesOf("a hole of", chunk.holeBytes), target.hole)

/** The finish is confirmed when all of it is on the disk. */
const receive = (target: VolumeUpload, stream: ByteStream) =>
  Effect.gen(function* () {
    for (;;) {
      const chunk = yield* stream.read
      if (chunk === undefined) break
      yield* put(target, chunk)
    }
    yield* target.finish
  })

const rangeOf = (call: { readonly offset: bigint; readonly length: bigint }) =>
  Effect.all({
    offsetBytes: bytesOf("an offset of", call.offset),
    lengthBytes: bytesOf("a length of", call.length)
  })

const download: Handler<"remote", "STORAGE_VOL_DOWNLOAD"> = (call, client) =>
  Effect.flatMap(rangeOf(call), (range) =>
    Effect.asVoid(
      holdStream(
        client,
        client.engine.storage.download(volumeKey(call.vol), {
          ...range,
          isSparse: (call.flags & sparse) !== 0
        }),
        send
      )
    )
  )

const upload: Handler<"remote", "STORAGE_VOL_UPLOAD"> = (call, client) =>
  Effect.flatMap(rangeOf(call), (range) =>
    Effect.asVoid(
      holdStream(client, client.engine.storage.upload(volumeKey(call.vol), range), receive)
    )
  )

export const storageContent: Handlers = {
  remote: {
    STORAGE_VOL_DOWNLOAD: knowing("virStorageVolDownload", sparse, download),
    STORAGE_VOL_UPLOAD: knowing("virStorageVolUpload", sparse, upload)
  }
}
