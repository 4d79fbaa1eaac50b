/**
 * Goal: an engine that drives the simulated QEMU sees what it would see of a real one, and the
 * model could have said whatever a real QEMU says to the engine.
 * Method: the same stories are told by the real engine on this host and on a simulated one. What it
 * reports must be equal; every QMP conversation, of probes too, must be accepted.
 */
import { describe, expect, test } from "vitest"
import { accept } from "../../../src/testing/qemu/accept.ts"
import { tellReal, tellSimulated } from "./engines.ts"
import { keepTrace } from "./traces.ts"
import { stories } from "./stories.ts"

describe("the engine with the simulated QEMU and with the real one", () => {
  test.each(stories)("$name", async (story) => {
    const simulated = tellSimulated(story)
    const real = await tellReal(story)
    expect(simulated.told).toEqual(real.told)
    expect(real.recorder.guests.length).toBe(simulated.recorder.guests.length)
    for (const [world, { recorder }] of Object.entries({ real, simulated }))
      for (const trace of [...recorder.guests, ...recorder.probes])
        expect(accept(trace), `${world}, ${story.name}`).toMatchObject({ isAccepted: true })
    for (const [index, trace] of real.recorder.guests.entries())
      keepTrace(`${story.name} ${index + 1}`, trace)
  })
})
