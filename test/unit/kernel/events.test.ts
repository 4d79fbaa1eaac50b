/**
 * Goal: a flood of facts stops its source, not the actor, and the source is called again.
 * Method: fill the events lane, look at what is refused, and when there is room.
 */
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import { eventsLengthMax } from "../../../src/kernel/limits.ts"
import { go, stage } from "./stage.ts"

const flooded = () => {
  const here = stage()
  const heard: string[] = []
  const a = here.actor("a", (state, { type }) => {
    heard.push(type)
    return go(state)
  })
  for (let index = 0; index < eventsLengthMax; index++)
    expect(a.offer({ type: `${index}` })).toBe(true)
  return { ...here, a, heard }
}

test("a full lane takes no more, and says once when half of it is free", () => {
  const { world, a, heard } = flooded()
  expect(a.offer({ type: "late" })).toBe(false)
  const heardAtRoom: number[] = []
  a.whenRoom(() => heardAtRoom.push(heard.length))
  world.drain()
  expect(heardAtRoom).toEqual([eventsLengthMax / 2])
  expect(heard).toEqual(Array.from({ length: eventsLengthMax }, (_, index) => `${index}`))
})

test("push takes a fact even then, keeps its order, and asks its source to stop", () => {
  const { world, a, heard } = flooded()
  expect(a.push({ type: "late" })).toBe(false)
  world.drain()
  expect(heard.at(-1)).toBe("late")
  expect(a.push({ type: "more" })).toBe(true)
})

test("a source that asks for room when there is some is called, though no turn comes", () => {
  const { world, a } = flooded()
  world.drain()
  let calls = 0
  a.whenRoom(() => void calls++)
  expect(calls).toBe(0)
  world.drain()
  expect(calls).toBe(1)
})

test.each(["crash", "stop"])("a %s gives room: no source waits for ever", (how) => {
  const { world, actor } = stage()
  const a = actor("a", () => {
    throw new Error("bang")
  })
  for (let index = 0; index < eventsLengthMax; index++) a.offer({ type: "x" })
  let calls = 0
  a.whenRoom(() => void calls++)
  if (how === "stop") world.run(a.stop())
  world.drain()
  expect(calls).toBe(1)
  a.whenRoom(() => void calls++)
  world.drain()
  expect(calls).toBe(2)
})

test("a source that offers more from its call-back, or ends the actor there, harms no turn", () => {
  const { world, a, heard } = flooded()
  a.whenRoom(() => {
    a.offer({ type: "again" })
    a.whenRoom(() => void world.fork(a.stop()))
  })
  world.drain()
  expect(heard.length).toBeLessThanOrEqual(eventsLengthMax + 1)
  expect(a.isIdle).toBe(true)
  expect(a.describe()).toBe("stopped")
})

test("a script may offer to its own actor and wait for room", () => {
  const { world, actor } = stage()
  let heard = 0
  const a = actor(
    "a",
    (state, { type }) => {
      if (type === "tick") heard++
      return go(state)
    },
    {
      initial: go("idle", { type: "source" }),
      scripts: {
        source: (_: never, self) =>
          Effect.gen(function* () {
            for (let left = 5000; left > 0; ) {
              if (self.offer({ type: "tick" })) left--
              else
                yield* Effect.callback<void>((resume) => self.whenRoom(() => resume(Effect.void)))
            }
          })
      }
    }
  )
  world.drain()
  expect(heard).toBe(5000)
  expect(a.isIdle).toBe(true)
})
