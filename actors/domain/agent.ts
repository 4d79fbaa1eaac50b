/**
 * A guest's agent as its domain knows it: where its channel is, whether the guest has it open, and
 * the one actor that talks over it, made when the agent is first asked. Also how a guest is told
 * through it to end, which is answered with silence.
 */
import * as Effect from "effect/Effect"
import type { Domain } from "../../src/model/domain.ts"
import type { Channel } from "../../src/model/device/character.ts"
import { guestShutdown } from "../../src/qmp/agent-command.ts"
import type { Sockets } from "../../src/host/socket.ts"
import { type Agent, AgentFailure, make } from "../agent.ts"
import type { Belongings } from "./belongings.ts"
import type { Identity, Needs } from "./needs.ts"
import { Surroundings } from "./surroundings.ts"

/** The name by which guests know the port (qemu-ga's default). */
export const agentPort = "org.qemu.guest_agent.0"

/** The agent answers a shutdown only when it cannot; the program that it starts fails at once. */
const silenceMs = 1_000

export const agentChannel = (live: Domain | undefined): Channel | undefined =>
  live?.devices.find(
    (device): device is Channel =>
      device.kind === "channel" &&
      device.target.type === "virtio" &&
      device.target.name === agentPort &&
      device.source.type === "unix" &&
      device.source.mode !== "connect"
  )

interface Guest {
  readonly uuid: string
  readonly epoch: string
  readonly live: Domain | undefined
}

/** The agent of this epoch; `undefined` when the guest has no channel for one. */
export const agentOf = (
  mine: Belongings<Needs>,
  { uuid, epoch, live }: Guest
): Effect.Effect<Agent | undefined, never, Sockets | Surroundings> =>
  Effect.gen(function* () {
    if (mine.agent !== undefined) return mine.agent
    const channel = agentChannel(live)
    const source = channel?.source
    if (source?.type !== "unix" || source.path === undefined) return undefined
    const { kernel } = yield* Surroundings
    const made = yield* make({
      kernel,
      name: `agent/${uuid}/${epoch}`,
      path: source.path,
      onCrash: () => void (mine.agent = undefined)
    })
    // Another asker may have been faster.
    mine.agent ??= made
    mine.agentAlias = channel?.alias
    return mine.agent
  })

/** The guest is known to have closed its end; before it was ever heard of, nobody knows. */
export const isAgentAway = (live: Domain | undefined): boolean => {
  const target = agentChannel(live)?.target
  return target?.type === "virtio" && target.state === "disconnected"
}

const unavailable = (why: string) =>
  Effect.fail(new AgentFailure({ command: "guest-shutdown", class: undefined, why }))

export const askAgent = (
  domain: Identity,
  epoch: string,
  mode: "powerdown" | "reboot"
): Effect.Effect<void, { readonly message: string }, Needs> =>
  Effect.gen(function* () {
    const { live } = domain.now().context
    const { uuid, belongings } = domain
    const agent = yield* agentOf(belongings.of(epoch), { uuid, epoch, live })
    if (agent === undefined) return yield* unavailable("the guest has no channel for an agent")
    if (isAgentAway(live)) return yield* unavailable("the guest's agent is not connected")
    const { execute, arguments: words = {} } = guestShutdown(mode)
    yield* agent.execute({ execute, arguments: words }, { type: "silence", ms: silenceMs })
  })
