/**
 * Goal: pictures can be read: nothing lies on anything else, nothing is cut, whatever the machine.
 * Method: all machines of ours, and twenty as people write them, are drawn, and a checker looks for
 * boxes, labels and arrows that meet; the checker itself is shown pictures that are wrong.
 */
import { createMachine } from "xstate"
import { describe, expect, test } from "vitest"
import { machines } from "../../../machines/index.ts"
import { type Chart, statesWithin } from "../../../src/charts/chart.ts"
import { describe as chartOf } from "../../../src/charts/describe.ts"
import { draw } from "../../../src/charts/draw.ts"
import { faults } from "../../../src/charts/overlap.ts"
import type { Picture } from "../../../src/charts/picture.ts"
import { svg } from "../../../src/charts/svg.ts"
import { PictureTooLarge, png, scaleOf } from "../../../src/charts/png.ts"
import { printable, widthOf, wrap } from "../../../src/charts/text.ts"
import { fixtures } from "./fixtures.ts"

const all = { ...machines, ...fixtures }

const statesOf = (chart: Chart) => statesWithin(chart.root)

test("there are twenty machines of five to sixty states", () => {
  const sizes = Object.values(fixtures).map((machine) => statesOf(chartOf(machine)).length - 1)
  expect(sizes.filter((size) => size >= 5 && size <= 60).length).toBeGreaterThanOrEqual(20)
  expect(sizes.filter((size) => size > 18).length).toBeGreaterThanOrEqual(5)
})

describe("a picture", () => {
  test.each(Object.entries(all))("of %s has no overlaps", async (_, machine) => {
    expect(faults(await draw(chartOf(machine)))).toEqual([])
  })

  test.each(Object.entries(all))(
    "of %s has room between arrows at a border",
    async (_, machine) => {
      const { boxes, arrows } = await draw(chartOf(machine))
      const ends = arrows.flatMap(({ from, to, points }) =>
        [[from, points.at(0)] as const, [to, points.at(-1)] as const].flatMap(([id, point]) =>
          point === undefined ? [] : [{ id, ...point }]
        )
      )
      for (const box of boxes.filter(({ isOpen, type }) => !isOpen && type === "atomic"))
        for (const side of [box.y, box.y + box.height]) {
          const here = ends.filter(({ id, y }) => id === box.id && Math.abs(y - side) < 1)
          const places = here.map(({ x }) => x).toSorted((one, other) => one - other)
          // An arrow's head is 7 px wide.
          for (const [at, x] of places.slice(1).entries())
            expect(x - (places[at] ?? 0), box.id).toBeGreaterThan(8)
        }
    }
  )

  test("shows every state and every transition that leads somewhere", async () => {
    for (const machine of Object.values(all)) {
      const chart = chartOf(machine)
      const { boxes, arrows } = await draw(chart)
      const drawn = boxes.filter(({ type }) => type !== "start").map(({ id }) => id)
      expect(drawn).toEqual(statesOf(chart).map(({ id }) => id))
      const taken = arrows.flatMap((arrow) => arrow.taken.map(({ state, at }) => `${state}#${at}`))
      const leading = statesOf(chart).flatMap(({ id, transitions }) =>
        transitions.flatMap(({ targets }, at) => targets.map(() => `${id}#${at}`))
      )
      expect(taken.toSorted()).toEqual(leading.toSorted())
    }
  })

  test("begins at the top with the state that the machine begins with", async () => {
    const { boxes } = await draw(chartOf(fixtures["trafficLight"] ?? createMachine({})))
    const tops = ["green", "yellow", "red"].map((id) => boxes.find((box) => box.id === id)?.y ?? 0)
    expect(tops).toEqual(tops.toSorted((one, other) => one - other))
  })

  test("of a large chart closes boxes, and says which", async () => {
    const states = Object.fromEntries(
      Array.from({ length: 12 }, (_, group) => [
        `group${group}`,
        {
          initial: "a",
          on: { NEXT: `group${(group + 1) % 12}` },
          states: { a: { on: { GO: "b" } }, b: { on: { GO: "c", OUT: "#big.group0" } }, c: {} }
        }
      ])
    )
    const big = chartOf(createMachine({ id: "big", initial: "group0", states }))
    const picture = await draw(big, { statesMax: 30 })
    const shown = picture.boxes.filter(({ type }) => type !== "start")
    expect(shown.length).toBeLessThanOrEqual(30)
    expect(picture.notes.join()).toMatch(/^Closed for want of room: group/)
    expect(picture.boxes.some(({ hidden }) => hidden === 3)).toBe(true)
    expect(faults(picture)).toEqual([])
    const hidden = shown.reduce((sum, box) => sum + box.hidden, 0)
    expect(shown.length + hidden).toBe(statesOf(big).length)
  })
})

