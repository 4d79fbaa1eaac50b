/**
 * Consoles and channels of guests: bytes both ways over a call's stream, at the speed of the slower
 * side.
 */
import * as Effect from "effect/Effect"
import type { Domain } from "../../engine/handle.ts"
import type { ByteChannel, ChannelEnd, ConsoleError } from "../../engine/console.ts"
import { RpcRefusal } from "../refusal.ts"
import type { ByteStream, Client, Handlers, Work } from "../server/handler.ts"
import { onGuest } from "./domain-reference.ts"
import type { remote_nonnull_domain } from "../protocol/types.ts"
import { knowing } from "./flags.ts"
import { holdStream } from "./held-stream.ts"

/** VIR_DOMAIN_CONSOLE_FORCE, which VIR_DOMAIN_CHANNEL_FORCE is too, and VIR_DOMAIN_CONSOLE_SAFE. */
const force = 1
const safe = 2

/** What the guest says, as it comes: nothing more is read while a piece is under way. */
class Inbox {
  readonly #channel: ByteChannel
  readonly #pieces: Uint8Array[] = []
  #end: ChannelEnd | undefined
  #wake: (() => void) | undefined

  constructor(channel: ByteChannel) {
    this.#channel = channel
    channel.onEnd((why) => {
      this.#end = why
      this.#woken()
    })
    channel.onData((bytes) => {
      this.#pieces.push(bytes)
      channel.pause()
      this.#woken()
    })
  }

  /** The next piece, or why there is none any more. */
  readonly take: Effect.Effect<Uint8Array | ChannelEnd> = Effect.callback((resume) => {
    const answer = () => {
      const next = this.#pieces.shift() ?? this.#end
      if (next === undefined) {
        this.#wake = answer
        this.#channel.resume()
      } else resume(Effect.succeed(next))
    }
    answer()
    return Effect.sync(() => {
      this.#wake = undefined
    })
  })

  #woken(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }
}

/** The guest's end is the stream's; any other end is told. */
const ended = (why: ChannelEnd): Effect.Effect<void, RpcRefusal> =>
  why === "guest ended"
    ? Effect.void
    : Effect.fail(
        new RpcRefusal({
          code: "OPERATION_ABORTED",
          domain: "STREAMS",
          text: why === "taken over" ? "somebody else has opened it by force" : why.failed
        })
      )

const fromGuest = (inbox: Inbox, stream: ByteStream) =>
  Effect.gen(function* () {
    for (;;) {
      const next = yield* inbox.take
      if (!(next instanceof Uint8Array)) return yield* ended(next)
      yield* stream.write(next)
    }
  })

const put = (channel: ByteChannel, bytes: Uint8Array): Effect.Effect<void> =>
  Effect.callback((resume) => {
    if (channel.write(bytes)) resume(Effect.void)
    else channel.onDrain(() => resume(Effect.void))
  })

const toGuest = (channel: ByteChannel, stream: ByteStream) =>
  Effect.gen(function* () {
    for (;;) {
      const chunk = yield* stream.read
      if (chunk === undefined) return
      // A console has no holes: a client that sends one has mistaken the stream.
      if (!(chunk instanceof Uint8Array))
        return yield* new RpcRefusal({ code: "INVALID_ARG", text: "a console takes no holes" })
      yield* put(channel, chunk)
    }
  })

/** Until the client finishes, or the guest's side ends. */
const serve = (channel: ByteChannel, stream: ByteStream): Work<void> =>
  Effect.suspend(() =>
    Effect.raceFirst(fromGuest(new Inbox(channel), stream), toGuest(channel, stream))
  )

const opening = (
  client: Client,
  dom: remote_nonnull_domain,
  open: (domain: Domain) => Effect.Effect<ByteChannel, ConsoleError>
): Work<void> =>
  onGuest(client, dom, (domain) =>
    Effect.asVoid(
      holdStream(
        client,
        Effect.acquireRelease(open(domain), (channel) => Effect.sync(() => channel.close())),
        serve
      )
    )
  )

export const guestConsole: Handlers = {
  remote: {
    DOMAIN_OPEN_CONSOLE: knowing(
      "virDomainOpenConsole",
      force | safe,
      ({ dom, dev_name: device, flags }, client) =>
        opening(client, dom, (domain) =>
          domain.openConsole({
            device: device ?? undefined,
            force: (flags & force) !== 0,
            safe: (flags & safe) !== 0
          })
        )
    ),
    DOMAIN_OPEN_CHANNEL: knowing("virDomainOpenChannel", force, ({ dom, name, flags }, client) =>
      opening(client, dom, (domain) =>
        domain.openChannel({ device: name ?? undefined, force: (flags & force) !== 0 })
      )
    )
  }
}
