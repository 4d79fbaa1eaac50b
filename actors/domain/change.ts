/**
 * Script `write`: makes one change of the definition durable, or says why it is not. What stands on
 * disk and what is published never differ for longer than this script runs.
 */
import * as Effect from "effect/Effect"
import type { Change, Definitions } from "../../machines/domain/change.ts"
import type { Domain } from "../../src/model/domain.ts"
import { InvalidDomain } from "../../src/model/error.ts"
import { domainFromText, type DomainKind, domainText } from "../../src/store/domain-text.ts"
import type { StoreError } from "../../src/store/error.ts"
import { Store } from "../../src/store/store.ts"
import type { Identity } from "./needs.ts"
import { putRecord } from "./status.ts"
import { Surroundings } from "./surroundings.ts"

interface Write {
  readonly change: Change
  readonly after: Definitions
}

/**
 * The text, once it was read back: what no XML can carry (a control character in a title) would be
 * acknowledged now, and the next engine would read something else or nothing.
 */
const readable = (domain: Domain, kind: DomainKind) => {
  const text = domainText(domain, kind)
  const read = domainFromText(text, kind)
  const refuse = (path: string, reason: string) =>
    Effect.fail(new InvalidDomain({ domain: domain.name, path, reason }))
  if (read._tag === "Failure") return refuse("definition", read.failure.message)
  const changed = (["name", "title", "description"] as const).find(
    (part) => (read.success.domain[part] ?? "") !== (domain[part] ?? "")
  )
  return changed === undefined
    ? Effect.succeed(text)
    : refuse(changed, "it has a character that XML cannot carry")
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
    const xml = yield* readable(persistent, "inactive")
    if (change.type === "rename")
      return yield* store.renameDefinition({ uuid, from: name, to: change.name, xml })
    yield* store.writeDefinition({ name, uuid, xml })
  })

/** The live definition is the status record's: the next engine goes on with it. */
const persistLive = (
  domain: Identity,
  live: Domain | undefined
): Effect.Effect<Effect.Effect<void, never, Store>, ChangeError, Store> =>
  Effect.gen(function* () {
    const { context } = domain.now()
    const mine = domain.belongings.find(context.epoch)
    if (live === undefined || live === context.live || mine?.record === undefined)
      return Effect.void
    const definition = yield* readable(live, "active")
    const { definition: before } = mine.record
    const take = (text: string) =>
      Effect.suspend(() => {
        if (mine.record !== undefined) mine.record = { ...mine.record, definition: text }
        return putRecord(mine)
      })
    const putBack = Effect.ignore(take(before))
    yield* Effect.tapError(take(definition), () => putBack)
    return putBack
  })

/** A deed on the disk, once begun, finishes: the turn that follows has to know how it went. */
export const write =
  (domain: Identity) =>
  (request: Write): Effect.Effect<Outcome, never, Store> =>
    Effect.gen(function* () {
      const putBack = yield* persistLive(domain, request.after.live)
      yield* Effect.tapError(persist(domain, request), () => putBack)
    }).pipe(
      Effect.match({
        onSuccess: (): Outcome => ({ type: "written" }),
        onFailure: (error): Outcome => ({ type: "writeFailed", error })
      }),
      Effect.uninterruptible
    )

type ChangeError = StoreError | InvalidDomain

type Outcome =
  | { readonly type: "written" }
  | { readonly type: "writeFailed"; readonly error: ChangeError }

/** Script `unregister`. */
export const unregister = (domain: Identity) => () =>
  Effect.gen(function* () {
    const surroundings = yield* Surroundings
    yield* surroundings.unregister(domain.uuid)
    return { type: "unregistered" as const }
  })
