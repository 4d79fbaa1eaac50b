/**
 * Goal: the simulated QEMU behaves as the real one, word for word.
 * Method: each scenario is played against both; what their clients heard, in order, which
 * connections ended and how the process ended must be equal. What a real QEMU leaves to chance is
 * taken out (times, threads, how often the firmware resets again), and both recordings are held
 * against the acceptor.
 */
import { describe, expect, test } from "vitest"
import { accept } from "../../../src/testing/qemu/accept.ts"
import { isInstalled } from "./real-qemu.ts"
import { onRealStage } from "./real-stage.ts"
import { scenarios } from "./scenarios.ts"
import { onSimulatedStage } from "./simulated-stage.ts"
import { play, type Seen } from "./stage.ts"

const comparable = ({ heard, ended, exit }: Seen) => ({ heard, ended, exit })

/** Where the real one leaves the order to chance: the same words in any order, each once. */
const unordered = ({ heard, ended, exit }: Seen) => ({
  heard: Object.entries(heard).map(([name, lines]) => [name, [...new Set(lines)].toSorted()]),
  ended,
  exit
})

test("this host has a QEMU to compare with", () => {
  expect(isInstalled, "install qemu-system-x86").toBe(true)
})

describe("the simulated QEMU as the real one", () => {
  test.each(scenarios)("$name", async (scenario) => {
    const simulated = await onSimulatedStage(scenario, (stage) => play(scenario, stage))
    expect(accept(simulated.trace)).toMatchObject({ isAccepted: true })
    const real = await onRealStage(scenario, (stage) => play(scenario, stage))
    expect(accept(real.trace)).toMatchObject({ isAccepted: true })
    const compared = scenario.varies === undefined ? comparable : unordered
    expect(compared(simulated)).toEqual(compared(real))
  })
})
