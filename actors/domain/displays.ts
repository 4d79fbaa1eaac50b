/**
 * Where a guest's displays listen: ports of the host that nobody has, and the sockets they show in
 * the live definition; and the passwords, which go to QEMU over its monitor and nowhere else.
 */
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Files } from "../../src/host/files.ts"
import { devicesOf } from "../../src/model/device.ts"
import type { Graphics } from "../../src/model/device/graphics.ts"
import type { Domain } from "../../src/model/domain.ts"
import type { GraphicsResources } from "../../src/qemu/argv/context.ts"
import { expirePassword, setPassword } from "../../src/qmp/command.ts"
import type { ConfigValues } from "../../src/config/snapshot.ts"
import type { Monitor } from "../monitor.ts"
import { NoPort, type PortRange } from "../ports.ts"
import type { Identity } from "./needs.ts"
import { Surroundings } from "./surroundings.ts"

/** What a display asks for and cannot have. */
export class DisplayRefused extends Data.TaggedError("DisplayRefused")<{
  readonly display: string
  readonly why: string
}> {
  override get message(): string {
    return `the ${this.display} display cannot be had: ${this.why}`
  }
}

type Remote = Extract<Graphics, { readonly listens: readonly unknown[] }>

export type DisplayPorts = { readonly [position: number]: GraphicsResources }

const isRemote = (display: Graphics): display is Remote =>
  display.type === "vnc" || display.type === "spice"

/** RFC 6143: the challenge is encrypted with eight bytes; what is longer would protect nothing. */
const vncPasswordBytesMax = 8

const passwordProblem = (display: Remote): string | undefined => {
  const { password } = display
  if (password === undefined || display.type !== "vnc") return undefined
  const { length } = new TextEncoder().encode(password)
  return length > vncPasswordBytesMax
    ? `its password has ${length} bytes, and VNC knows only ${vncPasswordBytesMax}`
    : undefined
}

/** TCP ports that somebody on this host listens on, in decimal. */
export const listeningPorts = Effect.fnUntraced(function* () {
  const files = yield* Files
  const ports = new Set<number>()
  for (const path of ["/proc/self/net/tcp", "/proc/self/net/tcp6"]) {
    const bytes = yield* Effect.option(files.read(path, tablesBytesMax))
    if (bytes._tag === "None") continue
    for (const line of new TextDecoder().decode(bytes.value).split("\n")) {
      const [, local, , state] = line.trim().split(/\s+/)
      const port = Number.parseInt(local?.split(":")[1] ?? "", 16)
      if (state === listening && !Number.isNaN(port)) ports.add(port)
    }
  }
  return [...ports]
})

/** linux/tcp_states.h: TCP_LISTEN. */
const listening = "0A"
/** A line has 150 bytes. A host with more connections than that finds out by QEMU's refusal. */
const tablesBytesMax = 32 * 1024 * 1024

interface Wish {
  readonly port: PortRange | undefined
  readonly websocket: PortRange | undefined
}

const only = (port: number): PortRange => ({ min: port, max: port })

/** The ranges a display's ports come from: one port where the definition names it. */
const wishOf = (display: Remote, values: ConfigValues): Wish => {
  const [first] = display.listens
  const isSocket = first?.type === "socket" || first?.type === "none"
  const hasAddress = first !== undefined && "address" in first && first.address !== undefined
  const isAuto = display.type === "vnc" ? values.vncAutoUnixSocket : values.spiceAutoUnixSocket
  if (isSocket || (isAuto && !hasAddress)) return { port: undefined, websocket: undefined }
  const { port = -1, autoport } = display
  const websocket = display.type === "vnc" ? display.websocket : undefined
  const any = { min: values.remoteDisplayPortMin, max: values.remoteDisplayPortMax }
  const anyWebsocket = {
    min: values.remoteWebsocketPortMin,
    max: values.remoteWebsocketPortMax
  }
  const isFree = autoport || port <= 0
  return {
    port: isFree ? any : only(port),
    websocket: websocket === undefined ? undefined : websocket > 0 ? only(websocket) : anyWebsocket
  }
}

