// Goal: what a stream copies is closed, whether the stream ends, fails, is interrupted or never
// begins. Method: a client of which only the stream is looked at, and the tests' own clock.
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { expect, test } from "vitest"
import { holdStream } from "../../../../src/rpc/handlers/held-stream.ts"
import { RpcRefusal } from "../../../../src/rpc/refusal.ts"
import type { ByteStream, Client, Work } from "../../../../src/rpc/server/handler.ts"

const refusal = new RpcRefusal({ code: "OPERATION_FAILED", text: "it fails" })

const stage = () => {
  const told: string[] = []
  let served: ((stream: ByteStream) => Work<void>) | undefined
  const client = {
    openStream: (serve: (stream: ByteStream) => Work<void>) => {
      served = serve
    }
  } as Client
  const open: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
    Effect.succeed("door"),
    () => Effect.sync(() => void told.push("closed"))
  )
  const begin = () => {
    if (served === undefined) throw new Error("no stream was opened")
    return served({} as ByteStream) as Effect.Effect<void, RpcRefusal>
  }
  return { told, client, open, begin }
}

const run = <A>(work: Effect.Effect<A, unknown, never>): Promise<A> =>
  Effect.runPromise(Effect.scoped(work.pipe(Effect.provide(TestClock.layer()))))

/** These use none of the host's services. */
const held = (work: Work<string>): Effect.Effect<string, RpcRefusal> =>
  work as Effect.Effect<string, RpcRefusal>

test.each(["ends", "fails"] as const)(
  "what is opened is closed when the stream %s",
  async (how) => {
    const { told, client, open, begin } = stage()
    const end = how === "ends" ? Effect.void : Effect.fail(refusal)
    await run(
      Effect.gen(function* () {
        yield* held(holdStream(client, open, () => end))
        expect(told).toEqual([])
        yield* Effect.ignore(begin())
      })
    )
    expect(told).toEqual(["closed"])
  }
)

test("it is closed when the work is interrupted, and not while it lasts", async () => {
  const { told, client, open, begin } = stage()
  await run(
    Effect.gen(function* () {
      yield* held(holdStream(client, open, () => Effect.never))
      const fiber = yield* Effect.forkChild(begin(), { startImmediately: true })
      yield* TestClock.adjust("1 hour")
      expect(told).toEqual([])
      yield* Fiber.interrupt(fiber)
    })
  )
  expect(told).toEqual(["closed"])
})

test("it is closed when no stream is begun", async () => {
  const { told, client, open } = stage()
  await run(
    Effect.gen(function* () {
      yield* held(holdStream(client, open, () => Effect.void))
      yield* TestClock.adjust("2 seconds")
    })
  )
  expect(told).toEqual(["closed"])
})

test("what cannot be opened fails the call, and opens no stream", async () => {
  const { client, open, told, begin } = stage()
  const failing = Effect.andThen(open, Effect.fail(refusal))
  const exit = await run(Effect.exit(held(holdStream(client, failing, () => Effect.void))))
  expect(exit._tag).toBe("Failure")
  expect(told).toEqual(["closed"])
  expect(begin).toThrow("no stream was opened")
})
