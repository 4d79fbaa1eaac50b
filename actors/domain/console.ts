/**
 * Opens a console or channel of a running guest: finds the device, takes it for one user, connects
 * to QEMU's end (a terminal or a socket that QEMU listens on) and carries bytes with back-pressure
 * both ways. Keeps no bytes beyond those that the kernel and one write hold.
 */
import * as Effect from "effect/Effect"
import {
  type Connection,
  type ConnectionListener,
  type SocketError,
  Sockets
} from "../../src/host/socket.ts"
import { type TerminalError, Terminals } from "../../src/host/terminal.ts"
import { ConsoleBusy, ConsoleUnavailable } from "../../src/model/agent-error.ts"
import type { Device } from "../../src/model/device.ts"
import type { ChardevSource } from "../../src/model/device/character.ts"
import type { Domain } from "../../src/model/domain.ts"
import { queryChardev } from "../../src/qmp/command.ts"
import type { ByteChannel, ChannelEnd, ConsoleOptions } from "./byte-channel.ts"
import { terminalUser } from "./console-lock.ts"
import type { ConsoleUser } from "./consoles.ts"
import type { DomainRef } from "./domain.ts"
import { reach, running } from "./reach.ts"

/** Past this a writer is asked to wait. More than `drainBytes`, so that it is told when it may. */
export const waitingBytesMax = 256 * 1024
/** Past this it has not heeded that, and its channel ends. */
export const unwrittenBytesMax = 2 * 1024 * 1024

export type ConsoleKind = "console" | "channel"

type Character = Extract<Device, { kind: "serial" | "parallel" | "console" | "channel" }>

const ofKind = ({ devices }: Domain, ...kinds: readonly string[]): readonly Character[] =>
  devices.filter((device): device is Character => kinds.includes(device.kind))

/** A console that mirrors the first serial port is that port. */
const isMirror = (device: Character): boolean =>
  device.kind === "console" && (device.target.type ?? "serial") === "serial"

const portName = (device: Character): string | undefined =>
  device.kind === "channel" && "name" in device.target ? device.target.name : undefined

/** The device of that alias or name, or the first; consoles stand before serial ports. */
export const findDevice = (
  live: Domain,
  kind: ConsoleKind,
  wanted: string | undefined
): Character | undefined => {
  if (kind === "channel") {
    const channels = ofKind(live, "channel")
    if (wanted === undefined) return channels[0]
    return channels.find((one) => one.alias === wanted || portName(one) === wanted)
  }
  const [first] = ofKind(live, "console")
  const serials = ofKind(live, "serial")
  if (wanted === undefined)
    return first === undefined || isMirror(first) ? (serials[0] ?? first) : first
  const found = ofKind(live, "console", "serial", "parallel").find((one) => one.alias === wanted)
  return found !== undefined && isMirror(found) ? (serials[0] ?? found) : found
}

type End =
  | { readonly type: "terminal"; readonly path: string }
  | { readonly type: "socket"; readonly path: string }

/** What can be opened of it, or why nothing can. */
const endOf = (source: ChardevSource): End | string => {
  if (source.type === "pty")
    return source.path === undefined
      ? "its terminal is not known"
      : { type: "terminal", path: source.path }
  if (source.type !== "unix") return `it is neither a terminal nor a socket, but '${source.type}'`
  if (source.mode !== "bind" || source.path === undefined) return "QEMU does not listen for it"
  return { type: "socket", path: source.path }
}

/** Bytes of one connection for one user; what comes before anybody listens stays in the kernel. */
class Line implements ByteChannel, ConsoleUser {
  readonly device: string
  private connection: Connection | undefined
  private hear: ((bytes: Uint8Array) => void) | undefined
  private drained: (() => void) | undefined
  private tell: ((why: ChannelEnd) => void) | undefined
  private why: ChannelEnd | undefined
  private isClosed = false
  private readonly free: () => void

  constructor(device: string, free: (line: Line) => void) {
    this.device = device
    this.free = () => free(this)
  }

  readonly listener: ConnectionListener = {
    onData: (bytes) => this.hear?.(bytes),
    onEnd: (error) => this.end(error === undefined ? "guest ended" : { failed: error }),
    onDrain: () => this.drained?.()
  }

  /** False: it was taken over or ended while it was being connected. */
  attach(connection: Connection): boolean {
    if (this.isClosed) {
      connection.close()
      return false
    }
    this.connection = connection
    connection.pause()
    return true
  }

