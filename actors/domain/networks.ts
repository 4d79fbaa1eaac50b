/**
 * The host's end of a guest's network cards: which tap device each gets, on which bridge, and who
 * makes it. Looks at the host and decides; making and removing are tap.ts's, by holds.ts's list.
 */
import * as Effect from "effect/Effect"
import { Files } from "../../src/host/files.ts"
import { Processes } from "../../src/host/process.ts"
import { devicesOf } from "../../src/model/device.ts"
import type { Interface } from "../../src/model/device/interface.ts"
import type { Domain } from "../../src/model/domain.ts"
import type { TapResources } from "../../src/qemu/argv/context.ts"
import { sha256 } from "../../src/store/sha256.ts"
import { Store } from "../../src/store/store.ts"
import { type Account, mayUse } from "./account.ts"
import { findLink, NetworkRefused, type Tap } from "./tap.ts"

export interface Networks {
  /** To be made, and removed with the epoch. */
  readonly taps: readonly Tap[]
  /** By alias: how QEMU gets at each. */
  readonly resources: { readonly [alias: string]: TapResources }
  /** By alias: the name of the host's end, for the live definition. */
  readonly names: { readonly [alias: string]: string }
}

export interface NetworkOptions {
  readonly epoch: string
  readonly account: Account | undefined
  readonly bridgeHelper: string
  /** Whether QEMU may start programs, as its bridge helper. */
  readonly maySpawn: boolean
}

const tunPath = "/dev/net/tun"
const vhostPath = "/dev/vhost-net"

const refuse = (card: Interface, why: string) =>
  new NetworkRefused({ what: `connect network card '${card.mac ?? card.alias ?? ""}'`, why })

/** Names that are ours to give, as libvirt has it: any other is the definition's. */
const isOurs = (name: string | undefined): boolean => name === undefined || /^vnet\d*$/.test(name)

/** IFNAMSIZ is 16 bytes with the NUL. The same for the same card of the same epoch. */
const tapName = (rootId: string, epoch: string, position: number): string => {
  const text = new TextEncoder().encode(`${rootId}/${epoch}/${position}`)
  return `vnet${sha256(text).slice(0, 10)}`
}

/** Apart from the guest's own address, and high, so that no bridge takes it for its own. */
const hostMac = (mac: string | undefined): string | undefined =>
  mac === undefined ? undefined : `${mac.startsWith("fe") ? "fa" : "fe"}${mac.slice(2)}`

/** What cannot be done for this card, whatever the host has. */
const problemOf = ({ connection, backend, managed, target }: Interface): string | undefined => {
  if (connection.type === "direct") return "direct attachment (macvtap) is not supported"
  if (backend?.tap !== undefined && backend.tap !== tunPath)
    return `tap devices come from '${tunPath}'`
  if (backend?.vhost !== undefined && backend.vhost !== vhostPath)
    return `vhost comes from '${vhostPath}'`
  const isManaged = (target?.managed ?? managed) !== false
  return !isManaged && target?.dev === undefined ? "an unmanaged device needs its name" : undefined
}

/** The bridge that a card is on, if it is to be on one. */
const bridgeOf = Effect.fnUntraced(function* (card: Interface) {
  const { connection } = card
  if (connection.type === "bridge") {
    const found = yield* findLink(connection.bridge)
    if (found?.isBridge === true) return connection.bridge
    const why = found === undefined ? "the host has no such device" : "it is no bridge"
    return yield* refuse(card, `bridge '${connection.bridge}': ${why}`)
  }
  if (connection.type !== "network") return undefined
  for (const name of [connection.bridge, connection.network])
    if (name !== undefined && (yield* findLink(name))?.isBridge === true) return name
  const why = "Troupe has no networks of its own yet, and the host has no bridge of that name"
  return yield* refuse(card, `network '${connection.network}': ${why}`)
})

const bytesMax = 64

/** A tap device of a smaller size would make the bridge's smaller. */
const mtuOf = Effect.fnUntraced(function* (card: Interface, bridge: string | undefined) {
  if (card.mtu !== undefined || bridge === undefined) return card.mtu
  const files = yield* Files
  const bytes = yield* Effect.option(files.read(`/sys/class/net/${bridge}/mtu`, bytesMax))
  if (bytes._tag === "None") return undefined
  const mtu = Number(new TextDecoder().decode(bytes.value))
  return Number.isSafeInteger(mtu) && mtu > 0 ? mtu : undefined
})

const isUsable = Effect.fnUntraced(function* (path: string, account: Account | undefined) {
  const files = yield* Files
  const found = yield* Effect.option(files.stat(path))
  if (found._tag === "None") return false
  return account === undefined || mayUse(account, found.value, 6)
})

