/**
 * Makes room in a layout that is there: places move apart, in the order in which they lie, until
 * each thing has what it needs. Nothing changes sides, no two things come closer, and lines stay
 * upright or level, so that what did not overlap does not. Costs no search: a layout that was made
 * for a chart serves the same chart with counts beside its texts. Pure.
 */
import { type Geometry, headX, textWidth } from "./picture.ts"
import { boxesWithin, type Scene, type SceneArrow, type SceneBox } from "./scene.ts"

/** From one place to another, on one axis, there must be as much as `size`. */
export interface Need {
  readonly from: number
  readonly to: number
  readonly size: number
}

export interface Needs {
  readonly x: readonly Need[]
  readonly y: readonly Need[]
}

/** Where a place has come to. */
type Move = (at: number) => number

const tenth = (value: number): number => Math.round(value * 10) / 10

/** Places nearer than this are one: coordinates are rounded, and what touches stays together. */
const near = 0.15

/** The least that gives every need its size. Each place that is named is moved. */
function movesOf(places: readonly number[], needs: readonly Need[]): Move {
  const named = [...places, ...needs.flatMap(({ from, to }) => [from, to])].map(tenth)
  const firsts = new Map<number, number>()
  let first = Number.NEGATIVE_INFINITY
  for (const at of [...new Set(named)].toSorted((one, other) => one - other)) {
    if (at - first > near) first = at
    firsts.set(at, first)
  }
  const ends = Map.groupBy(needs, ({ to }) => firsts.get(tenth(to)))
  const moved = new Map<number, number>()
  let [before, place] = [0, 0]
  for (const [at, start] of firsts) {
    const asked = at === start ? (ends.get(at) ?? []) : []
    const enough = asked.map(({ from, size }) => (moved.get(tenth(from)) ?? 0) + size)
    place = tenth(Math.max(place + at - before, ...enough))
    before = at
    moved.set(at, place)
  }
  return (at) => moved.get(tenth(at)) ?? at
}

const evens = (numbers: readonly number[]) => numbers.filter((_, at) => at % 2 === 0)
const odds = (numbers: readonly number[]) => numbers.filter((_, at) => at % 2 === 1)

/** An arrow as it was laid out, and as it is to be. */
type ArrowPair = readonly [SceneArrow, SceneArrow]

interface Moved {
  readonly geometry: Geometry
  readonly x: Move
  readonly y: Move
}

function moved({ arrows: all }: Scene, geometry: Geometry, needs: Needs): Moved {
  const { width, height, boxes, arrows, labels } = geometry
  const corners = boxes.map(([x = 0, y = 0, w = 0, h = 0]) => [x, y, x + w, y + h])
  const spans = labels.flatMap(([x, y], at) => {
    const { width: w = 0, height: h = 0 } = all[at] ?? {}
    return x === undefined || y === undefined ? [] : [[x, y, x + w / 2, y + h, x + w, y]]
  })
  const places = [[width, height], ...corners, ...arrows, ...spans]
  const x = movesOf(places.flatMap(evens), needs.x)
  const y = movesOf(places.flatMap(odds), needs.y)
  const pairs = (numbers: readonly number[]) =>
    numbers.map((value, at) => (at % 2 === 0 ? x(value) : y(value)))
  return {
    geometry: {
      width: x(width),
      height: y(height),
      boxes: corners.map((corner) => {
        const [left = 0, top = 0, right = 0, bottom = 0] = pairs(corner)
        return [left, top, tenth(right - left), tenth(bottom - top)]
      }),
      arrows: arrows.map(pairs),
      labels: []
    },
    x,
    y
  }
}

/** The upright part of an arrow that is nearest to its label. */
function columnAt(corner: readonly number[], size: SceneArrow, arrow: readonly number[]): number {
  const [left = 0, top = 0] = corner
  const [columns, heights] = [evens(arrow), odds(arrow)]
  const middle = left + size.width / 2
  const beside = columns.filter((column, at) => {
    const [one = 0, other = 0] = heights.slice(at, at + 2)
    const isUpright = Math.abs((columns[at + 1] ?? Number.NaN) - column) < near
    return isUpright && Math.min(one, other) <= top + size.height && Math.max(one, other) >= top
  })
  const far = (column: number) => Math.abs(column - middle)
  return beside.toSorted((one, other) => far(one) - far(other))[0] ?? middle
}

/**
 * The upper left corners of labels of a new size: in the middle of the arrow that a label stands
 * on; a label beside its arrow stays as near to it.
 */
const relabelled = (pairs: readonly ArrowPair[], before: Geometry, { x, y }: Moved) =>
  pairs.map(([old, arrow], at) => {
    const [left, top] = before.labels[at] ?? []
    if (left === undefined || top === undefined) return []
    const column = columnAt([left, top], old, before.arrows[at] ?? [])
    const right = left + old.width
    const middle = x(left + old.width / 2) - arrow.width / 2
    const edge = right <= column ? right - arrow.width : left
    const nearby = x(column) - column + edge
    const isOn = left < column && column < right
    const free = y(top + old.height) - y(top) - arrow.height
    return [isOn ? middle : nearby, y(top) + free / 2].map(tenth)
  })

