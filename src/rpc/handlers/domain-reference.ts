/**
 * How a call names a domain and how an answer does, and what every call on one has in common: it is
 * found by uuid, flags that are not known are refused, and so is what needs a guest where none is.
 */
import * as Effect from "effect/Effect"
import type { Domain } from "../../engine/handle.ts"
import type { Published, PublishedDomain } from "../../engine/published.ts"
import type { DomainNotFound } from "../../model/domain-error.ts"
import type { Fault } from "../error-code.ts"
import type { remote_nonnull_domain } from "../protocol/types.ts"
import { type ErrorDomain, type ErrorName, RpcRefusal } from "../refusal.ts"
import type { Client, HostServices, Work } from "../server/handler.ts"

const hex: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, "0")
)

/** Lower case, with hyphens. */
export const uuidText = (bytes: Uint8Array): string => {
  let text = ""
  for (let index = 0; index < 16; index++) {
    if (index === 4 || index === 6 || index === 8 || index === 10) text += "-"
    text += hex[bytes[index] ?? 0]
  }
  return text
}

/** Of a uuid of ours, which is well-formed. */
export const uuidBytes = (text: string): Uint8Array => {
  const bytes = new Uint8Array(16)
  for (let index = 0, at = 0; index < 16; index++, at += 2) {
    if (text.charCodeAt(at) === hyphen) at++
    bytes[index] = digit(text.charCodeAt(at)) * 16 + digit(text.charCodeAt(at + 1))
  }
  return bytes
}

const hyphen = 45
/** Of `0` to `9` and `a` to `f`. */
const digit = (code: number): number => (code < 58 ? code - 48 : code - 87)

/** libvirt's remote_nonnull_domain: `id` is -1 while the domain is not running. */
export const reference = (domain: {
  readonly uuid: string
  readonly name: string
  readonly id: number
}): remote_nonnull_domain => ({
  name: domain.name,
  uuid: uuidBytes(domain.uuid),
  id: domain.id
})

type Refused = Effect.Effect<never, RpcRefusal>

export const refuse = (code: ErrorName, text: string, domain?: ErrorDomain): Refused =>
  Effect.fail(new RpcRefusal({ code, text, ...(domain === undefined ? {} : { domain }) }))

/** What libvirt says of an argument that makes no sense by itself: without the code's words. */
const invalid = (text: string): Refused =>
  Effect.fail(new RpcRefusal({ code: "INVALID_ARG", text, isBare: true }))

/** A refusal when there are flags beyond the known ones: to ignore one is a wrong answer. */
export const unknownFlags = (api: string, flags: number, known: number): Refused | undefined => {
  const unknown = (flags & ~known) >>> 0
  return unknown === 0
    ? undefined
    : invalid(`unsupported flags (0x${unknown.toString(16)}) in function ${api}`)
}

/** A refusal when both of two flags are given that contradict each other. */
export const contradiction = (
  flags: number,
  one: { readonly flag: number; readonly name: string },
  other: { readonly flag: number; readonly name: string }
): Refused | undefined =>
  (flags & one.flag) !== 0 && (flags & other.flag) !== 0
    ? invalid(`Flags '${one.name}' and '${other.name}' are mutually exclusive`)
    : undefined

const engineAway = ({ engine }: Client) =>
  refuse("OPERATION_INVALID", `the engine is ${engine.phase()}`)

/** What is published, in the turn of the call; an engine that is ending answers nothing more. */
export const published = <A>(
  client: Client,
  answer: (now: Published) => A | Work<A>
): A | Work<A> => {
  const now = client.engine.published()
  return now === undefined ? engineAway(client) : answer(now)
}

export const notFound = (what: string): Refused =>
  refuse("NO_DOMAIN", `no domain with matching ${what}`)

const isGone = ({ uuid, name }: remote_nonnull_domain) =>
  notFound(`uuid '${uuidText(uuid)}' (${name})`)

/** Answers from what is published of the domain that the client means. */
export const onPublished = <A>(
  client: Client,
  dom: remote_nonnull_domain,
  answer: (domain: PublishedDomain) => A | Work<A>
): A | Work<A> =>
  published(client, (now) => {
    const found = now.byUuid(uuidText(dom.uuid))
    return found === undefined ? isGone(dom) : answer(found)
  })

/** The same where the definition is needed, which may have to be read from disk first. */
export const onDefinition = <A>(
  client: Client,
  dom: remote_nonnull_domain,
  answer: (domain: PublishedDomain) => A | Work<A>
): A | Work<A> =>
  onPublished(client, dom, (found) => {
    if (found.isLoaded) return answer(found)
    return onHandle(client, dom, ({ info }) =>
      Effect.flatMap(info, () => asWork(onPublished(client, dom, answer)))
    )
  })

const asWork = <A>(answer: A | Work<A>): Work<A> =>
  Effect.isEffect(answer) ? answer : Effect.succeed(answer)

const onHandle = <A>(
  { engine }: Client,
  dom: remote_nonnull_domain,
  work: (domain: Domain) => Effect.Effect<A, Fault, HostServices>
): Work<A> =>
  Effect.catchTag(
    Effect.flatMap(engine.lookup({ uuid: uuidText(dom.uuid) }), work),
    "DomainNotFound",
    (_: DomainNotFound) => isGone(dom)
  )

/** Does something to the domain; `found` is how it is in the turn of the call. */
export const onDomain = <A>(
  client: Client,
  dom: remote_nonnull_domain,
  work: (domain: Domain, found: PublishedDomain) => Effect.Effect<A, Fault, HostServices>
): Work<A> =>
  asWork(
    onPublished<A>(client, dom, (found) => onHandle(client, dom, (domain) => work(domain, found)))
  )

export const notRunning = (): Refused =>
  refuse("OPERATION_INVALID", "domain is not running", "DOMAIN")

/** The same for what only a guest can do. */
export const onGuest = <A>(
  client: Client,
  dom: remote_nonnull_domain,
  work: (domain: Domain, found: PublishedDomain) => Effect.Effect<A, Fault, HostServices>
): Work<A> =>
  onDomain(client, dom, (domain, found) => (found.isActive ? work(domain, found) : notRunning()))

/** VIR_DOMAIN_AFFECT_*: which of the two definitions. */
export const affect = { live: 1, config: 2 } as const

/** Refuses what the domain does not have. `undefined`: the guest's if it runs, else the other. */
export const affects = (
  flags: number,
  { isActive, isPersistent }: PublishedDomain
): Effect.Effect<{ readonly live: boolean; readonly config: boolean } | undefined, RpcRefusal> => {
  const live = (flags & affect.live) !== 0
  const config = (flags & affect.config) !== 0
  if (live && !isActive) return notRunning()
  if (config && !isPersistent)
    return refuse("OPERATION_INVALID", "transient domains do not have any persistent config")
  return Effect.succeed(live || config ? { live, config } : undefined)
}