/** libvirt's rule: for virtio under KVM where the host has it, unless the definition says. */
const hasVhost = Effect.fnUntraced(function* (
  card: Interface,
  live: Domain,
  account: Account | undefined
) {
  const wish = card.driver?.name
  if (wish === "qemu" || card.model?.startsWith("virtio") !== true) return false
  if (wish !== "vhost" && live.type !== "kvm") return false
  if (yield* isUsable(vhostPath, account)) return true
  if (wish === "vhost") return yield* refuse(card, `QEMU cannot use '${vhostPath}'`)
  return false
})

const setuid = 0o4000

/** As an ordinary user: the helper makes the device, with rights of its own. */
const byHelper = Effect.fnUntraced(function* (
  card: Interface,
  bridge: string | undefined,
  { bridgeHelper: helper, maySpawn }: NetworkOptions
) {
  if (bridge === undefined) return yield* refuse(card, "only root may make a tap device")
  const files = yield* Files
  const found = yield* Effect.option(files.stat(helper))
  if (found._tag === "None" || (found.value.mode & setuid) === 0 || found.value.uid !== 0)
    return yield* refuse(
      card,
      `the engine is not root, and '${helper}' is not installed with root's rights (setuid)`
    )
  if (!maySpawn)
    return yield* refuse(
      card,
      "QEMU's bridge helper cannot run under its filter of system calls: set seccomp_sandbox to 0"
    )
  const resources: TapResources = { bridge, helper }
  return { resources, name: undefined, tap: undefined }
})

const connectCard = Effect.fnUntraced(function* (
  card: Interface,
  live: Domain,
  place: NetworkOptions & { readonly position: number }
) {
  const problem = problemOf(card)
  if (problem !== undefined) return yield* refuse(card, problem)
  const bridge = yield* bridgeOf(card)
  const { account, epoch, position } = place
  const { uid } = yield* (yield* Processes).self
  const given = isOurs(card.target?.dev) ? undefined : card.target?.dev
  const isManaged = (card.target?.managed ?? card.managed) !== false
  if (uid !== 0 && isManaged) return yield* byHelper(card, bridge, place)
  if (!(yield* isUsable(tunPath, account)))
    return yield* refuse(card, `QEMU's account cannot open '${tunPath}'`)
  const name = given ?? tapName((yield* Store).rootId, epoch, position)
  const found = yield* findLink(name)
  if (isManaged && found !== undefined)
    return yield* refuse(card, `the host has a device '${name}' already`)
  if (!isManaged && found?.isTap !== true)
    return yield* refuse(card, `the host has no tap device '${name}'`)
  const queues = card.driver?.queues ?? 1
  const vhost = yield* hasVhost(card, live, account)
  const resources: TapResources = { ifname: name, queues, hasVhost: vhost }
  if (!isManaged) return { resources, name, tap: undefined }
  const mtu = yield* mtuOf(card, bridge)
  const mac = hostMac(card.mac)
  const tap: Tap = {
    name,
    hasQueues: queues > 1,
    ...(account === undefined ? {} : { user: account }),
    ...(bridge === undefined ? {} : { bridge }),
    ...(mtu === undefined ? {} : { mtu }),
    ...(mac === undefined ? {} : { mac }),
    ...(card.script === undefined ? {} : { script: card.script })
  }
  return { resources, name, tap }
})

const tapTypes = ["bridge", "network", "ethernet", "direct"]

/** How each card that needs a device of the host gets it; all are found possible, or none is. */
export const planNetworks = Effect.fnUntraced(function* (live: Domain, options: NetworkOptions) {
  const taps: Tap[] = []
  const resources: { [alias: string]: TapResources } = {}
  const names: { [alias: string]: string } = {}
  for (const [position, card] of devicesOf(live, "interface").entries()) {
    if (!tapTypes.includes(card.connection.type)) {
      if (card.script === undefined) continue
      return yield* refuse(card, "only a tap device has a script")
    }
    const { alias = "" } = card
    const connected = yield* connectCard(card, live, { ...options, position })
    resources[alias] = connected.resources
    if (connected.name !== undefined) names[alias] = connected.name
    if (connected.tap !== undefined) taps.push(connected.tap)
  }
  const networks: Networks = { taps, resources, names }
  return networks
})

/** The live definition says which devices its cards have. */
export const withNetworks = (live: Domain, { names }: Networks): Domain => ({
  ...live,
  devices: live.devices.map((device) => {
    if (device.kind !== "interface") return device
    const dev = names[device.alias ?? ""]
    return dev === undefined ? device : { ...device, target: { ...device.target, dev } }
  })
})
