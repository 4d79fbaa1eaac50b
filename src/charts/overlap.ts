/**
 * What is wrong with a picture, as sentences: boxes and labels that overlap, labels away from their
 * arrows, arrows through texts or through boxes that are none of theirs, arrows on top of each
 * other, things outside of the paper. Arrows may cross at a point: not every chart can be drawn
 * without. Pure.
 */
import type { Picture, PictureArrow, PictureBox, Point, Rectangle } from "./picture.ts"

/** Touching is no overlap: borders are a line wide and coordinates are rounded. */
const slack = 0.6

/** Arrows that share more than this of their way are one on top of the other, in px. */
const sharedMax = 3

/** A label stands on its arrow; beside an arrow from a box to itself. */
const labelGap = 8

const grown = ({ x, y, width, height }: Rectangle, by: number): Rectangle => ({
  x: x - by,
  y: y - by,
  width: width + 2 * by,
  height: height + 2 * by
})

const overlaps = (one: Rectangle, other: Rectangle): boolean =>
  one.x + one.width > other.x + slack &&
  other.x + other.width > one.x + slack &&
  one.y + one.height > other.y + slack &&
  other.y + other.height > one.y + slack

const holds = (outer: Rectangle, inner: Rectangle): boolean =>
  inner.x >= outer.x - slack &&
  inner.y >= outer.y - slack &&
  inner.x + inner.width <= outer.x + outer.width + slack &&
  inner.y + inner.height <= outer.y + outer.height + slack

interface Segment {
  readonly from: Point
  readonly to: Point
}

const segmentsOf = ({ points }: PictureArrow): readonly Segment[] =>
  points.slice(1).flatMap((to, at) => {
    const from = points[at]
    return from === undefined ? [] : [{ from, to }]
  })

const areaOf = ({ from, to }: Segment): Rectangle => ({
  x: Math.min(from.x, to.x),
  y: Math.min(from.y, to.y),
  width: Math.abs(from.x - to.x),
  height: Math.abs(from.y - to.y)
})

/** Segments are upright or level, so that they lie in a rectangle as their own area does. */
function isThrough(segment: Segment, { x, y, width, height }: Rectangle): boolean {
  const area = areaOf(segment)
  return (
    area.x + area.width > x + slack &&
    area.x < x + width - slack &&
    area.y + area.height > y + slack &&
    area.y < y + height - slack
  )
}

/** How long two segments lie on each other. */
function shared(one: Segment, other: Segment): number {
  const [a, b] = [areaOf(one), areaOf(other)]
  const along = (start: "x" | "y", size: "width" | "height"): number =>
    Math.min(a[start] + a[size], b[start] + b[size]) - Math.max(a[start], b[start])
  const isLevel = a.height < slack && b.height < slack && Math.abs(a.y - b.y) < slack
  const isUpright = a.width < slack && b.width < slack && Math.abs(a.x - b.x) < slack
  if (isLevel && !isUpright) return along("x", "width")
  return isUpright && !isLevel ? along("y", "height") : 0
}

const nameOf = ({ from, to }: PictureArrow): string => `the arrow from '${from}' to '${to}'`

function pairs<A>(all: readonly A[]): readonly (readonly [A, A])[] {
  return all.flatMap((one, at) => all.slice(at + 1).map((other) => [one, other] as const))
}

/** Boxes one within the other are listed parents first, and differ in depth. */
const isWithin = (outer: PictureBox, inner: PictureBox): boolean =>
  outer.isOpen && outer.depth < inner.depth && holds(outer, inner)

function boxFaults({ boxes }: Picture): readonly string[] {
  const crossed = pairs(boxes)
    .filter(([one, other]) => overlaps(one, other))
    .filter(([one, other]) => !isWithin(one, other) && !isWithin(other, one))
    .map(([one, other]) => `the boxes '${one.id}' and '${other.id}' overlap`)
  const heads = boxes.flatMap((head) =>
    boxes
      .filter((box) => head.isOpen && box !== head && box.depth > head.depth)
      .filter((box) => overlaps(head.text, box))
      .map((box) => `the head of '${head.id}' is covered by '${box.id}'`)
  )
  const cut = boxes
    .filter((box) => box.title.length > 0 && !holds(box, box.text))
    .map(({ id }) => `the text of '${id}' is wider than its box`)
  return [...crossed, ...heads, ...cut]
}

