/**
 * Goal: two devices change drivers at a time, in the order in which they came; who does not want
 * its turn any more is passed over, and a write that goes on has its turn, whoever waits for it.
 * Method: the turns themselves on a simulated host with drivers that take their time.
 */
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import { DriverTurns } from "../../../src/host/driver-write.ts"
import { pciDrivers } from "../../../src/host/pci-driver.ts"
import { manyCards } from "../../../src/testing/host/device-shapes.ts"
import { SimulatedHost } from "../../../src/testing/host/host.ts"
import { World } from "../../../src/testing/world.ts"

const never = Number.POSITIVE_INFINITY

/** Cards whose drivers take so long to let go; each result takes one. */
const stageWith = (...unbindMs: readonly number[]) => {
  const cards = manyCards(unbindMs.length)
  const pci = cards.map((one, at) => ({ ...one, quirks: { unbindMs: unbindMs[at] ?? 0 } }))
  const world = new World([], { stepsMax: 1_000_000 })
  const host = new SimulatedHost(world, { devices: { pci } })
  const { context } = host.engine("engine", () => {})
  const turns = new DriverTurns()
  const begin = (at: number) => {
    const taking = Effect.match(turns.within(pciDrivers.take(cards[at]?.address ?? "")), {
      onSuccess: () => "done",
      onFailure: ({ _tag, message }) => (_tag === "DriversHang" ? message : _tag)
    })
    const fiber = Effect.runForkWith(context)(taking)
    const answer = () => {
      const exit = fiber.pollUnsafe()
      return exit?._tag === "Success" ? exit.value : exit?._tag
    }
    return { answer, interrupt: () => fiber.interruptUnsafe() }
  }
  const pass = (ms: number) => {
    for (let left = ms; left > 0; left -= 250) world.advance(250)
  }
  return { begin, pass, driver: (at: number) => host.pci.get(cards[at]?.address ?? "")?.driver }
}

test("two at a time, and the others after them in their order", () => {
  const { begin, pass } = stageWith(4_000, 4_000, 4_000, 4_000, 4_000)
  const all = [0, 1, 2, 3, 4].map(begin)
  const answers = () => all.map(({ answer }) => answer())
  pass(5_000)
  expect(answers()).toEqual(["done", "done", undefined, undefined, undefined])
  pass(4_000)
  expect(answers()).toEqual(["done", "done", "done", "done", undefined])
  pass(4_000)
  expect(answers()).toEqual(all.map(() => "done"))
})

test("who does not want its turn any more is passed over, and its device is not touched", () => {
  const { begin, pass, driver } = stageWith(8_000, 8_000, 0, 0)
  begin(0)
  begin(1)
  const gone = begin(2)
  const next = begin(3)
  pass(1_000)
  gone.interrupt()
  pass(9_000)
  expect(next.answer()).toBe("done")
  expect(gone.answer()).toBe("Failure")
  expect(driver(2)).toBe("e1000e")
})

test("when the last that may end in time does not, all who wait are refused at once", () => {
  const { begin, pass, driver } = stageWith(never, never, 0, 0)
  const stuck = [begin(0), begin(1)]
  pass(9_500)
  const waiting = [begin(2), begin(3)]
  expect(waiting.map(({ answer }) => answer())).toEqual([undefined, undefined])
  pass(1_000)
  expect(stuck.map(({ answer }) => answer())).toEqual(["DriverStuck", "DriverStuck"])
  const refused = waiting.map(({ answer }) => answer())
  expect(refused).toEqual(refused.map(() => expect.stringMatching(/^2 other drivers hang: taking/)))
  expect([driver(2), driver(3)]).toEqual(["e1000e", "e1000e"])
})

test("a write whose asker has gone keeps its turn until it ends", () => {
  const { begin, pass } = stageWith(20_000, never, 0, 0)
  const first = begin(0)
  const second = begin(1)
  pass(1_000)
  first.interrupt()
  pass(11_000)
  expect(second.answer()).toBe("DriverStuck")
  const refused = begin(2)
  expect(refused.answer()).toMatch("2 other drivers hang")
  pass(9_000)
  const next = begin(3)
  pass(250)
  expect(next.answer()).toBe("done")
})