describe("the checker", () => {
  const wrong = async (change: (picture: Picture) => Picture): Promise<string> =>
    faults(change(await draw(chartOf(fixtures["fetching"] ?? createMachine({}))))).join("\n")

  const moveBox = (id: string, by: { x: number; y: number }) => (picture: Picture) => ({
    ...picture,
    boxes: picture.boxes.map((box) =>
      box.id === id ? { ...box, x: box.x + by.x, y: box.y + by.y } : box
    )
  })

  test("finds a box on another", async () => {
    const { boxes } = await draw(chartOf(fixtures["fetching"] ?? createMachine({})))
    const place = (id: string) => boxes.find((box) => box.id === id) ?? { x: 0, y: 0 }
    const [one, other] = [place("success"), place("failure")]
    const onto = moveBox("success", { x: other.x - one.x + 4, y: other.y - one.y })
    expect(await wrong(onto)).toMatch(/boxes '\w+' and '\w+' overlap/)
    expect(await wrong(onto)).toContain("does not reach from box to box")
  })

  test("finds a label on a label, on a box, and under a foreign arrow", async () => {
    const found = await wrong((picture) => {
      const { label } = picture.arrows.find(({ from }) => from === "idle") ?? {}
      const arrows = picture.arrows.map((arrow) =>
        arrow.label === undefined || label === undefined
          ? arrow
          : { ...arrow, label: { ...arrow.label, x: label.x, y: label.y } }
      )
      return { ...picture, arrows }
    })
    expect(found).toMatch(/labels of .* overlap/)
    expect(found).toMatch(/goes through the label of/)
    const box = await wrong((picture) => ({
      ...picture,
      arrows: picture.arrows.map((arrow, at) => {
        const state = picture.boxes.find(({ id }) => id === "loading")
        return at === 1 && arrow.label !== undefined && state !== undefined
          ? { ...arrow, label: { ...arrow.label, x: state.x, y: state.y } }
          : arrow
      })
    }))
    expect(box).toContain("lies on the box 'loading'")
  })

  test("finds an arrow through a box, on another arrow, and off the paper", async () => {
    const through = await wrong((picture) => {
      const box = picture.boxes.find(({ id }) => id === "loading") ?? { x: 0, y: 0 }
      const points = [
        { x: 0, y: box.y + 10 },
        { x: 900, y: box.y + 10 }
      ]
      return { ...picture, arrows: picture.arrows.map((arrow) => ({ ...arrow, points })) }
    })
    expect(through).toContain("goes through the box 'loading'")
    expect(through).toContain("lie on each other")
    expect(await wrong((picture) => ({ ...picture, width: 100 }))).toContain("outside of the paper")
  })

  test("finds a text that its box cuts, and a head under a box", async () => {
    const change = (picture: Picture): Picture => ({
      ...picture,
      boxes: picture.boxes.map((box) =>
        box.id === "idle" ? { ...box, text: { ...box.text, width: 400 } } : box
      )
    })
    expect(await wrong(change)).toContain("the text of 'idle' is wider than its box")
    expect(await wrong(moveBox("idle", { x: -1000, y: 0 }))).not.toBe("")
  })
})

