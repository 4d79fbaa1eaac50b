/**
 * Takes for a guest of an earlier engine what it holds already: ports and host devices, each with
 * its undo owed before. What somebody else has is left to them, for it cannot be taken twice.
 */
import * as Effect from "effect/Effect"
import type { Held } from "../../src/qemu/held.ts"
import type { Belongings } from "../domain/belongings.ts"
import type { Needs } from "../domain/needs.ts"
import { hostDeviceKinds } from "../../src/model/hostdev-wish.ts"
import type { Holder } from "../host-device-pool.ts"
import type { Parts } from "./parts.ts"

export const hold = Effect.fnUntraced(function* (
  { ports, pools }: Parts,
  mine: Belongings<Needs>,
  { holder, held }: { readonly holder: Holder; readonly held: Held }
) {
  const { token } = holder
  for (const port of held.ports) {
    mine.owe("display port", Effect.ignore(ports.release(token)))
    yield* Effect.ignore(ports.take({ range: { min: port, max: port }, token }))
  }
  for (const kind of hostDeviceKinds) {
    const pool = pools[kind]
    const devices = held[kind] ?? []
    if (devices.length === 0) continue
    mine.owe("host devices", Effect.ignore(pool.release(token)))
    // Whether the engine gives it back is in what it remembers of the device.
    const wishes = devices.map((device) => ({ device, isManaged: true }))
    yield* Effect.ignore(pool.adopt(wishes, holder))
  }
})
