/**
 * A call that carries an operation id is done once: asked again, after a lost reply or a restart of
 * the engine, it is answered from the journal. The claim is on disk before the deed, the answer
 * after it. One that a crash interrupted has an unknown outcome, and says so instead of being done
 * twice.
 */
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { OperationId } from "../../src/kernel/call.ts"
import type { KernelError } from "../../src/kernel/error.ts"
import type { StoreError } from "../../src/store/error.ts"
import type { Parts } from "./parts.ts"

/** The operation was asked for before; it failed, or nobody knows how it went. */
export class OperationRepeated extends Data.TaggedError("OperationRepeated")<{
  readonly operationId: string
  readonly procedure: string
  /** `unfinished`: under way now, or interrupted by the end of an engine. */
  readonly outcome: "failed" | "unfinished" | "another procedure"
  readonly why: string
}> {
  override get message(): string {
    return `operation '${this.operationId}' (${this.procedure}) was asked for before: ${this.why}`
  }
}

type Reply =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly why: string }

/**
 * What the journal can keep: plain data. Anything else is answered with nothing the second time.
 */
const keepable = (value: unknown): unknown => {
  const isPlain = value === null || ["string", "number", "boolean"].includes(typeof value)
  return isPlain ? value : undefined
}

const replyOf = <A, E>(exit: Exit.Exit<A, E>): Reply =>
  Exit.isSuccess(exit)
    ? { ok: true, value: keepable(exit.value) }
    : { ok: false, why: Cause.pretty(exit.cause) }

const answerAgain = <A>(
  reply: Reply,
  repeated: (
    outcome: OperationRepeated["outcome"],
    why: string
  ) => Effect.Effect<never, OperationRepeated>
): Effect.Effect<A, OperationRepeated> =>
  // The type is the first asker's: the same id with another procedure was refused before.
  reply.ok ? Effect.succeed(reply.value as A) : repeated("failed", `it failed: ${reply.why}`)

export type OnceError = OperationRepeated | StoreError

/** How any call can fail for reasons that are not its own. */
export type CallError = KernelError | OnceError

/** `work` gives a plain value or nothing: that is what the journal can keep. */
export const once = <A extends string | number | boolean | void, E, R>(
  { store, operations }: Parts,
  procedure: string,
  work: Effect.Effect<A, E, R>
): Effect.Effect<A, E | OnceError, R> =>
  Effect.withFiber((fiber) => {
    const id = fiber.getRef(OperationId)
    if (id === undefined) return work
    // Looking into the journal waits for the disk: two that ask at once would both find nothing.
    if (operations.has(id)) {
      const why = "it is under way"
      return Effect.fail(
        new OperationRepeated({ operationId: id, procedure, outcome: "unfinished", why })
      )
    }
    operations.add(id)
    return Effect.ensuring(
      journalled(store, { id, procedure }, work),
      Effect.sync(() => operations.delete(id))
    )
  })

const journalled = <A, E, R>(
  store: Parts["store"],
  { id, procedure }: { readonly id: string; readonly procedure: string },
  work: Effect.Effect<A, E, R>
): Effect.Effect<A, E | OnceError, R> => {
  const repeated = (outcome: OperationRepeated["outcome"], why: string) =>
    Effect.fail(new OperationRepeated({ operationId: id, procedure, outcome, why }))
  return Effect.gen(function* () {
    const known = yield* store.findOperation(id)
    if (known !== undefined && known.procedure !== procedure)
      return yield* repeated("another procedure", `as ${known.procedure}`)
    if (known?.reply !== undefined)
      return yield* answerAgain<A>(JSON.parse(known.reply) as Reply, repeated)
    if (known !== undefined) {
      const isOurs = known.generation === store.generation
      const why = isOurs ? "its answer could not be kept" : "an engine ended while it was under way"
      return yield* repeated("unfinished", why)
    }
    const { generation } = store
    const record = { id, procedure, generation }
    // An asker that goes away interrupts the work, and that is then how it ended.
    return yield* Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        yield* store.recordOperation(record)
        const exit = yield* Effect.exit(restore(work))
        const reply = JSON.stringify(replyOf(exit))
        yield* store.recordOperation({ ...record, reply })
        return yield* exit
      })
    )
  })
}
