/**
 * Goal: what is uploaded is what is downloaded, byte for byte, in any pieces, with or without
 * holes. Method: real files, random contents and pieces (fast-check), the file read by the test.
 */
import * as fs from "node:fs"
import * as Effect from "effect/Effect"
import fc from "fast-check"
import { afterEach, beforeEach, expect, test } from "vitest"
import type { Piece } from "../../../src/engine/storage.ts"
import { megabyte, run, Stage, tagOf, volumeXml } from "./stage.ts"

let stage: Stage
let pool: { readonly name: string }

beforeEach(async () => {
  stage = await new Stage().open()
  pool = await stage.pool()
})

afterEach(() => stage.end())

const create = (name: string, capacity: number) =>
  run(stage.storage.createVolume(pool, volumeXml({ name, capacity, allocation: 0, format: "raw" })))

/** The content of a volume, made of pieces that are written one after the other. */
const upload = (name: string, pieces: readonly Piece[], offsetBytes = 0) =>
  Effect.scoped(
    Effect.gen(function* () {
      const stream = yield* stage.storage.upload({ pool, name }, { offsetBytes })
      for (const piece of pieces)
        yield* piece.type === "data" ? stream.write(piece.bytes) : stream.hole(piece.lengthBytes)
      yield* stream.finish
    })
  )

interface Reading {
  readonly bytesMax: number
  readonly isSparse: boolean
  readonly offsetBytes?: number
  readonly lengthBytes?: number
}

const download = (name: string, { bytesMax, ...options }: Reading) =>
  Effect.scoped(
    Effect.gen(function* () {
      const stream = yield* stage.storage.download({ pool, name }, options)
      const pieces: Piece[] = []
      for (;;) {
        const piece = yield* stream.read(bytesMax)
        if (piece === undefined) return pieces
        pieces.push(piece)
      }
    })
  )

const bytesOf = (pieces: readonly Piece[]): Buffer =>
  Buffer.concat(
    pieces.map((piece) =>
      piece.type === "data" ? Buffer.from(piece.bytes) : Buffer.alloc(piece.lengthBytes)
    )
  )

const piece: fc.Arbitrary<Piece> = fc.oneof(
  fc.record({ type: fc.constant("data" as const), bytes: fc.uint8Array({ maxLength: 3000 }) }),
  fc.record({ type: fc.constant("hole" as const), lengthBytes: fc.nat(9000) })
)

test("pieces come back as one content, whatever their borders and what was there", async () => {
  await create("v", 20_000)
  let before = fs.readFileSync(stage.path("v"))
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { maxLength: 8 }),
      fc.record({ offset: fc.nat(20_000), bytesMax: fc.integer({ min: 1, max: 5000 }) }),
      fc.boolean(),
      async (pieces, { offset, bytesMax }, isSparse) => {
        await run(upload("v", pieces, offset))
        const sent = bytesOf(pieces)
        const size = Math.max(before.length, sent.length === 0 ? 0 : offset + sent.length)
        const expected = Buffer.concat([before, Buffer.alloc(size - before.length)])
        sent.copy(expected, offset)
        const after = fs.readFileSync(stage.path("v"))
        expect(after.equals(expected)).toBe(true)
        const read = await run(download("v", { bytesMax, isSparse }))
        expect(bytesOf(read).equals(expected)).toBe(true)
        for (const one of read)
          if (one.type === "data") expect(one.bytes.length).toBeLessThanOrEqual(bytesMax)
        before = after
      }
    ),
    { numRuns: 40 }
  )
})

test("zeros travel as holes when asked for, and an upload of holes takes no room", async () => {
  await create("holes", 64 * megabyte)
  const read = await run(download("holes", { bytesMax: 262_120, isSparse: true }))
  expect(read).toEqual([{ type: "hole", lengthBytes: 64 * megabyte }])
  await create("copy", megabyte)
  await run(upload("copy", read))
  expect(fs.statSync(stage.path("copy"))).toMatchObject({ size: 64 * megabyte, blocks: 0 })
  expect(await run(stage.storage.volume({ pool, name: "copy" }))).toMatchObject({
    capacityBytes: 64 * megabyte,
    allocationBytes: 0
  })
})

test("a range is read, and a part that is past what was said is refused", async () => {
  fs.writeFileSync(stage.path("digits"), "0123456789")
  await run(stage.storage.refreshPool(pool))
  const range = { bytesMax: 4, isSparse: false, offsetBytes: 2, lengthBytes: 5 }
  expect(bytesOf(await run(download("digits", range))).toString()).toBe("23456")
  const tooMuch = Effect.scoped(
    Effect.flatMap(
      stage.storage.upload({ pool, name: "digits" }, { offsetBytes: 8, lengthBytes: 2 }),
      (stream) => stream.write(Buffer.from("abc"))
    )
  )
  expect(await tagOf(tooMuch)).toBe("StorageRefused")
  expect(fs.readFileSync(stage.path("digits"), "utf8")).toBe("0123456789")
})

test("an upload keeps all others off the volume, a download who would change it", async () => {
  const { storage } = stage
  await create("v", 4096)
  const key = { pool, name: "v" }
  await run(
    Effect.scoped(
      Effect.gen(function* () {
        yield* storage.upload(key)
        expect((yield* Effect.flip(storage.deleteVolume(key)))._tag).toBe("StorageBusy")
        expect((yield* Effect.flip(Effect.scoped(storage.download(key))))._tag).toBe("StorageBusy")
      })
    )
  )
  await run(
    Effect.scoped(
      Effect.gen(function* () {
        yield* storage.download(key)
        yield* Effect.scoped(storage.download(key))
        expect((yield* Effect.flip(storage.deleteVolume(key)))._tag).toBe("StorageBusy")
      })
    )
  )
  await run(storage.deleteVolume(key))
})
