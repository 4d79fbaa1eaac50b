/**
 * Goal: a chart of letters can be read as its picture can: nothing lies on anything else, lines end
 * at boxes, and hostile names do nothing to a terminal. Method: the cells of all our machines,
 * twenty as people write them and random ones go through the pictures' checker, and each arrow is
 * walked on the printed letters.
 */
import fc from "fast-check"
import { createMachine } from "xstate"
import { describe, expect, test } from "vitest"
import { machines } from "../../../machines/index.ts"
import { boxes, cellsOf } from "../../../src/charts/boxes.ts"
import { Axis } from "../../../src/charts/compact.ts"
import { describe as chartOf } from "../../../src/charts/describe.ts"
import { draw } from "../../../src/charts/draw.ts"
import { type Cells, type Grid, gridOf } from "../../../src/charts/grid.ts"
import { faults } from "../../../src/charts/overlap.ts"
import { highlighted, type Picture, type Rectangle } from "../../../src/charts/picture.ts"
import { columnsOf } from "../../../src/charts/text.ts"
import { fixtures } from "./fixtures.ts"
import { anyMachine } from "./sample.ts"

const all = Object.entries({ ...machines, ...fixtures })

/** A cell is so many px wide and high in the picture that is checked. */
const cell = 4

const filled = ({ left, top, right, bottom }: Cells): Rectangle => ({
  x: left * cell,
  y: top * cell,
  width: (right - left + 1) * cell,
  height: (bottom - top + 1) * cell
})

/** The line in the middle of the cells around it. */
const framed = ({ left, top, right, bottom }: Cells): Rectangle => ({
  x: left * cell + cell / 2,
  y: top * cell + cell / 2,
  width: (right - left) * cell,
  height: (bottom - top) * cell
})

/** A dot's arrow leaves from the middle of its lower side. */
const dotted = (cells: Cells): Rectangle => {
  const { x, y } = framed(cells)
  return { x: x - 1, y: y - 2, width: 2, height: 2 }
}

/** The cells as a picture of their own. */
const pictured = (grid: Grid, picture: Picture): Picture => ({
  ...picture,
  width: grid.width * cell,
  height: grid.height * cell,
  boxes: grid.boxes.map((placed) => ({
    ...placed.box,
    ...(placed.box.type === "start" ? dotted(placed) : framed(placed)),
    text: filled(placed.text)
  })),
  arrows: grid.arrows.map(({ arrow, points, label }) => ({
    ...arrow,
    points: points.map(({ x, y }) => ({ x: x * cell + cell / 2, y: y * cell + cell / 2 })),
    label: label === undefined ? undefined : filled(label)
  }))
})

/** What is printed in each column of each line; a wide letter is in its first. */
const printed = (text: string): readonly (readonly string[])[] =>
  text.split("\n").map((line) =>
    [...line].flatMap((letter) => {
      const columns = columnsOf(letter)
      return columns === 0 ? [] : columns === 2 ? [letter, ""] : [letter]
    })
  )

/** What may stand where an arrow begins, ends, points, and goes. */
const starts = /[●┬┴┤├╧╤╢┼]/
const ends = /[─═╌│║╎┤├╢┬┴╧╤┼]/
const tips = /[▲▼►◄]/
const ways = /[│─┌┐└┘├┤┬┴┼╧╤╪]/

/** Lines that are not as they should be where an arrow goes. */
function astray(grid: Grid, text: string): readonly string[] {
  const letters = printed(text)
  return grid.arrows.flatMap((placed) => {
    const { arrow, label } = placed
    const cells = cellsOf(placed)
    return cells.flatMap(({ x, y }, at) => {
      const isLabel =
        label !== undefined &&
        x >= label.left &&
        x <= label.right &&
        y >= label.top &&
        y <= label.bottom
      const shown = letters[y]?.[x] ?? ""
      const end = cells.length - 1
      const wanted = at === 0 ? starts : at === end ? ends : at === end - 1 ? tips : ways
      const isRight = isLabel || wanted.test(shown)
      return isRight ? [] : [`'${shown}' at ${at} of ${end} from '${arrow.from}' to '${arrow.to}'`]
    })
  })
}

async function wrongWith(picture: Picture): Promise<readonly string[]> {
  const grid = gridOf(picture)
  const text = boxes(picture)
  if (grid === undefined || text === undefined) return ["no letters show it"]
  const wide = text.split("\n").slice(0, grid.height)
  return [
    ...faults(pictured(grid, picture)),
    ...astray(grid, text),
    ...wide.filter((line) => columnsOf(line) > grid.width)
  ]
}