/** Display ports that the definition leaves to us, or names. Given back with the epoch. */
export const takePorts = Effect.fnUntraced(function* (
  domain: Identity,
  epoch: string,
  definition: Domain
) {
  const { ports, config } = yield* Surroundings
  const mine = domain.belongings.of(epoch)
  const token = `${domain.uuid}/${epoch}`
  const displays = devicesOf(definition, "graphics")
  let others: readonly number[] | undefined
  const take = Effect.fnUntraced(function* (range: PortRange | undefined) {
    if (range === undefined) return undefined
    if (range.min > range.max) return yield* new NoPort({ range })
    // Who names a port may share it with a listener on another address: QEMU finds out.
    const isNamed = range.min === range.max
    if (!isNamed) others ??= yield* listeningPorts()
    const avoid = isNamed ? [] : (others ?? [])
    return yield* mine.undoable(
      "display port",
      ports.take({ range, token, avoid }),
      Effect.ignore(ports.release(token))
    )
  })
  const taken: { [position: number]: GraphicsResources } = {}
  for (const [position, display] of displays.entries()) {
    if (!isRemote(display)) continue
    const why = passwordProblem(display)
    if (why !== undefined)
      return yield* new DisplayRefused({ display: display.type.toUpperCase(), why })
    const wish = wishOf(display, config().values)
    const port = yield* take(wish.port)
    const websocket = yield* take(wish.websocket)
    taken[position] = {
      ...(port === undefined ? {} : { port }),
      ...(websocket === undefined ? {} : { websocket })
    }
  }
  return taken
})

/** The live definition says where its displays are. */
export const withPorts = (definition: Domain, taken: DisplayPorts, directory: string): Domain => {
  let position = -1
  const devices = definition.devices.map((device) => {
    if (device.kind !== "graphics") return device
    position += 1
    return isRemote(device) ? placed(device, taken[position] ?? {}, directory) : device
  })
  return { ...definition, devices }
}

const placed = (display: Remote, own: GraphicsResources, directory: string): Remote => {
  const { port, websocket } = own
  const listens = display.listens.map((listen) =>
    listen.type === "socket" && listen.socket === undefined
      ? { ...listen, socket: `${directory}/${display.type}.sock` }
      : listen
  )
  const at = port === undefined ? { listens } : { listens, port }
  if (display.type === "spice" || websocket === undefined) return { ...display, ...at }
  const websocketGenerated = (display.websocket ?? -1) <= 0
  return { ...display, ...at, websocket, websocketGenerated }
}

/** Every port of a guest. */
export const portsOf = (taken: DisplayPorts): readonly number[] =>
  Object.values(taken).flatMap(({ port, websocket }) =>
    [port, websocket].filter((one) => one !== undefined)
  )

/** Paths of sockets that QEMU makes for its displays. */
export const displaySockets = (live: Domain): readonly string[] =>
  devicesOf(live, "graphics").flatMap((display) =>
    isRemote(display)
      ? display.listens.flatMap((listen) =>
          listen.type === "socket" && listen.socket !== undefined ? [listen.socket] : []
        )
      : []
  )

/** `YYYY-MM-DDTHH:MM:SS`, UTC, as seconds since 1970. */
export const secondsOf = (time: string): number | undefined => {
  const read = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$/.test(time)
    ? Option.getOrUndefined(DateTime.make(`${time}Z`))
    : undefined
  return read === undefined ? undefined : DateTime.toEpochMillis(read) / 1000
}

/** Until when the password holds; an empty one lets nobody in, as under libvirt. */
const expiryOf = ({ password, passwordValidTo }: Remote): string => {
  if (password === "") return "now"
  const until = passwordValidTo === undefined ? undefined : secondsOf(passwordValidTo)
  return until === undefined ? "never" : String(until)
}

/** Sets the passwords of the displays; until then their arguments let nobody in. */
export const setPasswords = Effect.fnUntraced(function* (monitor: Monitor, live: Domain) {
  for (const display of devicesOf(live, "graphics")) {
    if (!isRemote(display) || display.password === undefined) continue
    const { type, password, connected } = display
    // Of VNC's clients those that are connected stay, as QEMU knows it no other way.
    const kept = type === "vnc" ? "keep" : (connected ?? "keep")
    yield* monitor.execute(setPassword({ protocol: type, password, connected: kept }))
    yield* monitor.execute(expirePassword(type, expiryOf(display)))
  }
})
