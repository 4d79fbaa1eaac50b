/** `<serial>`, `<parallel>`, `<console>`, `<channel>`, and the host's end that they share. */
import * as Result from "effect/Result"
import type {
  Channel,
  ChardevBackend,
  ChardevLog,
  ChardevSource,
  ChardevTcp,
  ChardevUnix,
  Console,
  Endpoint,
  Parallel,
  Serial
} from "../../model/device/character.ts"
import { integer, nonEmpty, onOff, oneOf, string, yesNo } from "../codec.ts"
import {
  attribute,
  changesSecurity,
  child,
  choice,
  constant,
  dropped,
  fields,
  inside,
  live,
  mapped,
  orElse,
  type Part,
  readWhole,
  required,
  type Sure,
  writeWhole
} from "../describe.ts"
import { deviceInfo, reconnect } from "./info.ts"

const bare = <const T extends "null" | "vc" | "stdio" | "spicevmc">(type: T) =>
  fields<{ readonly type: "null" | "vc" | "stdio" | "spicevmc" }>({ type: constant(type) })

const path = required("path of the source", inside("source", attribute("path", nonEmpty)))

const unixFields = fields<ChardevUnix>({
  type: constant("unix"),
  mode: inside("source", attribute("mode", oneOf("bind", "connect"))),
  path: inside("source", attribute("path", nonEmpty)),
  reconnect: inside("source", reconnect)
})

/** Without a path there is nothing to connect to, so that the mode goes without saying. */
function withoutMode(value: ChardevUnix): ChardevUnix {
  const { mode: _, ...open } = value
  return value.path === undefined ? open : value
}

const unix = mapped(unixFields, withoutMode, withoutMode)

const tcp = fields<ChardevTcp>({
  type: constant("tcp"),
  mode: orElse(inside("source", attribute("mode", oneOf("bind", "connect"))), "connect"),
  host: required("host of the source", inside("source", attribute("host", string))),
  service: required("service of the source", inside("source", attribute("service", nonEmpty))),
  tls: inside("source", attribute("tls", yesNo)),
  reconnect: inside("source", reconnect),
  protocol: orElse(
    inside("protocol", attribute("type", oneOf("raw", "telnet", "telnets", "tls"))),
    "raw"
  )
})

const endpointFields = fields<Endpoint>({
  host: attribute("host", string),
  service: attribute("service", string)
})

type Udp = Extract<ChardevBackend, { readonly type: "udp" }>

/** Two sources, told apart by their mode; `connect` is the default. */
const udp: Sure<Udp> = {
  read: (from) => {
    const ends: { bind?: Endpoint; connect?: Endpoint } = {}
    for (const element of from.take("source")) {
      const reading = from.below(element)
      const mode = reading.attribute("mode")?.value === "bind" ? "bind" : "connect"
      const end = readWhole(endpointFields, reading)
      if (Result.isFailure(end)) return Result.fail(end.failure)
      ends[mode] ??= end.success
    }
    return Result.succeed({ type: "udp", ...ends })
  },
  write: ({ bind, connect }, to) => {
    const ends = { bind, connect }
    for (const mode of ["bind", "connect"] as const) {
      const end = ends[mode]
      if (end === undefined) continue
      const element = writeWhole(endpointFields, end, {
        name: "source",
        context: to.context
      })
      const attributes = [{ name: "mode", value: mode }, ...element.attributes]
      to.child({ ...element, attributes })
    }
  }
}

const channelOf = <const T extends "spiceport" | "dbus">(type: T) =>
  fields<{ readonly type: "spiceport" | "dbus"; readonly channel: string }>({
    type: constant(type),
    channel: required("channel of the source", inside("source", attribute("channel", nonEmpty)))
  })

const devOrPipe = <const T extends "dev" | "pipe">(type: T) =>
  fields<{ readonly type: "dev" | "pipe"; readonly path: string }>({ type: constant(type), path })

const types = oneOf(
  "null",
  "vc",
  "pty",
  "dev",
  "file",
  "pipe",
  "stdio",
  "udp",
  "tcp",
  "unix",
  "spicevmc",
  "spiceport",
  "nmdm",
  "qemu-vdagent",
  "dbus"
)

