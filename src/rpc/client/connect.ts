/**
 * Connects to a daemon and says the words that libvirt's protocol begins with. The connection is
 * closed in order at the end of the scope, or dropped where the daemon does not answer.
 */
import * as Effect from "effect/Effect"
import type { Scope } from "effect/Scope"
import { Sockets } from "../../host/socket.ts"
import { Client } from "./client.ts"
import { Dialer } from "./dial.ts"
import { type ConnectFailure, NotAdmitted, Unreachable } from "./error.ts"
import { closeWaitMs, connectWaitMs } from "./limits.ts"
import type { Target } from "./uri.ts"

export interface ConnectOptions {
  /** Where sockets of this URI's realm are looked for, the first that answers counts. */
  readonly paths: readonly string[]
  readonly isReadOnly?: boolean
}

/** A daemon that answers calls. */
export interface Remote {
  readonly uri: string
  readonly client: Client
  readonly call: Client["call"]
  readonly open: Client["open"]
  /** Whether it tells events by the number of who asked for them. */
  readonly tellsEvents: boolean
}

/** libvirt's numbers of what a daemon may be asked whether it has it. */
const features = { keepalive: 10, eventCallback: 14, closeCallback: 15 } as const

/** VIR_CONNECT_RO. */
const readOnlyFlag = 1

const authNames: { readonly [type: number]: string } = { 1: "SASL", 2: "polkit" }

const dialled = Effect.fnUntraced(function* (target: Target, { paths }: ConnectOptions) {
  const client = new Client()
  const { uri, way } = target
  if (way.type === "tls") {
    const dialer = yield* Dialer
    const tried = [`${way.host}:${way.port}`]
    const connection = yield* Effect.mapError(
      dialer.connect(way, client.listener),
      ({ code }) => new Unreachable({ uri, tried, code })
    )
    client.attach(connection)
    return client
  }
  const sockets = yield* Sockets
  const tried = way.path === undefined ? paths : [way.path]
  let last = "ENOENT"
  for (const path of tried) {
    const connection = yield* Effect.result(sockets.connect(path, client.listener))
    if (connection._tag === "Success") {
      client.attach(connection.success)
      return client
    }
    // What is there and refuses says more than what is not there.
    if (last === "ENOENT") last = connection.failure.code
  }
  return yield* new Unreachable({ uri, tried, code: last })
})

const handshake = (client: Client, target: Target, isReadOnly: boolean) =>
  Effect.gen(function* () {
    const { types } = yield* client.call("remote", "AUTH_LIST", undefined)
    const wanted = types[0] ?? 0
    // polkit may say yes without a question; SASL never does.
    if (wanted === 2) yield* client.call("remote", "AUTH_POLKIT", undefined)
    else if (wanted !== 0)
      return yield* new NotAdmitted({ uri: target.uri, wanted: authNames[wanted] ?? "a proof" })
    const has = (feature: number) =>
      Effect.map(
        client.call("remote", "CONNECT_SUPPORTS_FEATURE", { feature }),
        ({ supported }) => supported !== 0
      )
    yield* has(features.keepalive)
    const flags = isReadOnly ? readOnlyFlag : 0
    yield* client.call("remote", "CONNECT_OPEN", { name: target.name, flags })
    const [tellsEvents, tellsEnd] = yield* Effect.all(
      [has(features.eventCallback), has(features.closeCallback)],
      { concurrency: "unbounded" }
    )
    if (tellsEnd) yield* client.call("remote", "CONNECT_REGISTER_CLOSE_CALLBACK", undefined)
    return tellsEvents
  })

/** A daemon that has gone hears no goodbye. */
const goodbye = (client: Client): Effect.Effect<void> =>
  client.end === undefined
    ? client
        .call("remote", "CONNECT_CLOSE", undefined)
        .pipe(
          Effect.timeoutOption(closeWaitMs),
          Effect.ignore,
          Effect.andThen(Effect.sync(() => client.close()))
        )
    : Effect.void

/** Opens what a URI names, until the end of the scope. */
export const connect = (
  target: Target,
  options: ConnectOptions
): Effect.Effect<Remote, ConnectFailure, Sockets | Dialer | Scope> =>
  Effect.gen(function* () {
    const client = yield* Effect.acquireRelease(dialled(target, options), goodbye, {
      interruptible: true
    })
    const tellsEvents = yield* handshake(client, target, options.isReadOnly === true)
    const remote: Remote = {
      uri: target.uri,
      client,
      call: client.call.bind(client),
      open: client.open.bind(client),
      tellsEvents
    }
    return remote
  }).pipe(
    Effect.timeoutOrElse({
      duration: connectWaitMs,
      orElse: () =>
        Effect.fail(
          new Unreachable({ uri: target.uri, tried: triedOf(target, options), code: "ETIMEDOUT" })
        )
    })
  )

const triedOf = ({ way }: Target, { paths }: ConnectOptions): readonly string[] => {
  if (way.type === "tls") return [`${way.host}:${way.port}`]
  return way.path === undefined ? paths : [way.path]
}
