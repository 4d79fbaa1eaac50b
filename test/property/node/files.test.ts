/**
 * Goal: no content of /proc and /sys makes a question about the host fail, or its sums disagree.
 * Method: a whole host of which any files hold any text; random places of CPUs.
 */
import * as fc from "fast-check"
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import { readCpuLists } from "../../../src/host/node-cpu.ts"
import { listOf, numbersOf } from "../../../src/host/node-files.ts"
import { readSharing } from "../../../src/host/node-memory.ts"
import { readHost, readPlaces } from "../../../src/node/host-facts.ts"
import { freeMemory, memoryStats } from "../../../src/node/memory.ts"
import { topologyOf } from "../../../src/node/node-info.ts"
import { hostWith, runOn, twoSockets } from "../../unit/node/host.ts"

const everything = Effect.gen(function* () {
  const { online } = yield* readCpuLists
  yield* freeMemory
  yield* memoryStats("all")
  yield* readSharing
  return yield* readHost(yield* readPlaces(online))
})

const text = fc.oneof(
  fc.string(),
  fc.constantFrom("", "\n", "-1", "99999999999999999999", "0-9999999", "5-1", "0,0,0", "x: y")
)

test("whatever the files say, there is an answer", () => {
  const paths = Object.keys(twoSockets)
  const spoilt = fc.dictionary(fc.constantFrom(...paths), text, { maxKeys: 12 })
  fc.assert(
    fc.property(spoilt, (texts) => {
      const { info, cells } = runOn(hostWith({ ...twoSockets, ...texts }), everything)
      for (const value of [info.memoryKiB, info.cpus, info.mhz, info.cores])
        expect(Number.isSafeInteger(value) && value >= 0).toBe(true)
      expect(cells.length).toBeGreaterThan(0)
    }),
    { numRuns: 60 }
  )
})

test("a list is read back as it was written", () => {
  const numbers = fc.uniqueArray(fc.nat(300)).map((all) => all.toSorted((a, b) => a - b))
  fc.assert(
    fc.property(numbers, (all) => {
      expect(numbersOf(listOf(all), 301)).toEqual(all)
    })
  )
})

test("a list never holds a number from its bound on", () => {
  fc.assert(
    fc.property(fc.string(), fc.nat(50), (list, bound) => {
      for (const number of numbersOf(list, bound)) expect(number).toBeLessThan(bound)
    })
  )
  expect(numbersOf("0-18446744073709551615", 4)).toEqual([0, 1, 2, 3])
})

test("cells, sockets, cores and threads always multiply to the CPUs that are present", () => {
  const small = fc.nat(3)
  const place = fc.record({ socket: small, die: small, core: small, threads: small })
  fc.assert(
    fc.property(fc.array(place, { maxLength: 16 }), small, fc.nat(4), (raw, cells, offline) => {
      const places = raw.map(({ socket, die, core, threads }, id) => ({
        id,
        socket,
        die,
        core,
        siblings: Array.from({ length: threads + 1 }, (_, index) => id + index)
      }))
      const present = places.length + offline
      const found = topologyOf(places, (cpu) => cpu % (cells + 1), present)
      const product = found.nodes * found.sockets * found.cores * found.threads
      expect(product).toBe(Math.max(1, present))
    })
  )
})