const backend = (tag: Sure<ChardevBackend["type"]>) =>
  choice<ChardevBackend>(tag, {
    null: bare("null"),
    vc: bare("vc"),
    stdio: bare("stdio"),
    spicevmc: bare("spicevmc"),
    pty: fields({ type: constant("pty"), path: live(inside("source", attribute("path", string))) }),
    dev: devOrPipe("dev"),
    pipe: devOrPipe("pipe"),
    file: fields({
      type: constant("file"),
      path,
      append: inside("source", attribute("append", onOff))
    }),
    unix,
    tcp,
    udp,
    spiceport: channelOf("spiceport"),
    dbus: channelOf("dbus"),
    nmdm: fields({
      type: constant("nmdm"),
      master: required("master of the source", inside("source", attribute("master", nonEmpty))),
      slave: required("slave of the source", inside("source", attribute("slave", nonEmpty)))
    }),
    "qemu-vdagent": fields({
      type: constant("qemu-vdagent"),
      clipboardCopypaste: inside("source", inside("clipboard", attribute("copypaste", yesNo))),
      mouseMode: inside("source", inside("mouse", attribute("mode", oneOf("server", "client"))))
    })
  })

const log = child(
  "log",
  fields<ChardevLog>({
    file: required("file of the log", attribute("file", nonEmpty)),
    append: attribute("append", onOff)
  })
)

/** The host's end, described by the attributes and children of the element that holds it. */
export function chardev(tag: Part<ChardevBackend["type"]>): Sure<ChardevSource> {
  const end = backend(orElse(tag, "pty"))
  return {
    read: (from) =>
      Result.flatMap(end.read(from), (source) =>
        Result.map(log.read(from), (found) => (found ? { ...source, log: found } : source))
      ),
    write: (source, to) => {
      end.write(source, to)
      if (source.log !== undefined) log.write(source.log, to)
    }
  }
}

const source = chardev(attribute("type", types))

const port = attribute("port", integer({ max: 0x7fffffff }))

export const serial = fields<Serial>({
  kind: constant("serial"),
  source,
  target: orElse(
    child(
      "target",
      fields<Serial["target"]>({
        type: attribute(
          "type",
          oneOf(
            "isa-serial",
            "usb-serial",
            "pci-serial",
            "isa-debug",
            "spapr-vio-serial",
            "system-serial",
            "sclp-serial"
          )
        ),
        port,
        model: inside("model", attribute("name", nonEmpty))
      })
    ),
    {}
  ),
  "<protocol>": dropped,
  "<seclabel>": changesSecurity,
  ...deviceInfo
})

export const parallel = fields<Parallel>({
  kind: constant("parallel"),
  source,
  target: orElse(child("target", fields<Parallel["target"]>({ port })), {}),
  "<protocol>": dropped,
  "<seclabel>": changesSecurity,
  ...deviceInfo
})

const consoleTypes = oneOf("serial", "virtio", "xen", "uml", "lxc", "openvz", "sclp", "sclplm")

const consoleFields = fields<Console>({
  kind: constant("console"),
  source,
  "@tty": dropped,
  target: orElse(
    child("target", fields<Console["target"]>({ type: attribute("type", consoleTypes), port })),
    {}
  ),
  "<protocol>": dropped,
  "<seclabel>": changesSecurity,
  ...deviceInfo
})

/** A running guest's terminal is written twice, as it was before libvirt had `<source>` here. */
export const consoleDevice: Sure<Console> = {
  read: consoleFields.read,
  write: (value, to) => {
    const { source } = value
    if (to.context.kind === "active" && source.type === "pty" && source.path !== undefined) {
      to.attribute("type", source.type)
      to.attribute("tty", source.path)
    }
    consoleFields.write(value, to)
  }
}

const channelTarget = choice<Channel["target"]>(
  required("target type", attribute("type", oneOf("virtio", "guestfwd", "xen"))),
  {
    virtio: fields({
      type: constant("virtio"),
      name: attribute("name", nonEmpty),
      state: live(attribute("state", oneOf("connected", "disconnected")))
    }),
    guestfwd: fields({
      type: constant("guestfwd"),
      address: required("address of the target", attribute("address", nonEmpty)),
      port: required("port of the target", attribute("port", integer({ max: 0xffff })))
    }),
    xen: fields({ type: constant("xen"), name: attribute("name", nonEmpty) })
  }
)

export const channel = fields<Channel>({
  kind: constant("channel"),
  source,
  target: required("target", child("target", channelTarget)),
  "<protocol>": dropped,
  "<seclabel>": changesSecurity,
  ...deviceInfo
})
