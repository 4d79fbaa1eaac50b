/** Identity from the operating system's randomness. */
import { randomBytes, randomUUID } from "node:crypto"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { nanoid } from "nanoid"
import { Ids } from "./ids.ts"

const macTail = () => [...randomBytes(3)].map((byte) => byte.toString(16).padStart(2, "0"))

export const layer: Layer.Layer<Ids> = Layer.succeed(Ids, {
  token: Effect.sync(() => nanoid(12)),
  uuid: Effect.sync(() => randomUUID()),
  mac: Effect.sync(() => ["52", "54", "00", ...macTail()].join(":"))
})
