/**
 * Domains, a pool of one device and clients, composed of pure parts: the space of all that can
 * happen among them, and the laws that hold in every state of it. Each part's own moves are worked
 * out once, however many states of the whole have it.
 */
import type { DomainMessage } from "../../../machines/domain/domain.ts"
import type { Move, Space } from "../../../src/testing/chart-space.ts"
import { lifeOf } from "../../property/machines/domain-laws.ts"
import { ask, type Deed, deedsOf, type PoolDeed } from "./deeds.ts"
import { definition, freshPart, keyOf, type Part } from "./part.ts"

export const requestNames = [
  "start",
  "destroy",
  "suspend",
  "resume",
  "startPaused",
  "create",
  "destroyGently",
  "reset",
  "reboot",
  "undefine",
  "define",
  "title"
] as const
export type RequestName = (typeof requestNames)[number]

export interface Scope {
  readonly domains: number
  readonly clients: number
  readonly callsEach: number
  readonly requests: readonly RequestName[]
  /** Of each guest by itself; of each QEMU. */
  readonly whims: number
  readonly deaths: number
}

const messageOf = (name: RequestName, call: number): DomainMessage => {
  const epoch = `1.${call}`
  const start = { call, epoch, isPaused: false, autoDestroy: undefined }
  switch (name) {
    case "start":
      return { type: "start", ...start }
    case "startPaused":
      return { type: "start", ...start, isPaused: true }
    case "create":
      return { type: "create", ...start, definition }
    case "destroy":
      return { type: "destroy", call, isGraceful: false, epoch: undefined }
    case "destroyGently":
      return { type: "destroy", call, isGraceful: true, epoch: undefined }
    case "suspend":
    case "resume":
      return { type: name, call }
    case "reset":
    case "reboot":
      return { type: "signal", call, signal: name, mode: "default" }
    case "undefine":
      return { type: "change", call, change: { type: "undefine" } }
    case "define":
      return { type: "change", call, change: { type: "define", definition } }
    case "title": {
      const affects = { config: true, live: false }
      return { type: "change", call, change: { type: "title", affects, text: "t" } }
    }
  }
}

/**
 * The whole: parts by number, and who holds the device. Domains are alike, and so are clients: both
 * stand in order of their numbers, so that states which differ only in who is who are one. Calls
 * have the lowest number that nothing remembers.
 */
export interface State {
  readonly parts: readonly number[]
  /** 0: nobody; else the call whose epoch has it. */
  readonly holder: number
  /** Of each client: eight times the calls it has made, and the call that it waits for, or 0. */
  readonly clients: readonly number[]
  readonly broken: string | undefined
}

const numbersMax = 7

interface Known {
  readonly part: Part
  /** The calls that it remembers, as bits. */
  readonly calls: number
  readonly isAlive: boolean
  readonly token: number
  deeds: readonly Next[] | undefined
  readonly asked: Map<number, Next>
}

/** A deed of a part, with the part that follows by its number. */
interface Next extends Omit<Deed, "next"> {
  readonly to: number
}

const tokenOf = (epoch: string | undefined): number => Number(epoch?.split(".")[1] ?? 0)

const callsIn = ({ owed, postponed, snapshot, holds }: Part): number => {
  const waiting = postponed.map((message) => ("call" in message ? message.call : 0))
  const tokens = [tokenOf(snapshot.context.epoch), tokenOf(holds)]
  return [...owed, ...waiting, ...tokens].reduce((bits, call) => bits | (1 << call), 0)
}

/** The states of the chart in which QEMU and the chart may say different things of the guest. */
const agrees = ({ snapshot, guest }: Part): boolean => {
  const life = lifeOf(snapshot)
  switch (guest?.status) {
    case undefined:
      return life === "shutoff" || life === "gone"
    case "running":
      return life.startsWith("running.")
    case "paused":
    case "prelaunch":
      return life.startsWith("paused.")
    case "suspended":
      return life === "pmsuspended"
    default:
      return false
  }
}

export class System implements Space<State> {
  readonly initial: State
  private readonly scope: Scope
  private readonly known: Known[] = []
  private readonly numbers = new Map<string, number>()

  constructor(scope: Scope) {
    this.scope = scope
    const fresh = this.number(freshPart(scope))
    this.initial = {
      parts: Array.from({ length: scope.domains }, () => fresh),
      holder: 0,
      clients: Array.from({ length: scope.clients }, () => 0),
      broken: undefined
    }
  }

  /** How many different domains there were, over all states. */
  get partCount(): number {
    return this.known.length
  }

  readonly key = ({ parts, holder, clients, broken }: State): number | string => {
    let key = broken === undefined ? 0 : 1
    for (const client of clients) key = key * 32 + client
    key = key * 8 + holder
    for (const part of parts) key = key * 2 ** 17 + part
    return Number.isSafeInteger(key) ? key : `${parts.join()} ${holder} ${clients.join()}`
  }

