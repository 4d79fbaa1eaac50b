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

export const listen = ({ engine, realm }: Up, notes: Notes, subscriber: number): void => {
  const work = Effect.gen(function* () {
    const take = yield* engine.subscribe()
    for (;;) {
      const event = yield* take
      if (event === undefined) return
      notes.heard({ subscriber, epoch: undefined, ...seen(event) })
    }
  }).pipe(Effect.scoped, Effect.ignore)
  Effect.runForkWith(realm.context)(work)
}