describe("a chart of letters", () => {
  test.each(all)("of %s has no overlaps, and its lines end at boxes", async (_, machine) => {
    expect(await wrongWith(await draw(chartOf(machine)))).toEqual([])
  })

  test("of any machine has none either, unless it says that there is none", async () => {
    let drawn = 0
    await fc.assert(
      fc.asyncProperty(anyMachine, async (machine) => {
        const picture = await draw(chartOf(machine))
        if (gridOf(picture) === undefined) return
        drawn += 1
        expect(await wrongWith(picture)).toEqual([])
      }),
      { numRuns: 40 }
    )
    expect(drawn).toBeGreaterThan(20)
  })

  test("is as wide as it must be, and none where it may not be so wide", async () => {
    const picture = await draw(chartOf(machines.config))
    const { width = 0 } = gridOf(picture) ?? {}
    expect(boxes(picture, { columns: width })).toBe(boxes(picture))
    expect(boxes(picture, { columns: width - 1 })).toBeUndefined()
  })

  test("reads as it should", async () => {
    const machine = createMachine({
      id: "door",
      initial: "closed",
      states: {
        closed: { on: { OPEN: { guard: "isUnlocked", target: "open" } } },
        open: { entry: "light", on: { CLOSE: "closed", BREAK: "gone" } },
        gone: { type: "final" }
      }
    })
    expect(boxes(await draw(chartOf(machine)))?.split("\n")).toMatchInlineSnapshot(`
      [
        "╭─────────────────────────╮",
        "│          door           │",
        "│            ●            │",
        "│            ▼            │",
        "│     ╭──────────╮        │",
        "│     │  closed  │        │",
        "│     ╰────┬─────╯        │",
        "│        ▲ └────┐         │",
        "│   ┌────┘      │         │",
        "│ CLOSE OPEN [isUnlocked] │",
        "│   └────┐ ┌────┘         │",
        "│        │ ▼              │",
        "│    ╭───┴───────────╮    │",
        "│    │     open      │    │",
        "│    │ entry / light │    │",
        "│    ╰───────┬───────╯    │",
        "│            │            │",
        "│          BREAK          │",
        "│            ▼            │",
        "│        ╔══════╗         │",
        "│        ║ gone ║         │",
        "│        ╚══════╝         │",
        "╰─────────────────────────╯",
        "",
      ]
    `)
  })

  test("has colours by meaning, and the same letters with them", async () => {
    const picture = highlighted(await draw(chartOf(machines.driver)), new Set(["running"]))
    const painted = boxes(picture, { paint: (look, text) => `<${look}>${text}</>` }) ?? ""
    expect(painted).toMatch(/<active>[^<]*running/)
    expect(painted).toMatch(/<name>[^<]*starting/)
    expect(painted.replace(/<\/?\w*>/g, "")).toBe(boxes(picture))
  })
})

const hostile = [
  "\u001b[2J\u001b]0;x\u0007",
  "\u202egnp.exe",
  "a\nb",
  "\u009b31m",
  "日本語".repeat(40),
  "z\u0301\u0302",
  "x".repeat(10_000)
]

test("hostile names are text, in as many columns as they have", async () => {
  const states = Object.fromEntries(
    hostile.map((name, at) => [
      name.replaceAll(".", ""),
      { id: `t${at}`, tags: [name], on: { [name]: `#t${(at + 1) % hostile.length}` } }
    ])
  )
  const machine = createMachine({ id: "h", states, initial: "a\nb" })
  const picture = await draw(chartOf(machine))
  expect(await wrongWith(picture)).toEqual([])
  const text = boxes(picture) ?? ""
  expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u)
  expect(text).toContain("\\u{1b}[2J")
})

describe("places on an axis", () => {
  test("are as close as is asked, in the middle of what is free", () => {
    const axis = new Axis()
    const [start, between, end] = [axis.place(0), axis.place(1), axis.place(2)]
    axis.apart(start, end, 10)
    axis.apart(start, between, 2)
    axis.apart(between, end, 2)
    expect(axis.places()).toEqual([0, 5, 10])
  })

  test("are none where what is asked contradicts itself", () => {
    const axis = new Axis()
    const [one, other] = [axis.place(0), axis.place(0)]
    axis.apart(one, other, 1)
    axis.apart(other, one, 1)
    expect(axis.places()).toBeUndefined()
  })

  test("have at least the distances that are asked for", () => {
    const asked = fc.tuple(fc.nat(9), fc.integer({ min: 1, max: 9 }), fc.nat(20))
    fc.assert(
      fc.property(fc.array(asked), (edges) => {
        const axis = new Axis()
        const all = Array.from({ length: 20 }, (_, at) => axis.place(at))
        for (const [from, steps, gap] of edges)
          axis.apart(all[from] ?? 0, all[from + steps] ?? 0, gap)
        const places = axis.places() ?? []
        for (const [from, steps, gap] of edges)
          expect((places[from + steps] ?? 0) - (places[from] ?? 0)).toBeGreaterThanOrEqual(gap)
      })
    )
  })
})
