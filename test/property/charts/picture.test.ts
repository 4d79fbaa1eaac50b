/**
 * Goal: any machine is drawn without overlap, the same each time.
 * Method: random nested and parallel machines with arrows from any state to any other.
 */
import fc from "fast-check"
import { expect, test } from "vitest"
import { describe } from "../../../src/charts/describe.ts"
import { draw } from "../../../src/charts/draw.ts"
import { faults } from "../../../src/charts/overlap.ts"
import { svg } from "../../../src/charts/svg.ts"
import { anyMachine } from "../../unit/charts/sample.ts"

test("nothing overlaps, and the same machine gives the same bytes", async () => {
  await fc.assert(
    fc.asyncProperty(anyMachine, async (machine) => {
      const picture = await draw(describe(machine))
      expect(faults(picture)).toEqual([])
      expect(svg(await draw(describe(machine)))).toBe(svg(picture))
    }),
    { numRuns: 25 }
  )
})
