/**
 * A daemon's sessions and clients that speak libvirt's protocol to it, in the simulated world: the
 * bytes go over pipes that cut them anywhere; clients call, hear, and some vanish in the middle.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Engine } from "../../../src/engine/engine.ts"
import { Client } from "../../../src/rpc/client/client.ts"
import type { CallFailure } from "../../../src/rpc/client/error.ts"
import { families } from "../../../src/rpc/handlers/index.ts"
import type { HostServices } from "../../../src/rpc/server/handler.ts"
import { makeServer, type ServerState } from "../../../src/rpc/server/server.ts"
import { definitionXml } from "../../../src/testing/simulation/definition.ts"
import { simulatedEmulator } from "../../../src/testing/simulation/lives.ts"
import { Chance } from "../../../src/testing/strategy/chance.ts"
import { makePipe } from "./pipe.ts"

/** What one client was told of its calls, in the order in which it made them. */
export interface Told {
  readonly name: string
  /** `undefined` while no answer has come. */
  answer: "ok" | number | "lost" | undefined
}

export interface Outcome {
  readonly told: readonly (readonly Told[])[]
  readonly events: number
  /** Of the server, when all clients have gone. */
  readonly state: ServerState
}

const codeOf = (failure: CallFailure): number | "lost" =>
  failure._tag === "RemoteError" ? failure.code : "lost"

type Asking = Effect.Effect<unknown, CallFailure>

/** Calls of one client, drawn by chance: of two domains, whose definitions it may write. */
const drawCall = (client: Client, chance: Chance): readonly [string, Asking] => {
  const domain = chance.below(2)
  const named = <A>(use: (dom: DomainReference) => Effect.Effect<A, CallFailure>): Asking =>
    Effect.flatMap(
      client.call("remote", "DOMAIN_LOOKUP_BY_NAME", { name: `d${domain}` }),
      (found) => use(found.dom)
    )
  const xml = definitionXml({ domain, version: 1 + chance.below(9), emulator: simulatedEmulator })
  const calls: readonly (readonly [string, Asking])[] = [
    ["define", client.call("remote", "DOMAIN_DEFINE_XML", { xml })],
    ["create", client.call("remote", "DOMAIN_CREATE_XML", { xml_desc: xml, flags: 2 })],
    ["start", named((dom) => client.call("remote", "DOMAIN_CREATE_WITH_FLAGS", { dom, flags: 0 }))],
    ["destroy", named((dom) => client.call("remote", "DOMAIN_DESTROY", { dom }))],
    ["suspend", named((dom) => client.call("remote", "DOMAIN_SUSPEND", { dom }))],
    ["state", named((dom) => client.call("remote", "DOMAIN_GET_STATE", { dom, flags: 0 }))],
    ["xml", named((dom) => client.call("remote", "DOMAIN_GET_XML_DESC", { dom, flags: 0 }))],
    ["list", client.call("remote", "CONNECT_LIST_ALL_DOMAINS", { need_results: 1, flags: 0 })],
    ["version", client.call("remote", "CONNECT_GET_LIB_VERSION", undefined)]
  ]
  return calls[chance.below(calls.length)] as readonly [string, Asking]
}

type DomainReference = {
  readonly name: string
  readonly uuid: Uint8Array
  readonly id: number
}

/** The handshake, and lifecycle events of all domains from then on. */
const greet = (client: Client) =>
  Effect.gen(function* () {
    yield* client.call("remote", "AUTH_LIST", undefined)
    yield* client.call("remote", "CONNECT_OPEN", { name: "qemu:///system", flags: 0 })
    const register = { eventID: 0, dom: null }
    yield* client.call("remote", "CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY", register)
  })

export interface Speaking {
  readonly clients: number
  readonly callsEach: number
  readonly seed: number
}

/** A program for the simulated world. */
export const speak = (engine: Engine, { clients, callsEach, seed }: Speaking) =>
  Effect.gen(function* () {
    const context = yield* Effect.context<HostServices | Scope.Scope>()
    const fork = (effect: Effect.Effect<void>) => Effect.runForkWith(context)(effect)
    const service = {
      engine,
      hostname: "simulated",
      libraryVersion: 9_000_000,
      defaultUri: "qemu:///system"
    }
    const server = yield* makeServer({ service, families, tell: () => {} })
    let events = 0
    const one = Effect.fnUntraced(function* (number: number) {
      const chance = new Chance(seed * 100 + number)
      const told: Told[] = []
      const [mine, theirs] = makePipe(fork, chance)
      const listener = server.accept(theirs, {
        isReadOnly: false,
        isSecure: true,
        identity: undefined
      })
      if (listener === undefined) return told
      const client = new Client()
      theirs.hear(listener)
      mine.hear({ onDrain: () => {}, ...client.listener })
      client.attach(mine)
      client.on("remote", "DOMAIN_EVENT_CALLBACK_LIFECYCLE", () => events++)
      yield* greet(client)
      const asked = Array.from({ length: callsEach }, () => {
        const [name, asking] = drawCall(client, chance)
        const row: Told = { name, answer: undefined }
        told.push(row)
        return Effect.match(asking, {
          onFailure: (failure) => {
            row.answer = codeOf(failure)
          },
          onSuccess: () => {
            row.answer = "ok"
          }
        })
      })
      const vanish = Effect.andThen(
        Effect.sleep(chance.below(40)),
        Effect.sync(() => client.close())
      )
      // Every third goes away while its calls are under way: it hears of none of them any more.
      const work = Effect.all(asked, { concurrency: 1 + chance.below(4), discard: true })
      if (number % 3 === 2) yield* Effect.race(work, Effect.andThen(vanish, Effect.never))
      else yield* work
      client.close()
      return number % 3 === 2 ? [] : told
    })
    const numbers = Array.from({ length: clients }, (_, number) => number)
    const told = yield* Effect.all(numbers.map(one), { concurrency: "unbounded" })
    yield* Effect.sleep(60_000)
    const outcome: Outcome = { told, events, state: server.state() }
    return outcome
  }).pipe(Effect.scoped)