function labelFaults({ boxes, arrows }: Picture): readonly string[] {
  const labelled = arrows.flatMap((arrow) =>
    arrow.label === undefined ? [] : [{ arrow, label: arrow.label }]
  )
  const between = pairs(labelled)
    .filter(([one, other]) => overlaps(one.label, other.label))
    .map(([one, other]) => `the labels of ${nameOf(one.arrow)} and ${nameOf(other.arrow)} overlap`)
  const onBoxes = labelled.flatMap(({ arrow, label }) =>
    boxes
      .filter((box) => overlaps(box, label))
      .filter((box) => !box.isOpen || !holds(box, label) || overlaps(box.text, label))
      .map((box) => `the label of ${nameOf(arrow)} lies on the box '${box.id}'`)
  )
  const onArrows = labelled.flatMap(({ arrow, label }) =>
    arrows
      .filter((other) => other !== arrow)
      .filter((other) => segmentsOf(other).some((segment) => isThrough(segment, label)))
      .map((other) => `${nameOf(other)} goes through the label of ${nameOf(arrow)}`)
  )
  const lost = labelled.flatMap(({ arrow, label }) => {
    const isNear = segmentsOf(arrow).some((segment) => isThrough(segment, grown(label, labelGap)))
    return isNear ? [] : [`the label of ${nameOf(arrow)} is away from it`]
  })
  return [...between, ...onBoxes, ...onArrows, ...lost]
}

function arrowFaults({ boxes, arrows }: Picture): readonly string[] {
  const through = arrows.flatMap((arrow) =>
    boxes
      .filter((box) =>
        segmentsOf(arrow).some((segment) => isThrough(segment, box.isOpen ? box.text : box))
      )
      .map((box) => `${nameOf(arrow)} goes through the box '${box.id}'`)
  )
  const alike = pairs(arrows)
    .filter(([one, other]) =>
      segmentsOf(one).some((a) => segmentsOf(other).some((b) => shared(a, b) > sharedMax))
    )
    .map(([one, other]) => `${nameOf(one)} and ${nameOf(other)} lie on each other`)
  const missing = arrows
    .filter(({ points }) => points.length < 2)
    .map((arrow) => `${nameOf(arrow)} has no way`)
  return [...through, ...alike, ...missing]
}

function loose(picture: Picture): readonly string[] {
  const { boxes, arrows, width, height } = picture
  const paper: Rectangle = { x: 0, y: 0, width, height }
  const ends = arrows.flatMap((arrow) => {
    const [from, to] = [arrow.from, arrow.to].map((id) => boxes.find((box) => box.id === id))
    const [start, end] = [arrow.points[0], arrow.points.at(-1)]
    const isFast = touches(from, start) && touches(to, end)
    return isFast ? [] : [`${nameOf(arrow)} does not reach from box to box`]
  })
  const labels = arrows.flatMap(({ label }) => (label === undefined ? [] : [label]))
  const points = arrows.flatMap(({ points: all }) => all)
  const outside = [
    ...boxes,
    ...labels,
    ...points.map((point) => ({ ...point, width: 0, height: 0 }))
  ].filter((one) => !holds(paper, one))
  return [...ends, ...outside.map(({ x, y }) => `something at ${x}, ${y} is outside of the paper`)]
}

/** Whether the point lies on the border of the box. */
function touches(box: Rectangle | undefined, point: Point | undefined): boolean {
  if (box === undefined || point === undefined) return false
  const near = (one: number, other: number) => Math.abs(one - other) <= 1.5
  const isBeside = near(point.x, box.x) || near(point.x, box.x + box.width)
  const isAbove = near(point.y, box.y) || near(point.y, box.y + box.height)
  const area = { x: box.x - 1.5, y: box.y - 1.5, width: box.width + 3, height: box.height + 3 }
  return (isBeside || isAbove) && holds(area, { ...point, width: 0, height: 0 })
}

/** Everything that is wrong; nothing for a picture that can be read. */
export const faults = (picture: Picture): readonly string[] => [
  ...boxFaults(picture),
  ...labelFaults(picture),
  ...arrowFaults(picture),
  ...loose(picture)
]
