/**
 * Follows the first serial line of a guest: a file that QEMU writes, or a socket that it listens
 * on. A socket that is connected is always read, for one that nobody reads stalls its guest.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { Files } from "../host/files.ts"
import { printable } from "../host/log-file.ts"
import { Sockets } from "../host/socket.ts"
import type { Domain } from "../model/domain.ts"

/** Lines that are kept: what was said last, and some of what was said before. */
const linesMax = 200
/** A line is cut here; a guest may never end one. */
const lineLengthMax = 4096
const readBytesMax = 64 * 1024
const pauseMs = 100

/** What a guest has said, line by line, safe to show. */
export class SerialLog {
  private lines: readonly string[] = []
  private rest = ""
  private readonly decoder = new TextDecoder()
  /** Reads what was said since the last look; a guest that has ended says no more after it. */
  refresh: Effect.Effect<void> = Effect.void

  hear(bytes: Uint8Array): void {
    const text = this.rest + this.decoder.decode(bytes, { stream: true })
    const [last = "", ...ended] = text.split("\n").toReversed()
    this.rest = last.slice(-lineLengthMax)
    const heard = ended.toReversed().map((line) => printable(line.slice(0, lineLengthMax)))
    this.lines = [...this.lines, ...heard.filter((line) => line !== "")].slice(-linesMax)
  }

  get all(): readonly string[] {
    return this.lines
  }

  get last(): string | undefined {
    return this.lines.at(-1)
  }
}

export type SerialPlace =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "unix"; readonly path: string }

/** Where the first serial line of this definition goes, if it is somewhere that can be followed. */
export const serialPlace = (definition: Domain): SerialPlace | undefined => {
  const serial = definition.devices.find((device) => device.kind === "serial")
  const source = serial?.kind === "serial" ? serial.source : undefined
  if (source === undefined || !("path" in source) || source.path === undefined) return undefined
  if (source.type === "file") return { kind: "file", path: source.path }
  return source.type === "unix" ? { kind: "unix", path: source.path } : undefined
}

const followFile = Effect.fnUntraced(function* (path: string, log: SerialLog) {
  const files = yield* Files
  let offset = 0
  const look = Effect.gen(function* () {
    const { size } = yield* files.stat(path)
    // QEMU empties the file at each start.
    if (size < offset) offset = 0
    if (size === offset) return
    const file = yield* files.open(path, "read")
    const bytes = yield* Effect.ensuring(
      files.readAt(file, offset, readBytesMax),
      files.close(file)
    )
    offset += bytes.byteLength
    log.hear(bytes)
  })
  log.refresh = Effect.ignore(look).pipe(Effect.provideService(Files, files))
  yield* Effect.repeat(log.refresh, Schedule.spaced(pauseMs))
})

const followSocket = Effect.fnUntraced(function* (path: string, log: SerialLog) {
  const sockets = yield* Sockets
  const session = Effect.gen(function* () {
    const ended = yield* Deferred.make<void>()
    yield* Effect.acquireRelease(
      sockets.connect(path, {
        onData: (bytes) => log.hear(bytes),
        onEnd: () => Deferred.doneUnsafe(ended, Effect.void)
      }),
      (connection) => Effect.sync(() => connection.close())
    )
    yield* Deferred.await(ended)
  })
  yield* Effect.repeat(Effect.ignore(Effect.scoped(session)), Schedule.spaced(pauseMs))
})

/** Follows until the scope closes, through restarts of the guest. */
export const followSerial = Effect.fnUntraced(function* (place: SerialPlace | undefined) {
  const log = new SerialLog()
  if (place?.kind === "file") yield* Effect.forkScoped(followFile(place.path, log))
  if (place?.kind === "unix") yield* Effect.forkScoped(followSocket(place.path, log))
  return log
})