  readonly write = (bytes: Uint8Array): boolean => {
    if (this.isClosed || this.connection === undefined) return false
    if (this.pendingBytes() > unwrittenBytesMax) {
      this.end({ failed: "its user wrote more than the guest took" })
      return false
    }
    this.connection.write(bytes)
    return this.pendingBytes() <= waitingBytesMax
  }

  readonly pendingBytes = (): number => (this.isClosed ? 0 : (this.connection?.pendingBytes() ?? 0))

  readonly onData = (listener: (bytes: Uint8Array) => void): void => {
    this.hear = listener
    this.resume()
  }

  readonly onDrain = (listener: () => void): void => void (this.drained = listener)

  readonly onEnd = (listener: (why: ChannelEnd) => void): void => {
    this.tell = listener
    if (this.why !== undefined) listener(this.why)
  }

  readonly pause = (): void => this.connection?.pause()

  readonly resume = (): void => {
    if (this.hear !== undefined && !this.isClosed) this.connection?.resume()
  }

  readonly close = (): void => {
    if (this.isClosed) return
    this.isClosed = true
    this.free()
    this.connection?.close()
  }

  readonly end = (why: ChannelEnd): void => {
    if (this.isClosed) return
    this.close()
    this.why = why
    this.tell?.(why)
  }
}

/** Between two looks whether QEMU has noticed that the former user went. */
const noticeMs = 20
const noticesMax = 25
/** What `query-chardev` says of a socket that nobody is connected to. */
const freeWord = "disconnected:"

/**
 * QEMU serves one client of a socket; another one would wait in its backlog, unheard. A QEMU that
 * cannot be asked is not waited for.
 */
const untilFree = Effect.fnUntraced(function* (ref: DomainRef, alias: string) {
  const reached = yield* Effect.option(reach(ref, "open a console of"))
  if (reached._tag === "None") return true
  for (let look = 0; look < noticesMax; look++) {
    const chardevs = yield* Effect.option(reached.value.ask(queryChardev()))
    if (chardevs._tag === "None") return true
    const mine = chardevs.value.find(({ label }) => label === `char${alias}`)
    if (mine === undefined || mine.filename.startsWith(freeWord)) return true
    yield* Effect.sleep(noticeMs)
  }
  return false
})

const busy = (domain: string, device: string, holder: string) =>
  Effect.fail(new ConsoleBusy({ domain, device, holder }))

/** Somebody whom we do not know of, as far as one can tell. */
const strangerAt = Effect.fnUntraced(function* (
  ref: DomainRef,
  { end, alias, isSafe }: { end: End; alias: string; isSafe: boolean }
) {
  if (end.type === "terminal") return isSafe ? yield* terminalUser(end.path) : undefined
  return (yield* untilFree(ref, alias)) ? undefined : "another program of the host"
})

const connect = (
  { type, path }: End,
  line: Line
): Effect.Effect<Connection, SocketError | TerminalError, Sockets> =>
  type === "terminal"
    ? Effect.flatMap(Terminals, (terminals) => terminals.open(path, line.listener))
    : Effect.flatMap(Sockets, (sockets) => sockets.connect(path, line.listener))

/** The one user of a device of a running guest. */
export const openDevice = Effect.fnUntraced(function* (
  ref: DomainRef,
  kind: ConsoleKind,
  { device: wanted, force = false, safe = false }: ConsoleOptions
) {
  const { domain, epoch, live } = yield* running(ref, `open a ${kind} of`)
  const refuse = (why: string) =>
    Effect.fail(new ConsoleUnavailable({ domain, device: wanted, why }))
  const device = findDevice(live, kind, wanted)
  if (device === undefined) return yield* refuse(`it has no such ${kind}`)
  const end = endOf(device.source)
  if (typeof end === "string") return yield* refuse(end)
  const { alias = "" } = device
  const { consoles } = ref.belongings.of(epoch)
  const line = new Line(alias, (user) => consoles.free(alias, user))
  if (!consoles.claim(alias, line, force)) return yield* busy(domain, alias, "another client")
  const open = Effect.gen(function* () {
    const stranger = yield* strangerAt(ref, { end, alias, isSafe: safe })
    if (stranger !== undefined) return yield* busy(domain, alias, stranger)
    // In one piece: what was connected is the line's.
    const isOurs = yield* Effect.uninterruptible(
      Effect.map(connect(end, line), (connection) => line.attach(connection))
    )
    if (!isOurs) return yield* busy(domain, alias, "another client")
    const channel: ByteChannel = line
    return channel
  })
  return yield* open.pipe(
    Effect.catchTag(["SocketError", "TerminalError"], (error) => refuse(error.message)),
    Effect.onError(() => Effect.sync(line.close))
  )
})
