/**
 * Tap devices by iproute2's `ip`: made, attached to a bridge, removed by name. One primitive per
 * function; which card gets which device is networks.ts's.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { Files } from "../../src/host/files.ts"
import { runHelper } from "./host-program.ts"

/** A step at the host's network was refused, in the words of whoever refused it. */
export class NetworkRefused extends Data.TaggedError("NetworkRefused")<{
  readonly what: string
  readonly why: string
}> {
  override get message(): string {
    return `cannot ${this.what}: ${this.why}`
  }
}

/** Fixed, never from PATH: they run with the engine's rights. */
const places = ["/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip", "/bin/ip"]

const findIp = Effect.gen(function* () {
  const files = yield* Files
  for (const path of places)
    if ((yield* Effect.option(files.stat(path)))._tag === "Some") return path
  return yield* new NetworkRefused({
    what: "change the host's network",
    why: "the command 'ip' of iproute2 is not installed"
  })
})

/** What a helper was refused is the network's refusal here. */
const run = (what: string, argv: readonly [string, ...string[]]) =>
  Effect.mapError(runHelper(what, argv), ({ why }) => new NetworkRefused({ what, why }))

const ip = (what: string, words: readonly string[]) =>
  Effect.flatMap(findIp, (path) => run(what, [path, ...words]))

export interface Tap {
  readonly name: string
  /** Whom it belongs to: they attach to it without any right over the network. */
  readonly user?: { readonly uid: number; readonly gid: number }
  readonly hasQueues: boolean
  readonly bridge?: string
  readonly mtu?: number
  /** What the host's end is known by on the bridge. */
  readonly mac?: string
  readonly script?: string
}

/** A device of that name, of whatever kind, and what it is. */
export const findLink = Effect.fnUntraced(function* (name: string) {
  const files = yield* Files
  const has = (path: string) =>
    Effect.map(Effect.option(files.stat(`/sys/class/net/${path}`)), ({ _tag }) => _tag === "Some")
  if (!(yield* has(name))) return undefined
  return { isBridge: yield* has(`${name}/bridge`), isTap: yield* has(`${name}/tun_flags`) }
})

/** Makes it, ready for QEMU to attach. Nothing is undone here. */
export const makeTap = Effect.fnUntraced(function* (tap: Tap) {
  const { name, user, bridge } = tap
  const owner = user === undefined ? [] : ["user", String(user.uid), "group", String(user.gid)]
  const queues = tap.hasQueues ? ["multi_queue"] : []
  const words = ["tuntap", "add", "dev", name, "mode", "tap", ...owner, "vnet_hdr", ...queues]
  yield* ip(`make tap device '${name}'`, words)
  const settings = [
    ...(tap.mac === undefined ? [] : ["address", tap.mac]),
    ...(tap.mtu === undefined ? [] : ["mtu", String(tap.mtu)]),
    ...(bridge === undefined ? [] : ["master", bridge])
  ]
  const what = bridge === undefined ? `set up '${name}'` : `attach '${name}' to bridge '${bridge}'`
  yield* ip(what, ["link", "set", "dev", name, ...settings, "up"])
  if (tap.script !== undefined) yield* run(`run '${tap.script}'`, [tap.script, name])
})

/** Absent is fine; another kind of device of that name is not ours. */
export const removeTap = Effect.fnUntraced(function* (name: string) {
  const found = yield* findLink(name)
  if (found?.isTap === true) yield* ip(`remove '${name}'`, ["link", "delete", "dev", name])
})
