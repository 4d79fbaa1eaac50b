/**
 * Owns the list of domains: the index by name, uuid and id, and the reservations. Name and uuid are
 * taken by one message, so that no two requests can both find them free. Holds no definition and
 * talks to no QEMU; which state a domain is in is read from its own snapshot.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import { answered, failed, type Request, type RequestMessage } from "../src/base/protocol.ts"
import { Actor } from "../src/kernel/actor.ts"
import type { Action, Decision, Fact } from "../src/kernel/behaviour.ts"
import type { KernelError } from "../src/kernel/error.ts"
import type { Kernel } from "../src/kernel/kernel.ts"
import { DomainExists } from "../src/model/domain-error.ts"
import type { DomainRef } from "./domain/domain.ts"

/** A domain that is known. Without an actor its definition has not been needed yet. */
export interface Entry {
  readonly uuid: string
  readonly name: string
  readonly isAutostart: boolean
  readonly ref: DomainRef | undefined
}

interface Wanted {
  readonly uuid: string
  readonly name: string
}

interface Index {
  readonly byUuid: HashMap.HashMap<string, Entry>
  readonly byName: HashMap.HashMap<string, string>
  /** Name and uuid that a request holds while it works, by its token. */
  readonly reserved: HashMap.HashMap<string, Wanted>
  readonly lastId: number
}

interface DomainsProtocol {
  /** The domain that has this very name and uuid, or nothing, and then both are reserved. */
  readonly reserve: Request<Wanted & { readonly token: string }, Entry | undefined, DomainExists>
  /** A new name for a domain of the list. */
  readonly reserveName: Request<Wanted & { readonly token: string }, void, DomainExists>
  readonly commit: Request<{ readonly token: string; readonly entry: Entry }>
  readonly commitName: Request<{ readonly token: string }>
  readonly release: Request<{ readonly token: string }>
  /** Gives a domain its actor, unless another request was faster; the one it has. */
  readonly attach: Request<
    { readonly uuid: string; readonly ref: DomainRef },
    DomainRef | undefined
  >
  readonly remove: Request<{ readonly uuid: string }>
  readonly nextId: Request<object, number>
}

type Message = RequestMessage<DomainsProtocol> | Fact
type Take<T> = Extract<RequestMessage<DomainsProtocol>, { type: T }>

const reply = (call: number, answer: ReturnType<typeof answered>): readonly Action[] => [
  { type: "reply", params: { calls: [call], answer } }
]

const conflict = (state: Index, wanted: Wanted, token: string): DomainExists | undefined => {
  const sameUuid = Option.getOrUndefined(HashMap.get(state.byUuid, wanted.uuid))
  const owner = Option.getOrUndefined(HashMap.get(state.byName, wanted.name))
  const sameName =
    owner === undefined ? undefined : Option.getOrUndefined(HashMap.get(state.byUuid, owner))
  const other = [sameUuid, sameName].find(
    (entry) => entry !== undefined && (entry.uuid !== wanted.uuid || entry.name !== wanted.name)
  )
  if (other !== undefined) return new DomainExists({ wanted, existing: other, isReserved: false })
  for (const [holder, existing] of state.reserved) {
    if (holder === token) continue
    if (existing.name === wanted.name || existing.uuid === wanted.uuid)
      return new DomainExists({ wanted, existing, isReserved: true })
  }
  return undefined
}

const reserve = (state: Index, { call, token, name, uuid }: Take<"reserve">): Decision<Index> => {
  const wanted = { name, uuid }
  const error = conflict(state, wanted, token)
  if (error !== undefined) return { next: state, actions: reply(call, failed(error)) }
  const existing = Option.getOrUndefined(HashMap.get(state.byUuid, uuid))
  if (existing !== undefined) return { next: state, actions: reply(call, answered(existing)) }
  const reserved = HashMap.set(state.reserved, token, wanted)
  return { next: { ...state, reserved }, actions: reply(call, answered()) }
}

const reserveName = (
  state: Index,
  { call, token, name, uuid }: Take<"reserveName">
): Decision<Index> => {
  const owner = Option.getOrUndefined(HashMap.get(state.byName, name))
  const existing =
    owner === undefined ? undefined : Option.getOrUndefined(HashMap.get(state.byUuid, owner))
  const wanted = { name, uuid }
  if (existing !== undefined) {
    const error = new DomainExists({ wanted, existing, isReserved: false })
    return { next: state, actions: reply(call, failed(error)) }
  }
  for (const [holder, other] of state.reserved)
    if (holder !== token && other.name === name) {
      const error = new DomainExists({ wanted, existing: other, isReserved: true })
      return { next: state, actions: reply(call, failed(error)) }
    }
  const reserved = HashMap.set(state.reserved, token, wanted)
  return { next: { ...state, reserved }, actions: reply(call, answered()) }
}

const add = (state: Index, entry: Entry): Index => ({
  ...state,
  byUuid: HashMap.set(state.byUuid, entry.uuid, entry),
  byName: HashMap.set(state.byName, entry.name, entry.uuid)
})

