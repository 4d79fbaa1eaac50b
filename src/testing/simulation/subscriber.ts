/** Listens to an engine's events for as long as it lives, and notes each as it was heard. */
import * as Effect from "effect/Effect"
import type { TroupeEvent } from "../../engine/engine.ts"
import type { Up } from "./client.ts"
import type { Notes } from "./notes.ts"

const seen = (event: TroupeEvent) => {
  if (event.type === "gap") return { type: "gap", uuid: undefined, detail: String(event.missed) }
  const { uuid } = event
  return event.type === "lifecycle"
    ? { type: event.event, uuid, detail: event.detail }
    : { type: event.type, uuid, detail: undefined }
}

/** `pauseMs`: what the listener takes for each event. */
export const listen = ({ engine, realm }: Up, notes: Notes, pauseMs?: number): void => {
  const work = Effect.gen(function* () {
    const take = yield* engine.subscribe()
    for (;;) {
      const event = yield* take
      if (event === undefined) return
      notes.heard({ subscriber: 0, epoch: undefined, ...seen(event) })
      if (pauseMs !== undefined) yield* Effect.sleep(pauseMs)
    }
  }).pipe(Effect.scoped, Effect.ignore)
  Effect.runForkWith(realm.context)(work)
}
