/**
 * What the tests of consoles and agents share: an engine on a root of its own through the library's
 * face, and an end that leaves no process and no file, whatever the test did.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { guestImage } from "../../../src/cli/demo/guest.ts"
import { layer, Troupe } from "../../../src/effect.ts"
import type { Engine } from "../../../src/engine/engine.ts"
import type { ByteChannel, ChannelEnd } from "../../../src/engine/console.ts"

export interface Stage {
  readonly engine: Engine
  readonly directory: string
  readonly diskPath: string
}

type Play = (stage: Stage) => Effect.Effect<void, unknown>

/** One engine after the other on one root; guests go on between them and end with the last. */
export const onStages = async (...plays: readonly Play[]): Promise<void> => {
  const directory = mkdtempSync(join(tmpdir(), "troupe-console-"))
  const diskPath = join(directory, "guest.img")
  writeFileSync(diskPath, guestImage())
  const root = join(directory, "root")
  const engineFor = (use: Play, guests: "leave" | "stop") => {
    const play = Effect.gen(function* () {
      const engine = yield* Troupe
      yield* use({ engine, directory, diskPath })
    })
    return Effect.runPromise(Effect.provide(play, layer({ root, guests })))
  }
  const nothing: Play = () => Effect.void
  try {
    for (const [at, play] of plays.entries())
      await engineFor(play, at === plays.length - 1 ? "stop" : "leave").catch(async (error) => {
        await engineFor(nothing, "stop")
        throw error
      })
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Runs with an engine whose guests end with it. */
export const onStage = (use: Play): Promise<void> => onStages(use)

/** What a channel says, as text, and waits for it. */
export const listenTo = (channel: ByteChannel) => {
  let text = ""
  let end: ChannelEnd | undefined
  channel.onData((bytes) => {
    text += new TextDecoder("latin1").decode(bytes)
  })
  channel.onEnd((why) => {
    end = why
  })
  const until = (what: string, holds: () => boolean) =>
    Effect.gen(function* () {
      for (let waited = 0; !holds(); waited += 5) {
        if (waited > 60_000)
          throw new Error(`waited a minute for ${what}; heard: ${text.slice(-300)}`)
        yield* Effect.sleep(5)
      }
    })
  return {
    text: () => text,
    ending: () => end,
    says: (pattern: RegExp) => until(String(pattern), () => pattern.test(text)),
    ends: until("the end", () => end !== undefined)
  }
}

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
