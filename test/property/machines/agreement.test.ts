/**
 * Goal: what the chart says of a guest is what QEMU says, once all is heard: no event is lost in a
 * state that does not take it, no late one turns the chart against QEMU.
 * Method: a small model of QEMU carries out what the scripts send and emits what it would; events
 * keep their order, replies overtake them, and everything else interleaves at random. At rest both
 * are compared.
 */
import fc from "fast-check"
import { expect, test } from "vitest"
import type { GuestStatus } from "../../../machines/domain/context.ts"
import { anyBirth } from "./domain-cast.ts"
import { endings, playsOf } from "./plays.ts"
import { QemuWorld } from "./qemu-cast.ts"

const status = fc.constantFrom<GuestStatus>(
  "running",
  "paused",
  "suspended",
  "shutdown",
  "crashed",
  "prelaunch"
)

test("at rest the chart and QEMU agree on the state of the guest", () => {
  const met = new Map<string, number>()
  fc.assert(
    fc.property(anyBirth(false), status, playsOf(60), endings, (born, first, plays, ending) => {
      const world = new QemuWorld(born, first)
      world.rig.play(plays)
      world.rig.rest(ending)
      expect(world.rig.broken).toEqual([])
      expect([world.rig.name, world.qemu?.status, world.agrees]).toEqual([
        world.rig.name,
        world.qemu?.status,
        true
      ])
      const end = world.qemu?.status ?? "dead"
      met.set(end, (met.get(end) ?? 0) + 1)
    }),
    { numRuns: 2500 }
  )
  for (const end of ["dead", "running", "paused", "suspended", "shutdown", "crashed", "prelaunch"])
    expect(met.get(end) ?? 0, end).toBeGreaterThan(0)
})
