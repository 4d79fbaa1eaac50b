/**
 * Goal: the live dispatcher serves in order, off the caller's stack, gives the event loop room, and
 * outlives a delivery that throws. Method: an event loop of two lists in the place of Node's.
 */
import { expect, test } from "vitest"
import { liveDispatcher } from "../../../src/kernel/dispatcher.ts"
import { turnsPerBreath } from "../../../src/kernel/limits.ts"

const loop = () => {
  const microtasks: (() => void)[] = []
  const immediates: (() => void)[] = []
  const errors: unknown[] = []
  let breaths = 0
  const run = () => {
    for (;;) {
      const task = microtasks.shift() ?? immediates.shift()
      if (task === undefined) return
      try {
        task()
      } catch (error) {
        errors.push(error)
      }
    }
  }
  const dispatcher = liveDispatcher({
    microtask: (task) => void microtasks.push(task),
    breathe: (task) => {
      breaths++
      immediates.push(task)
    }
  })
  return { dispatcher, run, errors, microtasks, breaths: () => breaths }
}

test("deliveries come in order and never on the stack that schedules them", () => {
  const { dispatcher, run } = loop()
  const log: number[] = []
  dispatcher.schedule("one", () => {
    dispatcher.schedule("three", () => log.push(3))
    log.push(1)
  })
  dispatcher.schedule("two", () => log.push(2))
  expect(log).toEqual([])
  run()
  expect(log).toEqual([1, 2, 3])
})

test.each(["all at once", "each from the one before", "each from another microtask"])(
  "the event loop gets room at least every %s deliveries' bound",
  (how) => {
    const { dispatcher, run, breaths, microtasks } = loop()
    const count = 20 * turnsPerBreath
    let served = 0
    let sinceBreath = 0
    let breathsSeen = 0
    const serve = () => {
      served++
      if (breaths() > breathsSeen) sinceBreath = 0
      breathsSeen = breaths()
      expect(++sinceBreath).toBeLessThanOrEqual(turnsPerBreath + 1)
      if (how === "all at once" || served >= count) return
      if (how === "each from the one before") dispatcher.schedule("next", serve)
      else microtasks.push(() => dispatcher.schedule("next", serve))
    }
    const first = how === "all at once" ? count : 1
    for (let index = 0; index < first; index++) dispatcher.schedule("first", serve)
    run()
    expect(served).toBe(count)
    expect(breaths()).toBeGreaterThanOrEqual(19)
  }
)

test("a delivery that throws surfaces, and those after it are made all the same", () => {
  const { dispatcher, run, errors } = loop()
  const log: number[] = []
  for (let index = 0; index < 3000; index++)
    dispatcher.schedule("x", () => {
      if (index % 100 === 0) throw new Error(`${index}`)
      log.push(index)
    })
  run()
  expect(errors.length).toBe(30)
  expect(log.length).toBe(2970)
  expect(log).toEqual(log.toSorted((a, b) => a - b))
  dispatcher.schedule("later", () => log.push(-1))
  run()
  expect(log.at(-1)).toBe(-1)
})
