/** Network interfaces: the host's end as a netdev, and the guest's card. */
import { assert } from "../../base/assert.ts"
import type { Interface } from "../../model/device/interface.ts"
import { type Arg, device, jsonArg, type JsonObject } from "./arg.ts"
import { bootIndex } from "./boot-order.ts"
import { chardevArgs } from "./chardev.ts"
import type { ArgvContext, DeviceArgs, TapResources } from "./context.ts"
import { pciHostText, romProperties } from "./hostdev.ts"
import { place } from "./place.ts"
import { virtioDriver, virtioOptions } from "./virtio.ts"

const isVirtio = ({ model }: Interface): boolean => model?.startsWith("virtio") === true

/** Descriptors, alone or as a list, in QEMU's two properties for them. */
const descriptors = (name: string, fds: readonly number[]): JsonObject => {
  if (fds.length === 0) return {}
  return fds.length === 1 ? { [name]: String(fds[0]) } : { [`${name}s`]: fds.join(":") }
}

/** A device that is there already; QEMU runs no script for it. */
const namedTap = (
  { ifname, queues, hasVhost }: Extract<TapResources, { readonly ifname: string }>,
  card: Interface
): JsonObject => ({
  type: "tap",
  ifname,
  script: "no",
  downscript: "no",
  queues: queues > 1 ? queues : undefined,
  vhost: hasVhost ? true : undefined,
  sndbuf: card.tune?.sndbuf
})

const tap = (taps: TapResources | undefined, card: Interface): JsonObject => {
  assert(taps !== undefined, "a tap device is chosen before the command line is built")
  if ("bridge" in taps) return { type: "bridge", br: taps.bridge, helper: taps.helper }
  if ("ifname" in taps) return namedTap(taps, card)
  const hasVhost = taps.vhostFds.length > 0
  return {
    type: "tap",
    ...descriptors("fd", taps.fds),
    vhost: hasVhost ? true : undefined,
    ...descriptors("vhostfd", taps.vhostFds),
    sndbuf: card.tune?.sndbuf
  }
}

/** Static addresses of QEMU's own network: the guest's network, written as one. */
const userAddresses = (card: Interface): JsonObject => {
  const address = (family: "ipv4" | "ipv6") => {
    const ip = card.ips.find((one) => (one.family ?? "ipv4") === family)
    return ip === undefined ? undefined : ip
  }
  const four = address("ipv4")
  const six = address("ipv6")
  return {
    net: four === undefined ? undefined : `${four.address}/${four.prefix ?? 24}`,
    "ipv6-prefix": six?.address,
    "ipv6-prefixlen": six === undefined ? undefined : (six.prefix ?? 64)
  }
}

const hostPort = (address: string | undefined, port: number): string => `${address ?? ""}:${port}`

const netdev = (card: Interface, context: ArgvContext): JsonObject => {
  const { connection, alias = "" } = card
  switch (connection.type) {
    case "user":
      return { type: "user", ...userAddresses(card) }
    case "mcast":
      return { type: "socket", mcast: hostPort(connection.address, connection.port) }
    case "server":
      return { type: "socket", listen: hostPort(connection.address, connection.port) }
    case "client":
      return { type: "socket", connect: hostPort(connection.address, connection.port) }
    case "udp":
      return {
        type: "socket",
        udp: hostPort(connection.address, connection.port),
        localaddr: hostPort(connection.local?.address, connection.local?.port ?? 0)
      }
    case "vhostuser":
      return { type: "vhost-user", chardev: `char${alias}`, queues: card.driver?.queues }
    case "vdpa": {
      const fd = context.resources.deviceFds?.[alias]
      const at = fd === undefined ? connection.dev : `/dev/fdset/${fd}`
      return { type: "vhost-vdpa", vhostdev: at, queues: card.driver?.queues }
    }
    default:
      return tap(context.resources.taps?.[alias], card)
  }
}

const queuesOf = (card: Interface): JsonObject => {
  const queues = card.driver?.queues ?? 1
  return queues > 1 && isVirtio(card) ? { mq: true, vectors: 2 * queues + 2 } : {}
}

const txModes = { iothread: "bh", timer: "timer" } as const

const virtioSettings = (card: Interface): JsonObject => {
  const { driver } = card
  return {
    ...virtioOptions(driver),
    tx: driver?.txmode === undefined ? undefined : txModes[driver.txmode],
    ioeventfd: driver?.ioeventfd,
    event_idx: driver?.eventIdx,
    ...queuesOf(card),
    rx_queue_size: driver?.rxQueueSize,
    tx_queue_size: driver?.txQueueSize,
    rss: driver?.rss,
    hash: driver?.rssHashReport,
    host_mtu: card.mtu
  }
}

const cardProperties = (card: Interface, context: ArgvContext): JsonObject => {
  const driver = isVirtio(card)
    ? { ...virtioDriver("virtio-net", card.model, context), ...virtioSettings(card) }
    : { driver: card.model }
  return {
    ...driver,
    netdev: `host${card.alias}`,
    id: card.alias,
    mac: card.mac,
    bootindex: bootIndex(card, context.domain),
    ...place(card.address, context),
    ...romProperties(card.rom)
  }
}

/** A card of the host itself is a host device in the guest. */
const passedThrough = (card: Interface, context: ArgvContext): readonly Arg[] => {
  const { connection } = card
  assert(connection.type === "hostdev", "only such a card is passed through")
  assert(connection.source?.type === "pci", "its source is a PCI device")
  return [
    device({
      driver: "vfio-pci",
      host: pciHostText(connection.source),
      id: card.alias,
      bootindex: bootIndex(card, context.domain),
      ...place(card.address, context),
      ...romProperties(card.rom)
    })
  ]
}

export const interfaceArgs: DeviceArgs<Interface> = (card, context) => {
  if (card.connection.type === "hostdev") return passedThrough(card, context)
  const id = `host${card.alias}`
  const behind =
    card.connection.type === "vhostuser"
      ? chardevArgs(card.connection.chardev, { alias: card.alias ?? "", isAwaited: true }, context)
      : []
  return [
    ...behind,
    jsonArg("-netdev", { ...netdev(card, context), id }),
    device(cardProperties(card, context))
  ]
}
