/** `<graphics>`: VNC and SPICE; the others are kept. */
import * as Result from "effect/Result"
import type {
  Graphics,
  GraphicsGl,
  GraphicsListen,
  OtherGraphics,
  SpiceChannel,
  SpiceGraphics,
  VncGraphics
} from "../../model/device/graphics.ts"
import { integer, nonEmpty, onOff, oneOf, string, yesNo } from "../codec.ts"
import {
  attribute,
  changesNothing,
  child,
  children,
  choice,
  constant,
  fields,
  inside,
  live,
  orElse,
  required,
  secret,
  type Sure
} from "../describe.ts"
import type { DocumentKind } from "../reading.ts"

const listenChoice = choice<GraphicsListen>(
  required("type of the listen", attribute("type", oneOf("address", "network", "socket", "none"))),
  {
    address: fields({ type: constant("address"), address: attribute("address", string) }),
    network: fields({
      type: constant("network"),
      address: live(attribute("address", string)),
      network: required("network of the listen", attribute("network", nonEmpty))
    }),
    socket: fields({ type: constant("socket"), socket: attribute("socket", nonEmpty) }),
    none: fields({ type: constant("none") })
  }
)

const listenElements = children("listen", listenChoice)

/** The attribute `listen` and the first `<listen>` of type address mirror each other. */
const listens: Sure<readonly GraphicsListen[]> = {
  read: (from) => {
    const address = from.attribute("listen")?.value
    const socket = from.attribute("socket")?.value
    return Result.map(listenElements.read(from), (written) => {
      if (written.length > 0) return written
      if (socket !== undefined) return [{ type: "socket", socket }]
      return [address === undefined ? { type: "address" } : { type: "address", address }]
    })
  },
  write: (value, to) => {
    const [first] = value
    const isAddress = first?.type === "address" || first?.type === "network"
    if (isAddress && first.address !== undefined) to.attribute("listen", first.address)
    if (first?.type === "socket" && first.socket !== undefined) to.attribute("socket", first.socket)
    listenElements.write(value, to)
  }
}

const portNumber = integer({ min: -1, max: 0xffff })

/** `autoport='yes'` is written with `port='-1'` for VNC, unless a port stands there already. */
const vncAutoport: Sure<boolean> = {
  read: orElse(attribute("autoport", yesNo), false).read,
  write: (value, to) => {
    if (value) to.attribute("port", "-1")
    to.attribute("autoport", yesNo.encode(value))
  }
}

const password = {
  password: secret(attribute("passwd", string)),
  passwordValidTo: secret(attribute("passwdValidTo", nonEmpty)),
  connected: attribute("connected", oneOf("fail", "disconnect", "keep"))
} as const

const vncFields = fields<VncGraphics>({
  kind: constant("graphics"),
  type: constant("vnc"),
  port: attribute("port", portNumber),
  autoport: vncAutoport,
  websocket: attribute("websocket", portNumber),
  websocketGenerated: live(attribute("websocketGenerated", yesNo)),
  listens,
  keymap: attribute("keymap", nonEmpty),
  sharePolicy: attribute("sharePolicy", oneOf("allow-exclusive", "force-shared", "ignore")),
  ...password,
  powerControl: attribute("powerControl", yesNo),
  audioId: inside("audio", attribute("id", integer({ min: 1, max: 0x7fffffff })))
})

const spiceMode = oneOf("any", "secure", "insecure")

const spiceFields = fields<SpiceGraphics>({
  kind: constant("graphics"),
  type: constant("spice"),
  port: attribute("port", portNumber),
  tlsPort: attribute("tlsPort", portNumber),
  autoport: orElse(attribute("autoport", yesNo), false),
  listens,
  keymap: attribute("keymap", nonEmpty),
  defaultMode: attribute("defaultMode", spiceMode),
  ...password,
  channels: children(
    "channel",
    fields<SpiceChannel>({
      name: required("name of the channel", attribute("name", nonEmpty)),
      mode: required("mode of the channel", attribute("mode", spiceMode))
    })
  ),
  imageCompression: inside("image", attribute("compression", nonEmpty)),
  jpegCompression: inside("jpeg", attribute("compression", nonEmpty)),
  zlibCompression: inside("zlib", attribute("compression", nonEmpty)),
  playbackCompression: inside("playback", attribute("compression", onOff)),
  streamingMode: inside("streaming", attribute("mode", oneOf("filter", "all", "off"))),
  clipboardCopypaste: inside("clipboard", attribute("copypaste", yesNo)),
  mouseMode: inside("mouse", attribute("mode", oneOf("server", "client"))),
  filetransfer: inside("filetransfer", attribute("enable", yesNo)),
  gl: child(
    "gl",
    fields<GraphicsGl>({
      enable: attribute("enable", yesNo),
      rendernode: attribute("rendernode", nonEmpty)
    })
  )
})

