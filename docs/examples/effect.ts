// The same engine as an Effect service: typed errors, scopes, streams.
import { readFile } from "node:fs/promises"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { layer, Troupe } from "troupe/effect"

const program = Effect.gen(function* () {
  const troupe = yield* Troupe
  const xml = yield* Effect.promise(() => readFile("web.xml", "utf8"))
  const web = yield* troupe.defineXML(xml)
  const ending = troupe.events({ domain: web.uuid }).pipe(
    Stream.takeUntil((event) => event.type === "lifecycle" && event.event === "stopped"),
    Stream.runForEach((event) => Effect.log(event.type === "lifecycle" ? event.event : event.type))
  )
  const watching = yield* Effect.forkChild(ending, { startImmediately: true })
  yield* web.start()
  yield* web.destroy()
  yield* Fiber.join(watching)
  return yield* web.start({ isPaused: true }).pipe(
    Effect.andThen(web.start()),
    Effect.catchTag("RequestDenied", (denied) => Effect.succeed(`refused: ${denied.because}`))
  )
})

const answer = await Effect.runPromise(Effect.provide(program, layer({ guests: "stop" })))
console.log(answer)
