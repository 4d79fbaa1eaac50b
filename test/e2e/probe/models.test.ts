/**
 * Goal: a QEMU is asked once what its CPU models are made of; the next engine reads it from disk,
 * and does not believe a file that was spoilt.
 * Method: the real QEMU behind a script that counts its runs.
 */
import * as fs from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import * as IdsLive from "../../../src/base/ids.live.ts"
import { makeProber } from "../../../src/qemu/probe.ts"
import { onHost, qemu } from "../launcher/fixture.ts"

const kept = (cache: string): readonly string[] =>
  fs.readdirSync(cache).filter((name) => name.startsWith("models-"))

test("models are spelled out once, and kept", () =>
  onHost(({ directory, root }) =>
    Effect.gen(function* () {
      const cache = join(directory, "cache")
      fs.mkdirSync(cache)
      const room = { scratchDirectory: directory, cacheDirectory: cache, root }
      const runs = join(cache, "runs")
      const wrapper = join(cache, "qemu-system-x86_64")
      const script = `#!/bin/sh\necho run >>${runs}\nexec ${qemu} "$@"\n`
      fs.writeFileSync(wrapper, script, { mode: 0o755 })
      const runsSoFar = () => fs.readFileSync(runs, "utf8").split("\n").length - 1

      const prober = yield* makeProber(room)
      const asked = Array.from({ length: 8 }, () => prober.models(wrapper))
      const [models = []] = yield* Effect.all(asked, { concurrency: "unbounded" })
      const penryn = models.find(({ name }) => name === "Penryn")
      expect(penryn).toMatchObject({ vendor: "GenuineIntel", family: 6 })
      expect(penryn?.features).toContain("sse4.1")
      expect(penryn?.features).not.toContain("avx")
      expect(models.map(({ name }) => name)).not.toContain("host")
      // Once for what the binary can do, once for its models.
      expect(runsSoFar()).toBe(2)

      expect(yield* (yield* makeProber(room)).models(wrapper)).toEqual(models)
      expect(runsSoFar()).toBe(2)

      const [file = ""] = kept(cache)
      fs.writeFileSync(join(cache, file), fs.readFileSync(join(cache, file)).subarray(0, 500))
      expect(yield* (yield* makeProber(room)).models(wrapper)).toEqual(models)
      expect(runsSoFar()).toBe(3)
    }).pipe(Effect.provide(IdsLive.layer))
  ))
