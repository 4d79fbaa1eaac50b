/**
 * A file that QEMU writes for us in the epoch's own directory, read and taken away again, whatever
 * becomes of the call.
 */
import * as Effect from "effect/Effect"
import type { DomainRef } from "../../actors/domain/domain.ts"
import type { Needs } from "../../actors/domain/needs.ts"
import { directoryOf, type Reached } from "../../actors/domain/reach.ts"
import type { Parts } from "../../actors/driver/parts.ts"
import { Files } from "../host/files.ts"
import { OperationFailed } from "../model/domain-error.ts"

interface Wish<A, E> {
  readonly operation: string
  /** What the file is called, beside a number of its own. */
  readonly name: string
  readonly bytesMax: number
  /** Has QEMU write it. */
  readonly write: (path: string) => Effect.Effect<A, E>
}

/** The bytes that were written, and what `write` came to. */
export const writtenFile = <A, E>(
  { domain, epoch }: Reached,
  { ref, parts }: { readonly ref: DomainRef; readonly parts: Parts },
  { operation, name, bytesMax, write }: Wish<A, E>
): Effect.Effect<readonly [A, Uint8Array], E | OperationFailed, Needs> =>
  Effect.gen(function* () {
    const files = yield* Files
    const directory = directoryOf(ref, epoch)
    const failed = (why: string) => new OperationFailed({ domain, operation, why })
    if (directory === undefined) return yield* failed("it has no directory")
    const path = `${directory}/${name}-${parts.kernel.number()}`
    const made = Effect.flatMap(write(path), (outcome) =>
      files.read(path, bytesMax).pipe(
        Effect.map((bytes) => [outcome, bytes] as const),
        Effect.mapError(({ message }) => failed(message))
      )
    )
    return yield* Effect.ensuring(made, Effect.ignore(files.unlink(path)))
  })

export const withFileOf = <A, E>(
  guest: Reached,
  place: { readonly ref: DomainRef; readonly parts: Parts },
  wish: Wish<A, E>
) => Effect.map(writtenFile(guest, place, wish), ([, bytes]) => bytes)