const hasPorts = ({ listens }: { readonly listens: readonly GraphicsListen[] }) => {
  const [first] = listens
  return first === undefined || first.type === "address" || first.type === "network"
}

/** Ports that are given: not 0 and not -1, and with autoport only those of a running guest. */
function givenPort(port: number | undefined, isAssigned: boolean): number | undefined {
  return port === undefined || port <= 0 || isAssigned ? undefined : port
}

const vnc: Sure<VncGraphics> = {
  read: (from) =>
    Result.map(vncFields.read(from), (value) => {
      const { port, ...rest } = value
      const autoport = hasPorts(value) && (value.autoport || port === undefined || port === -1)
      const given = givenPort(port, autoport && from.context.kind === "inactive")
      return { ...rest, autoport, ...(given === undefined ? {} : { port: given }) }
    }),
  write: (value, to) => vncFields.write(shown(value, to.context.kind), to)
}

const spice: Sure<SpiceGraphics> = {
  read: (from) =>
    Result.map(spiceFields.read(from), (value) => {
      const { port, tlsPort, ...rest } = value
      const asksAny = port === -1 || tlsPort === -1
      const autoport = hasPorts(value) && (value.autoport || asksAny)
      const isAssigned = autoport && from.context.kind === "inactive"
      const plain = givenPort(port, isAssigned)
      const tls = givenPort(tlsPort, isAssigned)
      // Without any port nobody can connect but through a descriptor.
      const isClosed = hasPorts(value) && !autoport && plain === undefined && tls === undefined
      return {
        ...rest,
        autoport,
        ...(isClosed ? { listens: [{ type: "none" as const }] } : {}),
        ...(plain === undefined ? {} : { port: plain }),
        ...(tls === undefined ? {} : { tlsPort: tls })
      }
    }),
  write: (value, to) => spiceFields.write(shown(value, to.context.kind), to)
}

/** What is written: no port of a socket, and in a definition none that was assigned. */
function shown<A extends VncGraphics | SpiceGraphics>(value: A, kind: DocumentKind): A {
  if (hasPorts(value) && !(value.autoport && kind === "inactive")) return value
  const { port: _port, ...rest } = value
  const { tlsPort: _tls, ...plain } = { tlsPort: undefined, ...rest }
  if (hasPorts(value)) return plain as unknown as A
  const { autoport: _autoport, ...closed } = plain
  return closed as unknown as A
}

const other = <const T extends OtherGraphics["type"]>(type: T) =>
  fields<OtherGraphics>({
    kind: constant("graphics"),
    type: constant(type),
    "@display": changesNothing,
    "@xauth": changesNothing,
    "@fullscreen": changesNothing,
    "@address": changesNothing,
    "@p2p": changesNothing,
    "@port": changesNothing,
    "@autoport": changesNothing,
    "@replaceUser": changesNothing,
    "@multiUser": changesNothing,
    "@listen": changesNothing,
    "@username": changesNothing,
    "@passwd": changesNothing,
    "<listen>": changesNothing,
    "<channel>": changesNothing,
    "<audio>": changesNothing,
    "<gl>": changesNothing
  })

const types = ["vnc", "spice", "sdl", "rdp", "desktop", "egl-headless", "dbus"] as const

export const graphics = choice<Graphics>(
  required("type of the graphics", attribute("type", oneOf(...types))),
  {
    vnc,
    spice,
    sdl: other("sdl"),
    rdp: other("rdp"),
    desktop: other("desktop"),
    "egl-headless": other("egl-headless"),
    dbus: other("dbus")
  }
)