const hostile = [
  "</text><script>alert(1)</script>",
  "a&b\"c'd<e>",
  "\u001b[31mred\u001b[0m\u0007\u0000",
  "\u202Eright\u202C to \u2066left",
  "x".repeat(10_000),
  "wide 状态 \u{1F600}",
  "\ud800 half",
  `z${"\u0301".repeat(5_000)}`,
  "]]>--><!--"
]

describe("hostile names", () => {
  const states = Object.fromEntries(
    hostile.map((name, at) => [
      name.replaceAll(".", ""),
      { on: { [`go ${name}`]: `#t${(at + 1) % hostile.length}` }, id: `t${at}`, tags: [name] }
    ])
  )
  const machine = createMachine({ id: hostile[0] ?? "", initial: hostile[0] ?? "", states })

  test("are drawn as text, without overlap, and nothing of them is markup", async () => {
    const picture = await draw(chartOf(machine))
    expect(faults(picture)).toEqual([])
    const text = svg(picture)
    expect(text).not.toMatch(/<script|\]\]>|<!--/)
    // oxlint-disable-next-line no-control-regex
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/)
    expect(text.isWellFormed()).toBe(true)
    expect(text.length).toBeLessThan(60_000)
  })

  test("are bounded when they are cut", () => {
    for (const name of hostile) {
      expect(printable(printable(name))).toBe(printable(name))
      expect([...printable(name, 50)].length).toBeLessThanOrEqual(50)
    }
    expect(printable("\u001b[1m")).toBe("\\u{1b}[1m")
  })

  test("are broken into lines that fit, and lose nothing by it", () => {
    const face = { size: 11, isBold: false }
    for (const name of hostile.map((one) => printable(one))) {
      const lines = wrap(name, face, 120)
      expect(lines.every(({ text }) => widthOf(text, face) <= 120)).toBe(true)
      expect(
        lines
          .map(({ text }) => text)
          .join("")
          .replaceAll(" ", "")
      ).toBe(name.replaceAll(" ", ""))
    }
  })
})

describe("a PNG", () => {
  const sized = async (width: number, height: number) => ({
    ...(await draw(chartOf(machines.config))),
    width,
    height
  })

  test("is drawn smaller where it is large, and refused where it would show nothing", async () => {
    expect(scaleOf(await sized(1000, 800))).toBe(2)
    expect(scaleOf(await sized(1000, 800), 5)).toBe(5)
    for (const [width, height] of [
      [9000, 7000],
      [17_000, 12_000]
    ] as const) {
      const scale = scaleOf(await sized(width, height))
      expect(width * height * scale ** 2).toBeCloseTo(50_000_000)
    }
    const huge = await sized(18_046, 19_000)
    expect(() => scaleOf(huge)).toThrow("is 18046 × 19000 px, too large for a PNG: make an SVG")
    await expect(png(huge)).rejects.toBeInstanceOf(PictureTooLarge)
  })
})

describe("an SVG", () => {
  test("has both themes by variables, and one theme by colours alone", async () => {
    const picture = await draw(chartOf(machines.driver))
    expect(svg(picture)).toMatch(/prefers-color-scheme:dark/)
    for (const theme of ["light", "dark"] as const) {
      expect(svg(picture, theme)).not.toMatch(/var\(|@media/)
    }
    expect(svg(picture, "light")).not.toBe(svg(picture, "dark"))
  })

  test("bears no link, no script and no id, so that many fit into a page", async () => {
    const text = svg(await draw(chartOf(machines.domain)))
    expect(text).not.toMatch(/ (href|src|id|on\w+)=|url\(|<script|@import/)
    expect(text.match(/<g class="state[^"]*" data-state=/g)).toHaveLength(
      statesOf(chartOf(machines.domain)).length
    )
  })
})
