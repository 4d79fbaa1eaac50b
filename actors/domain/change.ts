/**
 * Script `write`: makes one change of the definition durable, or says why it is not. What stands on
 * disk and what is published never differ for longer than this script runs.
 */
import * as Effect from "effect/Effect"
import type { Change, Definitions } from "../../machines/domain/change.ts"
import { domainText } from "../../src/store/domain-text.ts"
import type { StoreError } from "../../src/store/error.ts"
import { Store } from "../../src/store/store.ts"
import type { Identity } from "./needs.ts"
import { Surroundings } from "./surroundings.ts"

interface Write {
  readonly change: Change
  readonly after: Definitions
}

const persist = (domain: Identity, { change, after }: Write) =>
  Effect.gen(function* () {
    const store = yield* Store
    const { uuid } = domain
    const { name, persistent: before } = domain.now().context
    if (change.type === "autostart") return yield* store.setAutostart(name, change.isAutostart)
    if (change.type === "undefine") return void (yield* store.removeDefinition({ name, uuid }))
    const { persistent } = after
    if (persistent === undefined || persistent === before) return
    const xml = domainText(persistent, "inactive")
    if (change.type === "rename")
      return yield* store.renameDefinition({ uuid, from: name, to: change.name, xml })
    yield* store.writeDefinition({ name, uuid, xml })
  })

/** A deed on the disk, once begun, finishes: the turn that follows has to know how it went. */
export const write =
  (domain: Identity) =>
  (request: Write): Effect.Effect<Outcome, never, Store> =>
    Effect.uninterruptible(
      Effect.match(persist(domain, request), {
        onSuccess: (): Outcome => ({ type: "written" }),
        onFailure: (error): Outcome => ({ type: "writeFailed", error })
      })
    )

type Outcome =
  | { readonly type: "written" }
  | { readonly type: "writeFailed"; readonly error: StoreError }

/** Script `unregister`. */
export const unregister = (domain: Identity) => () =>
  Effect.gen(function* () {
    const surroundings = yield* Surroundings
    yield* surroundings.unregister(domain.uuid)
    return { type: "unregistered" as const }
  })
