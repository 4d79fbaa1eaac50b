/**
 * Asks the guest's agent to end the system, over the channel that the definition gives it. One
 * command on a connection of its own: the agent answers a successful shutdown with silence.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { Sockets } from "../../src/host/socket.ts"
import type { Domain } from "../../src/model/domain.ts"
import type { Identity, Needs } from "./needs.ts"

/** The name by which guests know the port (qemu-ga's default). */
const agentPort = "org.qemu.guest_agent.0"
const syncTimeoutMs = 2_000
/** A reply longer than this is not an agent's. */
const replyBytesMax = 64 * 1024

export class AgentUnavailable extends Data.TaggedError("AgentUnavailable")<{
  readonly domain: string
  readonly why: string
}> {
  override get message(): string {
    return `the agent of '${this.domain}' cannot be asked: ${this.why}`
  }
}

/** Where the agent's channel is on the host, of a guest that has one. */
export const agentPath = (live: Domain | undefined, directory: string): string | undefined => {
  const channel = live?.devices.find(
    (device) =>
      device.kind === "channel" &&
      device.target.type === "virtio" &&
      device.target.name === agentPort
  )
  if (channel?.kind !== "channel" || channel.source.type !== "unix") return undefined
  return channel.source.path ?? `${directory}/${agentPort}`
}

/** The marker that guest-sync-delimited puts before its reply; drops what an earlier asker left. */
const delimiter = 0xff

const isSynced = (bytes: Uint8Array, id: number): boolean => {
  const start = bytes.lastIndexOf(delimiter)
  if (start === -1) return false
  const text = new TextDecoder().decode(bytes.slice(start + 1))
  return text.includes("\n") && new RegExp(`"return"\\s*:\\s*${id}\\b`).test(text)
}

const line = (value: object): Uint8Array => new TextEncoder().encode(`${JSON.stringify(value)}\n`)

/** Waits for the agent's own word that it listens, then sends the one command. */
const converse = (path: string, name: string, mode: "powerdown" | "reboot") =>
  Effect.gen(function* () {
    const sockets = yield* Sockets
    let heard = new Uint8Array()
    let listen: (() => void) | undefined
    let fail: ((why: string) => void) | undefined
    const id = 7741
    const connection = yield* Effect.acquireRelease(
      sockets.connect(path, {
        onData: (bytes) => {
          heard = Uint8Array.from([...heard, ...bytes].slice(-replyBytesMax))
          if (isSynced(heard, id)) listen?.()
        },
        onEnd: (error) => fail?.(error ?? "it closed the channel")
      }),
      (open) => Effect.sync(() => open.close())
    )
    const synced = Effect.callback<void, AgentUnavailable>((resume) => {
      listen = () => resume(Effect.void)
      fail = (why) => resume(Effect.fail(new AgentUnavailable({ domain: name, why })))
      connection.write(Uint8Array.of(delimiter))
      connection.write(line({ execute: "guest-sync-delimited", arguments: { id } }))
    })
    yield* Effect.timeout(synced, syncTimeoutMs)
    connection.write(line({ execute: "guest-shutdown", arguments: { mode } }))
    // Written by the socket's own time; closing at once would drop it.
    yield* Effect.sleep(50)
  }).pipe(Effect.scoped)

export const askAgent = (
  domain: Identity,
  epoch: string,
  mode: "powerdown" | "reboot"
): Effect.Effect<void, { readonly message: string }, Needs> =>
  Effect.suspend(() => {
    const { live, name } = domain.now().context
    const mine = domain.belongings.of(epoch)
    const directory = mine.monitorPath.slice(0, mine.monitorPath.lastIndexOf("/"))
    const path = agentPath(live, directory)
    if (path === undefined)
      return Effect.fail(
        new AgentUnavailable({ domain: name, why: "the guest has no such channel" })
      )
    return converse(path, name, mode)
  })
