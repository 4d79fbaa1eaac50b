/** `<interface>`. What it is attached to is spread over `type`, `<source>` and `<backend>`. */
import type { PciAddress, UsbAddress } from "../../model/address.ts"
import type { ChardevUnix } from "../../model/device/character.ts"
import type {
  Connection,
  Interface,
  InterfaceBackend,
  InterfaceDriver,
  InterfaceIp,
  InterfaceTarget,
  InterfaceTune,
  InterfaceVlan,
  VlanTag
} from "../../model/device/interface.ts"
import type { Keeps } from "../../model/kept.ts"
import { address } from "../address.ts"
import { integer, mac, nonEmpty, onOff, oneOf, string, yesNo } from "../codec.ts"
import {
  attribute,
  changesGuest,
  changesNothing,
  changesSecurity,
  child,
  children,
  choice,
  constant,
  dropped,
  fields,
  inside,
  live,
  mapped,
  type Part,
  required,
  text
} from "../describe.ts"
import { boot, deviceInfo, reconnect, rom, virtioOptions } from "./info.ts"

type Of<T extends Connection["type"]> = Extract<Connection, { readonly type: T }>

const sourced = (name: string) =>
  required(`${name} of the source`, inside("source", attribute(name, nonEmpty)))

const portNumber = integer({ max: 0xffff })

const socketFields = {
  address: inside("source", attribute("address", string)),
  port: required("port of the source", inside("source", attribute("port", portNumber)))
} as const

type Mcast = Extract<Connection, { readonly type: "mcast" | "server" }>

const mcastOrServer = <const T extends Mcast["type"]>(type: T) =>
  fields<Mcast>({ type: constant(type), ...socketFields })

const connectionTypes = oneOf(
  "user",
  "ethernet",
  "bridge",
  "network",
  "direct",
  "internal",
  "mcast",
  "server",
  "client",
  "udp",
  "vhostuser",
  "vdpa",
  "hostdev"
)

/** The attributes of a UNIX socket, with words of its own for who listens. */
const vhostUserSocket = fields<ChardevUnix & Keeps>({
  type: required("type of the source", attribute("type", oneOf("unix"))),
  path: attribute("path", nonEmpty),
  mode: mapped(
    required("mode of the source", attribute("mode", oneOf("server", "client"))),
    (mode) => (mode === "server" ? ("bind" as const) : ("connect" as const)),
    (mode) => (mode === "bind" ? ("server" as const) : ("client" as const))
  ),
  reconnect
})

const connection = choice<Connection>(
  required("type of the interface", attribute("type", connectionTypes)),
  {
    user: fields<Of<"user">>({ type: constant("user") }),
    ethernet: fields<Of<"ethernet">>({ type: constant("ethernet") }),
    bridge: fields<Of<"bridge">>({ type: constant("bridge"), bridge: sourced("bridge") }),
    network: fields<Of<"network">>({
      type: constant("network"),
      network: sourced("network"),
      portgroup: inside("source", attribute("portgroup", nonEmpty)),
      portId: inside("source", live(attribute("portid", string))),
      bridge: inside("source", live(attribute("bridge", string)))
    }),
    direct: fields<Of<"direct">>({
      type: constant("direct"),
      dev: sourced("dev"),
      mode: inside("source", attribute("mode", oneOf("vepa", "private", "bridge", "passthrough")))
    }),
    internal: fields<Of<"internal">>({ type: constant("internal"), name: sourced("name") }),
    mcast: mcastOrServer("mcast"),
    server: mcastOrServer("server"),
    client: fields<Of<"client">>({ type: constant("client"), ...socketFields }),
    udp: fields<Of<"udp">>({
      type: constant("udp"),
      ...socketFields,
      local: inside(
        "source",
        child(
          "local",
          fields({
            address: attribute("address", string),
            port: required("port of the local end", attribute("port", portNumber))
          })
        )
      )
    }),
    vhostuser: fields<Of<"vhostuser">>({
      type: constant("vhostuser"),
      chardev: required("source", child("source", vhostUserSocket))
    }),
    vdpa: fields<Of<"vdpa">>({ type: constant("vdpa"), dev: sourced("dev") }),
    hostdev: fields<Of<"hostdev">>({
      type: constant("hostdev"),
      source: required(
        "address of the source",
        inside("source", child("address", address)) as Part<PciAddress | UsbAddress>
      )
    })
  }
)

