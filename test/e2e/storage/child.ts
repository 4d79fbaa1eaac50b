/**
 * An engine in a process of its own, for `crash.test.ts`: starts a pool and makes volumes in it,
 * one after the other, saying each when it is acknowledged, until it is killed.
 */
import * as Effect from "effect/Effect"
import { Troupe, layer } from "../../../src/effect.ts"
import { volumeXml } from "./stage.ts"

const [root = "", emulator = "", prefix = ""] = process.argv.slice(2)

const name = "images"

const work = Effect.gen(function* () {
  const { storage } = yield* Troupe
  const { isActive } = yield* storage.lookupPool({ name })
  if (!isActive) yield* storage.startPool({ name })
  process.stdout.write("open\n")
  for (let number = 0; ; number++) {
    const volume = `${prefix}${number}`
    const format = number % 2 === 0 ? "qcow2" : "raw"
    const text = volumeXml({ name: volume, capacity: 2 * 1024 * 1024, format })
    yield* storage.createVolume({ name }, text)
    process.stdout.write(`${volume}\n`)
  }
})

await Effect.runPromise(Effect.provide(work, layer({ root, emulator })))
