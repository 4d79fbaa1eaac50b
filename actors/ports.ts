/**
 * Owns the TCP ports that this engine gives to guests' displays. The lowest free port of a range,
 * by token; whether somebody else on the host listens there shows when QEMU binds it.
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import { answered, failed, type Request, type RequestMessage } from "../src/base/protocol.ts"
import { Actor } from "../src/kernel/actor.ts"
import type { Decision, Fact } from "../src/kernel/behaviour.ts"
import type { KernelError } from "../src/kernel/error.ts"
import type { Kernel } from "../src/kernel/kernel.ts"

export interface PortRange {
  readonly min: number
  readonly max: number
}

/** Every port of the range is taken, or the one asked for is. */
export class NoPort extends Data.TaggedError("NoPort")<{ readonly range: PortRange }> {
  override get message(): string {
    const { min, max } = this.range
    return min === max
      ? `port ${min} is taken by another guest`
      : `no port from ${min} to ${max} is free`
  }
}

type Taken = { readonly [port: number]: string }

interface PortsProtocol {
  readonly take: Request<
    { readonly range: PortRange; readonly token: string; readonly avoid: readonly number[] },
    number,
    NoPort
  >
  readonly release: Request<{ readonly token: string }>
}

const decide = (state: Taken, message: RequestMessage<PortsProtocol> | Fact): Decision<Taken> => {
  const request = message as RequestMessage<PortsProtocol>
  const reply = (answer: ReturnType<typeof answered>) => [
    { type: "reply", params: { calls: [request.call], answer } }
  ]
  if (request.type === "release") {
    const kept = Object.entries(state).filter(([, token]) => token !== request.token)
    return { next: Object.fromEntries(kept), actions: reply(answered()) }
  }
  const { range, token, avoid } = request
  for (let port = range.min; port <= range.max; port++) {
    if (state[port] !== undefined || avoid.includes(port)) continue
    return { next: { ...state, [port]: token }, actions: reply(answered(port)) }
  }
  return { next: state, actions: reply(failed(new NoPort({ range }))) }
}

export interface Ports {
  /** One more port for this token, none of those to avoid. */
  readonly take: (request: {
    readonly range: PortRange
    readonly token: string
    readonly avoid?: readonly number[]
  }) => Effect.Effect<number, NoPort | KernelError>
  /** Gives back every port of the token. Idempotent. */
  readonly release: (token: string) => Effect.Effect<void, KernelError>
  readonly stop: () => Effect.Effect<void>
}

export const makePorts = (kernel: Kernel): Ports => {
  const actor = new Actor<Taken, PortsProtocol>(
    {
      name: "ports",
      initial: { next: {}, actions: [] },
      decide,
      describe: (state) => `${Object.keys(state).length} taken`,
      scripts: {}
    },
    kernel,
    Context.empty()
  )
  return {
    take: ({ range, token, avoid = [] }) => actor.ask("take", { range, token, avoid }),
    release: (token) => actor.ask("release", { token }, "control"),
    stop: () => actor.stop()
  }
}
