/** `console`: what a guest's console says goes to the screen, and what is typed goes to it. */
import * as Effect from "effect/Effect"
import type { Remote } from "../../rpc/client/connect.ts"
import type { CallFailure } from "../../rpc/client/error.ts"
import type { ClientStream } from "../../rpc/client/stream.ts"
import { Screen } from "../screen.ts"
import { findDomain } from "./reference.ts"

export interface ConsoleOptions {
  readonly key: string
  /** The alias of a character device; the first console by default. */
  readonly device: string | undefined
  readonly flags: number
}

/** Ctrl-], as telnet and virsh have it. */
const leaveKey = 0x1d

/** Until the guest's side ends. */
const showing = (stream: ClientStream) =>
  Effect.gen(function* () {
    const screen = yield* Screen
    for (;;) {
      const chunk = yield* stream.read
      if (chunk === undefined) return "ended" as const
      if (!("holeBytes" in chunk)) yield* screen.writeBytes(chunk)
    }
  })

/** Until the user leaves. Input that has ended leaves the rest to the guest. */
const typing = (stream: ClientStream, next: Effect.Effect<Uint8Array | undefined>) =>
  Effect.gen(function* () {
    for (;;) {
      const bytes = yield* next
      if (bytes === undefined) return yield* Effect.never
      const leaves = bytes.indexOf(leaveKey)
      const typed = leaves < 0 ? bytes : bytes.subarray(0, leaves)
      if (typed.byteLength > 0) yield* stream.write(typed)
      if (leaves >= 0) return "left" as const
    }
  })

/** Until the user leaves, the guest ends, or a signal comes. */
export const showConsole = (
  remote: Remote,
  { key, device, flags }: ConsoleOptions
): Effect.Effect<undefined, CallFailure, Screen> =>
  Effect.gen(function* () {
    const screen = yield* Screen
    const dom = yield* findDomain(remote, key)
    const { stream } = yield* remote.open("remote", "DOMAIN_OPEN_CONSOLE", {
      dom,
      dev_name: device ?? null,
      flags
    })
    yield* Effect.addFinalizer(() => stream.abort)
    yield* screen.warn(`connected to ${dom.name}; Ctrl-] leaves\r\n`)
    const next = yield* screen.keys
    const stopped = Effect.as(screen.stopAsked, "left" as const)
    const how = yield* Effect.raceAllFirst([showing(stream), typing(stream, next), stopped])
    yield* screen.warn(how === "left" ? "\r\n" : `\r\nthe console of ${dom.name} has ended\r\n`)
    return undefined
  }).pipe(Effect.scoped)
