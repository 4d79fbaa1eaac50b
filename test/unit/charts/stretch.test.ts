/**
 * Goal: a chart with longer texts is drawn in the layout of the chart without them, and can be read
 * as well: nothing changes sides, nothing overlaps. Method: all machines of ours, twenty as people
 * write them and random ones get counts of any length; needs of any kind are asked of a layout.
 */
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { machines } from "../../../machines/index.ts"
import { type Chart, statesWithin } from "../../../src/charts/chart.ts"
import { describe as chartOf } from "../../../src/charts/describe.ts"
import { diff } from "../../../src/charts/diff.ts"
import { draw } from "../../../src/charts/draw.ts"
import { layOut } from "../../../src/charts/elk.ts"
import { hitMarks } from "../../../src/charts/hits.ts"
import type { Marks } from "../../../src/charts/marks.ts"
import { faults } from "../../../src/charts/overlap.ts"
import { type Geometry, pictureOf } from "../../../src/charts/picture.ts"
import { keyed, type Scene, type SceneBox, sceneOf } from "../../../src/charts/scene.ts"
import { fitted, withRoom } from "../../../src/charts/stretch.ts"
import { fixtures } from "./fixtures.ts"
import { anyMachine } from "./sample.ts"

const all = { ...machines, ...fixtures }

/** Counts from 0 up to `length` digits, one after the other. */
function counted(chart: Chart, length: number): Marks {
  let next = 0
  const count = () => {
    next += 1
    return next % 4 === 0 ? 0 : 10 ** (next % (length + 1))
  }
  const states = statesWithin(chart.root)
  return hitMarks(chart, {
    states: new Map(states.map(({ id }) => [id, count()])),
    transitions: new Map(states.flatMap(keyed).map(({ key }) => [key, count()]))
  })
}

const hasHistory = (chart: Chart) => statesWithin(chart.root).some(({ type }) => type === "history")

/** What is wrong with the chart's picture once it has counts; the plain one's layout is kept. */
async function wrongWith(chart: Chart, length: number): Promise<readonly string[]> {
  const plain = sceneOf(chart)
  const scene = sceneOf(chart, undefined, counted(chart, length))
  const geometry = fitted(plain, scene, await layOut(plain))
  if (geometry === undefined) return hasHistory(chart) ? [] : ["the layout is not kept"]
  return faults(pictureOf(scene, geometry))
}

describe("a layout with counts", () => {
  test.each(Object.entries(all))("of %s has no overlaps", async (_, machine) => {
    expect(await wrongWith(chartOf(machine), 1)).toEqual([])
    expect(await wrongWith(chartOf(machine), 12)).toEqual([])
  })

  test("of any machine has no overlaps", async () => {
    await fc.assert(
      fc.asyncProperty(anyMachine, fc.nat(20), async (machine, length) => {
        expect(await wrongWith(chartOf(machine), length)).toEqual([])
      }),
      { numRuns: 25 }
    )
  })

  test("of a machine of ours is the one made beforehand: arrows turn the same way", async () => {
    for (const machine of Object.values(machines)) {
      const chart = chartOf(machine)
      const [plain, marked] = [await draw(chart), await draw(chart, { marks: counted(chart, 3) })]
      const turns = ({ arrows }: typeof plain) =>
        arrows.map(({ points }) =>
          points.slice(1).map(({ x, y }, at) => {
            const before = points[at] ?? { x, y }
            return [Math.sign(x - before.x), Math.sign(y - before.y)]
          })
        )
      expect(turns(marked)).toEqual(turns(plain))
      expect(faults(marked)).toEqual([])
    }
  })
})

test("a chart with more boxes or arrows gets no other's layout", async () => {
  const chart = chartOf(machines.config)
  const scene = sceneOf(chart)
  const geometry = await layOut(scene)
  expect(fitted(scene, sceneOf(chartOf(machines.driver)), geometry)).toBeUndefined()
  const merged = diff(chart, chartOf(machines.driver))
  expect(fitted(scene, sceneOf(merged.chart), geometry)).toBeUndefined()
  expect(fitted(scene, scene, geometry)).toEqual(geometry)
})

const box = (id: string, boxes: readonly SceneBox[] = []): SceneBox => ({
  id,
  type: "atomic",
  isRegion: false,
  title: [],
  lines: [],
  width: 10,
  height: 10,
  hidden: 0,
  boxes
})
const arrow = { from: "a", to: "b", lines: [], width: 0, height: 0, taken: [] }
const inRow: Scene = {
  id: "row",
  root: box("row", [box("a"), box("b")]),
  arrows: [arrow],
  notes: []
}

const row: Geometry = {
  width: 100,
  height: 40,
  boxes: [
    [0, 0, 100, 40],
    [10, 10, 20, 10],
    [60, 10, 20, 10]
  ],
  arrows: [[20, 20, 20, 30, 70, 30, 70, 20]],
  labels: [[]]
}

test("room is made where it is asked for, and nowhere else", () => {
  const needs = { x: [{ from: 10, to: 30, size: 45 }], y: [] }
  expect(withRoom(inRow, row, needs)).toEqual({
    ...row,
    width: 125,
    boxes: [
      [0, 0, 125, 40],
      [10, 10, 45, 10],
      [85, 10, 20, 10]
    ],
    arrows: [[20, 20, 20, 30, 95, 30, 95, 20]]
  })
  expect(withRoom(inRow, row, { x: [{ from: 10, to: 30, size: 5 }], y: [] })).toEqual(row)
})

test("whatever is asked for, each need has its size, and no two places come closer", () => {
  const place = fc.integer({ min: 0, max: 30 })
  const need = fc
    .tuple(place, fc.integer({ min: 1, max: 9 }), fc.nat(60))
    .map(([from, length, size]) => ({ from, to: from + length, size }))
  fc.assert(
    fc.property(fc.array(need), fc.array(place), (x, places) => {
      const corners = places.flatMap((at) => [at, 0])
      const asked = { ...row, arrows: [corners, ...x.map(({ from, to }) => [from, 0, to, 0])] }
      const found = withRoom(inRow, asked, { x, y: [] })
      for (const [at, { size }] of x.entries()) {
        const [from = 0, , to = 0] = found?.arrows[at + 1] ?? []
        expect(to - from).toBeGreaterThanOrEqual(size)
      }
      const moved = (found?.arrows[0] ?? []).filter((_, at) => at % 2 === 0)
      for (const [at, one] of moved.entries())
        for (const [beside, other] of moved.entries()) {
          const apart = (places[beside] ?? 0) - (places[at] ?? 0)
          if (apart >= 0) expect(other - one).toBeGreaterThanOrEqual(apart)
        }
    })
  )
})