/**
 * The layout with each dot as it was, above its arrow. Undefined where a sign of history would have
 * to be larger, or lose the arrows that end anywhere on it.
 */
function rounded({ root, arrows }: Scene, geometry: Geometry): Geometry | undefined {
  const isBent = ({ type, width, height }: SceneBox, [, , w, h]: readonly number[] = []) =>
    type === "history" && (w !== width || h !== height)
  const all = boxesWithin(root)
  if (all.some((box, at) => isBent(box, geometry.boxes[at]))) return undefined
  const starts = new Map(arrows.map(({ from }, at) => [from, geometry.arrows[at] ?? []]))
  const boxes = geometry.boxes.map((place, at) => {
    const { id, type, width, height } = all[at] ?? root
    const [x, y] = type === "start" ? (starts.get(id) ?? []) : []
    if (x === undefined || y === undefined) return place
    return [tenth(x - width / 2), tenth(y - height), width, height]
  })
  return { ...geometry, boxes }
}

/** The scene's layout with the room that is asked for; undefined as above. */
export function withRoom(scene: Scene, geometry: Geometry, needs: Needs): Geometry | undefined {
  const roomy = moved(scene, geometry, needs)
  const arrows = scene.arrows.map((arrow) => [arrow, arrow] as const)
  return rounded(scene, { ...roomy.geometry, labels: relabelled(arrows, geometry, roomy) })
}

/** Whether one scene has what the other has: the same boxes, arrows and labels, in other words. */
function isAlike(one: Scene, other: Scene): boolean {
  const shape = ({ root, arrows }: Scene) => [
    boxesWithin(root).map(({ id, type, boxes }) => [id, type, boxes.length]),
    arrows.map(({ from, to, height }) => [from, to, height > 0])
  ]
  return JSON.stringify(shape(one)) === JSON.stringify(shape(other))
}

/** What a box needs, where it lies in the layout that was made for the other. */
function boxNeeds([was, box]: readonly [SceneBox, SceneBox], at: number, found: Geometry): Needs {
  const [x = 0, y = 0, width = 0, height = 0] = found.boxes[at] ?? []
  const right = x + width
  if (box.type === "start" || box.type === "history") return { x: [], y: [] }
  const isOpen = box.boxes.length > 0
  const wide = { from: x, to: right, size: box.width }
  // Arrows may run along a head's lower edge, a rounding within it.
  const [bottom, down] = isOpen ? [y + was.height - 1, box.height - 1] : [y + height, box.height]
  const tall = { from: y, to: bottom, size: down }
  const head = isOpen ? headX(was, { x, y, width, height }, found) : undefined
  if (head === undefined) return { x: [wide], y: [tall] }
  return { x: [wide, { from: head, to: head + textWidth(was), size: textWidth(box) }], y: [tall] }
}

/** What a label needs on each side of its arrow, which goes through its middle. */
function labelNeeds(was: SceneArrow, arrow: SceneArrow, [x = 0, y = 0]: readonly number[]): Needs {
  const middle = x + was.width / 2
  const half = Math.max(was.width, arrow.width) / 2
  const right = { from: middle, to: x + was.width, size: half }
  const down = { from: y, to: y + was.height, size: arrow.height }
  return { x: [{ from: x, to: middle, size: half }, right], y: [down] }
}

/** A scene, and another with other texts, box by box and arrow by arrow. */
const together = (was: Scene, scene: Scene) => {
  const boxes = boxesWithin(scene.root)
  return {
    boxes: boxesWithin(was.root).map((old, at) => [old, boxes[at] ?? old] as const),
    arrows: was.arrows.map((old, at) => [old, scene.arrows[at] ?? old] as const)
  }
}

/**
 * The layout of a scene, from that of another that differs in its texts alone: each box and label
 * is made as large as its new text. Undefined where they differ in more, or room cannot be had.
 */
export function fitted(was: Scene, scene: Scene, geometry: Geometry): Geometry | undefined {
  if (!isAlike(was, scene)) return undefined
  const { boxes, arrows } = together(was, scene)
  const all = [
    ...boxes.map((pair, at) => boxNeeds(pair, at, geometry)),
    ...arrows.flatMap(([old, arrow], at) => {
      const label = geometry.labels[at] ?? []
      return label.length === 0 ? [] : [labelNeeds(old, arrow, label)]
    })
  ]
  const needs = { x: all.flatMap(({ x }) => x), y: all.flatMap(({ y }) => y) }
  const roomy = moved(was, geometry, needs)
  return rounded(scene, { ...roomy.geometry, labels: relabelled(arrows, geometry, roomy) })
}
