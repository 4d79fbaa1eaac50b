/**
 * Goal: a call made from a table reaches the engine's call as it was meant: its arguments in their
 * places, its options without those of the call, its answer and its failure as they are.
 * Method: properties over the number of arguments; faces that answer what they were called with.
 */
import * as Effect from "effect/Effect"
import fc from "fast-check"
import { expect, test } from "vitest"
import { OperationId } from "../../../src/kernel/call.ts"
import { DomainNotFound } from "../../../src/model/domain-error.ts"
import { promised } from "../../../src/promise/promised.ts"

interface Options {
  readonly depth?: number
}

type Said = Effect.Effect<readonly unknown[]>

interface Face {
  readonly value: Effect.Effect<string | undefined>
  readonly none: (options?: Options) => Said
  readonly two: (one: string, other: number, options?: Options) => Said
  readonly plain: (one: string, other?: number) => Said
  readonly failing: (key: string) => Effect.Effect<never, DomainNotFound>
  readonly waiting: Effect.Effect<never>
}

const answer = (...args: readonly unknown[]): Said => Effect.succeed(args)

const face: Face = {
  value: Effect.service(OperationId),
  none: answer,
  two: answer,
  plain: answer,
  failing: (key) => Effect.fail(new DomainNotFound({ key })),
  waiting: Effect.never
}

const made = promised(face, { value: 0, none: 0, two: 2, plain: 2, failing: 1, waiting: 0 })

test("arguments keep their places, and options lose what is the call's", async () => {
  const options = fc.record({ depth: fc.integer() }, { requiredKeys: [] })
  const call = fc.record({ operationId: fc.string() }, { requiredKeys: [] })
  await fc.assert(
    fc.asyncProperty(
      fc.string(),
      fc.integer(),
      fc.tuple(options, call),
      async (one, other, both) => {
        const [said, called] = both
        const rest = Object.keys(said).length > 0 ? [said] : []
        expect(await made.two(one, other, { ...said, ...called })).toEqual([one, other, ...rest])
        expect(await made.none({ ...said, ...called })).toEqual(rest)
        expect(await made.plain(one, other, called)).toEqual([one, other])
      }
    )
  )
  expect(await made.plain("one")).toEqual(["one", undefined])
  expect(await made.none()).toEqual([])
})

test("the operation id is the call's", async () => {
  expect(await made.value({ operationId: "mine" })).toBe("mine")
  expect(await made.value()).toBeUndefined()
})

test("a failure is thrown as it is", async () => {
  await expect(made.failing("web")).rejects.toThrow(new DomainNotFound({ key: "web" }))
})

test("an aborted call throws the signal's reason, before it begins and later", async () => {
  const abort = new AbortController()
  const waiting = made.waiting({ signal: abort.signal })
  abort.abort(new Error("enough"))
  await expect(waiting).rejects.toThrow("enough")
  await expect(made.plain("one", 2, { signal: abort.signal })).rejects.toThrow("enough")
})