const commitName = (state: Index, { call, token }: Take<"commitName">): Decision<Index> => {
  const wanted = Option.getOrUndefined(HashMap.get(state.reserved, token))
  const reserved = HashMap.remove(state.reserved, token)
  const entry = wanted && Option.getOrUndefined(HashMap.get(state.byUuid, wanted.uuid))
  if (wanted === undefined || entry === undefined)
    return { next: { ...state, reserved }, actions: reply(call, answered()) }
  const byName = HashMap.remove(state.byName, entry.name)
  const renamed = add({ ...state, byName, reserved }, { ...entry, name: wanted.name })
  return { next: renamed, actions: reply(call, answered()) }
}

const attach = (state: Index, { call, uuid, ref }: Take<"attach">): Decision<Index> => {
  const entry = Option.getOrUndefined(HashMap.get(state.byUuid, uuid))
  if (entry === undefined || entry.ref !== undefined)
    return { next: state, actions: reply(call, answered(entry?.ref)) }
  return { next: add(state, { ...entry, ref }), actions: reply(call, answered(ref)) }
}

const remove = (state: Index, { call, uuid }: Take<"remove">): Decision<Index> => {
  const entry = Option.getOrUndefined(HashMap.get(state.byUuid, uuid))
  if (entry === undefined) return { next: state, actions: reply(call, answered()) }
  const byUuid = HashMap.remove(state.byUuid, uuid)
  const byName = HashMap.remove(state.byName, entry.name)
  return { next: { ...state, byUuid, byName }, actions: reply(call, answered()) }
}

const decide = (state: Index, message: Message): Decision<Index> => {
  const request = message as RequestMessage<DomainsProtocol>
  switch (request.type) {
    case "reserve":
      return reserve(state, request)
    case "reserveName":
      return reserveName(state, request)
    case "commit": {
      const reserved = HashMap.remove(state.reserved, request.token)
      const next = add({ ...state, reserved }, request.entry)
      return { next, actions: reply(request.call, answered()) }
    }
    case "commitName":
      return commitName(state, request)
    case "release": {
      const reserved = HashMap.remove(state.reserved, request.token)
      return { next: { ...state, reserved }, actions: reply(request.call, answered()) }
    }
    case "attach":
      return attach(state, request)
    case "remove":
      return remove(state, request)
    case "nextId": {
      const lastId = state.lastId + 1
      return { next: { ...state, lastId }, actions: reply(request.call, answered(lastId)) }
    }
  }
}

type Asked<A, E = never> = Effect.Effect<A, E | KernelError>

export interface Domains {
  readonly reserve: (wanted: Wanted, token: string) => Asked<Entry | undefined, DomainExists>
  readonly reserveName: (wanted: Wanted, token: string) => Asked<void, DomainExists>
  readonly commit: (token: string, entry: Entry) => Asked<void>
  readonly commitName: (token: string) => Asked<void>
  /** Idempotent; what a request did not commit dies with it. */
  readonly release: (token: string) => Asked<void>
  readonly attach: (uuid: string, ref: DomainRef) => Asked<DomainRef | undefined>
  readonly remove: (uuid: string) => Asked<void>
  /** Numbers only grow, for the life of the engine. */
  readonly nextId: Asked<number>
  readonly byUuid: (uuid: string) => Entry | undefined
  readonly byName: (name: string) => Entry | undefined
  readonly all: () => readonly Entry[]
  readonly stop: () => Effect.Effect<void>
}

export const makeDomains = (
  kernel: Kernel,
  initial: { readonly entries: readonly Entry[]; readonly lastId: number }
): Domains => {
  const known = initial.entries
  const index: Index = {
    byUuid: HashMap.fromIterable(known.map((entry) => [entry.uuid, entry])),
    byName: HashMap.fromIterable(known.map((entry) => [entry.name, entry.uuid])),
    reserved: HashMap.empty(),
    lastId: initial.lastId
  }
  const actor = new Actor<Index, DomainsProtocol>(
    {
      name: "domains",
      initial: { next: index, actions: [] },
      decide,
      describe: (state) => `${HashMap.size(state.byUuid)} domains`,
      scripts: {}
    },
    kernel,
    Context.empty()
  )
  let last: { readonly of: Index["byUuid"]; readonly entries: readonly Entry[] } | undefined
  const all = (): readonly Entry[] => {
    const { byUuid: of } = actor.published
    if (last?.of !== of) last = { of, entries: [...HashMap.values(of)] }
    return last.entries
  }
  const byUuid = (uuid: string) => Option.getOrUndefined(HashMap.get(actor.published.byUuid, uuid))
  return {
    reserve: (wanted, token) => actor.ask("reserve", { ...wanted, token }),
    reserveName: (wanted, token) => actor.ask("reserveName", { ...wanted, token }),
    commit: (token, entry) => actor.ask("commit", { token, entry }),
    commitName: (token) => actor.ask("commitName", { token }),
    release: (token) => actor.ask("release", { token }, "control"),
    attach: (uuid, ref) => actor.ask("attach", { uuid, ref }),
    remove: (uuid) => actor.ask("remove", { uuid }, "control"),
    nextId: actor.ask("nextId", {}),
    byUuid,
    byName: (name) => {
      const uuid = Option.getOrUndefined(HashMap.get(actor.published.byName, name))
      return uuid === undefined ? undefined : byUuid(uuid)
    },
    all,
    stop: () => actor.stop()
  }
}
