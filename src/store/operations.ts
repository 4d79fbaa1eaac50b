/**
 * The journal of operation ids: a client that asks again, after a lost reply or a restart of ours,
 * gets the first answer and not a second effect. One file per id, so that there is no shared tail
 * to guard; creating the file is the claim. Old entries are dropped past an age and past a number.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { writeDurably } from "./atomic.ts"
import { bytesOf, type Disk, malformed, orAbsent, readText } from "./disk.ts"
import { type StoreError, storeError } from "./error.ts"
import { fileStem } from "./file-name.ts"

const operationVersion = 1

/** A reply is kept as text; a longer one is not worth keeping, for it can be read again. */
const operationBytesMax = 1024 * 1024

/** A client that has not asked again within a day has given up. */
const operationAgeMaxMs = 24 * 60 * 60 * 1000

/** About 4 MiB on disk; at the pace of one define a second the last hour. */
const operationsMax = 4096

const Operation = Schema.Struct({
  version: Schema.Literal(operationVersion),
  id: Schema.String,
  procedure: Schema.String,
  /** The engine that took it. One that is not ours and not done was interrupted by a crash. */
  generation: Schema.Int,
  /** The answer as JSON text; absent while the operation is under way. */
  reply: Schema.optionalKey(Schema.String)
})

const decodeOperation = Schema.decodeUnknownResult(Schema.fromJsonString(Operation))

export type OperationRecord = Omit<typeof Operation.Type, "version">

const pathOf = (disk: Disk, id: string): string => `${disk.layout.operations}/${fileStem(id)}.json`

/** What is known of the id; `undefined` when nothing is. */
export const findOperation = Effect.fnUntraced(function* (disk: Disk, id: string) {
  const deed = `look up operation '${id}'`
  const path = pathOf(disk, id)
  const text = yield* orAbsent(readText(disk, { deed, path, bytesMax: operationBytesMax }))
  if (text === undefined) return undefined
  const decoded = decodeOperation(text)
  if (Result.isFailure(decoded) || decoded.success.id !== id)
    return yield* malformed(deed, path, "it is no record of this operation")
  const { procedure, generation, reply } = decoded.success
  const record: OperationRecord = {
    id,
    procedure,
    generation,
    ...(reply !== undefined && { reply })
  }
  return record
})

/** Records the operation, durably: before its deed without a reply, after it with one. */
export const recordOperation = (
  disk: Disk,
  record: OperationRecord
): Effect.Effect<void, StoreError> =>
  writeDurably(disk, {
    deed: `record operation '${record.id}'`,
    path: pathOf(disk, record.id),
    bytes: bytesOf(`${JSON.stringify({ version: operationVersion, ...record })}\n`),
    mode: 0o600
  })

/** Drops what is older than a day, and the oldest past the bound. Gives the number dropped. */
export const compactOperations = Effect.fnUntraced(function* (disk: Disk, nowMs: number) {
  const { files, layout } = disk
  const deed = storeError("compact the journal of operations")
  const names = yield* files.list(layout.operations).pipe(Effect.mapError(deed))
  const entries = yield* Effect.forEach(names, (name) => {
    const path = `${layout.operations}/${name}`
    return files.stat(path).pipe(
      Effect.map(({ mtimeMs }) => ({ path, mtimeMs })),
      Effect.mapError(deed)
    )
  })
  const byAge = entries.toSorted((a, b) => b.mtimeMs - a.mtimeMs)
  const isKept = ({ mtimeMs }: { readonly mtimeMs: number }, rank: number): boolean =>
    rank < operationsMax && nowMs - mtimeMs <= operationAgeMaxMs
  const dropped = byAge.filter((entry, rank) => !isKept(entry, rank))
  yield* Effect.forEach(dropped, ({ path }) => files.unlink(path), { discard: true }).pipe(
    Effect.mapError(deed)
  )
  return dropped.length
})