const driver = fields<InterfaceDriver>({
  name: attribute("name", oneOf("vhost", "qemu", "vfio")),
  txmode: attribute("txmode", oneOf("iothread", "timer")),
  ioeventfd: attribute("ioeventfd", onOff),
  eventIdx: attribute("event_idx", onOff),
  queues: attribute("queues", integer({ max: 256 })),
  rxQueueSize: attribute("rx_queue_size", integer({ max: 65536 })),
  txQueueSize: attribute("tx_queue_size", integer({ max: 65536 })),
  rss: attribute("rss", onOff),
  rssHashReport: attribute("rss_hash_report", onOff),
  "<host>": changesGuest,
  "<guest>": changesGuest,
  ...virtioOptions
})

/** Twelve bits (IEEE 802.1Q); the last number is reserved. */
const vlanIdMax = 4095

const vlan = child(
  "vlan",
  fields<InterfaceVlan>({
    trunk: attribute("trunk", yesNo),
    tags: children(
      "tag",
      fields<VlanTag>({
        id: required("id of the tag", attribute("id", integer({ max: vlanIdMax }))),
        nativeMode: attribute("nativeMode", oneOf("tagged", "untagged"))
      })
    )
  })
)

const ip = fields<InterfaceIp>({
  address: required("address", attribute("address", nonEmpty)),
  family: attribute("family", oneOf("ipv4", "ipv6")),
  prefix: attribute("prefix", integer({ max: 128 })),
  peer: attribute("peer", nonEmpty)
})

/** Names of taps that are made up at start, and so belong to a running guest only. */
const assignedTap = /^(vnet|macvtap|macvlan)\d+$/

export const interfaceDevice = fields<Interface>({
  kind: constant("interface"),
  managed: attribute("managed", yesNo),
  trustGuestRxFilters: attribute("trustGuestRxFilters", yesNo),
  mac: inside("mac", attribute("address", mac)),
  macType: inside("mac", attribute("type", oneOf("generated", "static"))),
  macCheck: inside("mac", attribute("check", yesNo)),
  connection,
  vlan,
  "<virtualport>": changesGuest,
  "<bandwidth>": changesNothing,
  ips: children("ip", ip),
  "<route>": changesNothing,
  script: inside("script", attribute("path", nonEmpty)),
  "<downscript>": changesNothing,
  "<backenddomain>": changesNothing,
  target: child(
    "target",
    fields<InterfaceTarget>({
      dev: live(attribute("dev", nonEmpty), (name) => !assignedTap.test(name)),
      managed: attribute("managed", yesNo)
    })
  ),
  guestDev: inside("guest", attribute("dev", nonEmpty)),
  model: inside("model", attribute("type", nonEmpty)),
  driver: child("driver", driver),
  backend: child(
    "backend",
    fields<InterfaceBackend>({
      type: attribute("type", nonEmpty),
      tap: attribute("tap", nonEmpty),
      vhost: attribute("vhost", nonEmpty),
      logFile: attribute("logFile", nonEmpty)
    })
  ),
  "<filterref>": changesSecurity,
  tune: child("tune", fields<InterfaceTune>({ sndbuf: inside("sndbuf", text(integer())) })),
  linkState: inside("link", attribute("state", oneOf("up", "down"))),
  mtu: inside("mtu", attribute("size", integer({ min: 1, max: 65536 }))),
  "<coalesce>": changesNothing,
  "<teaming>": changesGuest,
  isIsolated: inside("port", attribute("isolated", yesNo)),
  "<portForward>": changesGuest,
  "<actual>": dropped,
  boot,
  rom,
  ...deviceInfo
})
