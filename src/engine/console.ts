/** The part of a domain's handle that opens consoles and channels. */
import type * as Effect from "effect/Effect"
import type { ByteChannel, ConsoleOptions } from "../../actors/domain/byte-channel.ts"
import { openDevice } from "../../actors/domain/console.ts"
import type { ConsoleBusy, ConsoleUnavailable } from "../model/agent-error.ts"
import type { NotRunning } from "../model/guest-error.ts"
import type { Consult, LookupError } from "./consult.ts"

export type { ByteChannel, ChannelEnd, ConsoleOptions } from "../../actors/domain/byte-channel.ts"

export type ConsoleError = LookupError | NotRunning | ConsoleUnavailable | ConsoleBusy

type Open = (options?: ConsoleOptions) => Effect.Effect<ByteChannel, ConsoleError>

export interface DomainConsoles {
  /** DOMAIN_OPEN_CONSOLE: serial ports, parallel ports and consoles, by alias. */
  readonly openConsole: Open
  /** DOMAIN_OPEN_CHANNEL: channels, by alias or by the name of their port. */
  readonly openChannel: Open
}

export const consolesOf = (consult: Consult): DomainConsoles => ({
  openConsole: (options = {}) =>
    consult("domainOpenConsole", (ref) => openDevice(ref, "console", options)),
  openChannel: (options = {}) =>
    consult("domainOpenChannel", (ref) => openDevice(ref, "channel", options))
})
