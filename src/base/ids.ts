/**
 * Identity as a service: tokens and UUIDs come from here, so that one seed replays the world.
 * Never derives anything from the clock.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"

/** A fresh identity at each run. The live one is `ids.live.ts`; the simulated one counts. */
export class Ids extends Context.Service<
  Ids,
  {
    /** An opaque token of letters, digits, `_` and `-`, unique for the life of the root. */
    readonly token: Effect.Effect<string>
    /** A random UUID, version 4 (RFC 9562), lower case. */
    readonly uuid: Effect.Effect<string>
    /** Six random octets `52:54:00:xx:xx:xx`, QEMU's and libvirt's prefix for guests. */
    readonly mac: Effect.Effect<string>
  }
>()("troupe/base/Ids") {}