  readonly moves = (state: State): readonly Move<State>[] => {
    if (state.broken !== undefined) return []
    const moves: Move<State>[] = []
    for (const [domain, number] of state.parts.entries()) {
      if (state.parts.indexOf(number) !== domain) continue
      for (const next of this.deeds(number))
        if (isPossible(next.pool, state.holder))
          moves.push({ name: `${domain} ${next.name}`, next: this.after(state, domain, next) })
    }
    for (const [client, at] of state.clients.entries())
      if (at % 8 === 0 && at / 8 < this.scope.callsEach && state.clients.indexOf(at) === client)
        this.ask(state, client, moves)
    return moves
  }

  readonly wrong = (state: State, moves: readonly Move<State>[]): string | undefined => {
    if (state.broken !== undefined) return state.broken
    const { holder } = state
    const parts = state.parts.map((number) => this.of(number))
    for (const { isAlive, token } of parts)
      if (isAlive && token !== holder) return "a guest lives without the device that it was given"
    const isQuiet = state.parts.every((number) => this.deeds(number).length === 0)
    if (isQuiet) {
      for (const { part } of parts) {
        if (!agrees(part)) return `${lifeOf(part.snapshot)}, and QEMU is ${part.guest?.status}`
        if (part.owed.length + part.postponed.length > 0)
          return `call ${[...part.owed, ...part.postponed.map(({ type }) => type)].join()} waits`
      }
      if (holder !== 0 && !parts.some(({ isAlive, token }) => isAlive && token === holder))
        return "the device is held, and by nobody"
    }
    return moves.length === 0 && state.clients.some((at) => at % 8 > 0)
      ? "a client is never answered"
      : undefined
  }

  private ask(state: State, client: number, into: Move<State>[]): void {
    const call = this.freeCall(state)
    const clients = state.clients.with(client, (state.clients[client] ?? 0) + 8 + call)
    for (const [domain, number] of state.parts.entries()) {
      // Two domains in one state: whichever is asked.
      if (state.parts.indexOf(number) !== domain) continue
      for (const [which, request] of this.scope.requests.entries()) {
        const next = this.asked(number, which, call)
        const after = this.after({ ...state, clients }, domain, next)
        into.push({ name: `client ${client} asks ${domain} to ${request}`, next: after })
      }
    }
  }

  private freeCall({ parts, holder }: State): number {
    const used = parts.reduce((bits, number) => bits | this.of(number).calls, 1 << holder)
    for (let call = 1; call <= numbersMax; call++) if ((used & (1 << call)) === 0) return call
    throw new Error("a scope is small enough for seven calls at once")
  }

  private after(state: State, domain: number, next: Next): State {
    const { pool, answered, broken } = next
    const token = pool === undefined ? 0 : tokenOf(pool.token)
    let { holder } = state
    if (pool?.kind === "take") holder = token
    if (pool?.kind === "give" && holder === token) holder = 0
    let wrong: string | undefined = broken[0]
    const clients = [...state.clients]
    for (const call of answered) {
      const client = clients.findIndex((at) => at % 8 === call)
      if (client < 0) wrong ??= `call ${call} is answered, and nobody waits for it`
      else clients[client] = (clients[client] ?? 0) - call
    }
    const ordered = (numbers: number[]) => numbers.sort((a, b) => a - b)
    const parts = ordered(state.parts.with(domain, next.to))
    return { parts, holder, clients: ordered(clients), broken: wrong }
  }

  private of(number: number): Known {
    const known = this.known[number]
    if (known === undefined) throw new Error("a part has the number that it was given")
    return known
  }

  private deeds(number: number): readonly Next[] {
    const known = this.of(number)
    known.deeds ??= deedsOf(known.part).map((deed) => this.numbered(deed))
    return known.deeds
  }

  private asked(number: number, which: number, call: number): Next {
    const known = this.of(number)
    const key = which * 64 + call
    const made = known.asked.get(key)
    if (made !== undefined) return made
    const name = this.scope.requests[which]
    if (name === undefined) throw new Error("a request is one of the scope's")
    const next = this.numbered(ask(known.part, messageOf(name, call)))
    known.asked.set(key, next)
    return next
  }

  private numbered(deed: Deed): Next {
    const { next, ...rest } = deed
    return { ...rest, to: this.number(next) }
  }

  private number(part: Part): number {
    const key = keyOf(part)
    const there = this.numbers.get(key)
    if (there !== undefined) return there
    const number = this.known.length
    const isAlive = part.guest !== undefined && part.guest.status !== "dead"
    const token = tokenOf(part.snapshot.context.epoch)
    const calls = callsIn(part)
    this.known.push({ part, calls, isAlive, token, deeds: undefined, asked: new Map() })
    this.numbers.set(key, number)
    return number
  }
}

const isPossible = (pool: PoolDeed | undefined, holder: number): boolean => {
  if (pool === undefined || pool.kind === "give") return true
  const isFree = holder === 0 || holder === tokenOf(pool.token)
  return pool.kind === "take" ? isFree : !isFree
}
