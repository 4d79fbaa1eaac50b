/**
 * What takes room in the cells of a terminal, before anything has a cell: texts, the upright parts
 * of arrows, and the rule that keeps things in their order. Pure.
 */
import type { Axis } from "./compact.ts"
import type { PictureArrow, PictureBox, Point, Rectangle } from "./picture.ts"
import { columnsOf, type Line } from "./text.ts"

/** A line of a text as it is printed: one that goes on is set in. */
export const printedLine = ({ text, isMore }: Line): string => (isMore ? `  ${text}` : text)

const widest = (lines: readonly Line[]): number =>
  Math.max(0, ...lines.map((line) => columnsOf(printedLine(line))))

export interface Span {
  readonly from: number
  readonly to: number
}

/** Something that takes room on an axis, around a place of its own or of what it belongs to. */
export interface Thing {
  readonly place: number
  readonly before: number
  readonly after: number
  /** Where it was on this axis, and on the other one. */
  readonly along: Span
  readonly across: Span
}

/** Coordinates are rounded; what ends at a border touches it. */
export const touch = 1.6
const slack = 0.6

export const meets = (one: Span, other: Span, by: number): boolean =>
  one.from - by <= other.to && other.from - by <= one.to

const middle = ({ from, to }: Span): number => (from + to) / 2

/** Keeps all pairs that are beside each other in their order, with `gap` steps between them. */
export function keepOrder(
  axis: Axis,
  things: readonly Thing[],
  [reach, gap]: readonly [number, number]
) {
  const sorted = things.toSorted((one, other) => middle(one.along) - middle(other.along))
  for (const [at, one] of sorted.entries())
    for (const other of sorted.slice(at + 1)) {
      if (one.place === other.place || !meets(one.across, other.across, reach)) continue
      if (one.along.to > other.along.from + slack) continue
      axis.apart(one.place, other.place, one.after + other.before + gap)
    }
}

export const spanX = ({ x, width }: Rectangle): Span => ({ from: x, to: x + width })
export const spanY = ({ y, height }: Rectangle): Span => ({ from: y, to: y + height })
export const at = (value: number): Span => ({ from: value, to: value })
export const between = (one: number, other: number): Span => ({
  from: Math.min(one, other),
  to: Math.max(one, other)
})

/** An arrow's corners without those that are none; undefined when it does not begin upright. */
function cornersOf({ points }: PictureArrow): readonly Point[] | undefined {
  const near = (one: number, other: number) => Math.abs(one - other) < 0.3
  const kept: Point[] = []
  for (const point of points) {
    const [before, last] = [kept.at(-2), kept.at(-1)]
    if (last !== undefined && near(last.x, point.x) && near(last.y, point.y)) continue
    const isStraight =
      before !== undefined &&
      last !== undefined &&
      ((near(before.x, last.x) && near(last.x, point.x)) ||
        (near(before.y, last.y) && near(last.y, point.y)))
    if (isStraight) kept.pop()
    kept.push(point)
  }
  const isUpright = kept.every((point, index) => {
    const next = kept[index + 1] ?? point
    return (
      index === kept.length - 1 || near(index % 2 === 0 ? point.x - next.x : point.y - next.y, 0)
    )
  })
  return isUpright && kept.length >= 2 && kept.length % 2 === 0 ? kept : undefined
}

/** An upright part of an arrow. */
export interface Upright {
  readonly x: number
  readonly from: number
  readonly to: number
}

const uprightsOf = (corners: readonly Point[]): readonly Upright[] =>
  corners.flatMap((point, index) => {
    const next = corners[index + 1]
    return index % 2 === 1 || next === undefined ? [] : [{ x: point.x, from: point.y, to: next.y }]
  })

/** An arrow on its way into the cells. */
export interface Way {
  readonly arrow: PictureArrow
  readonly uprights: readonly Upright[]
  /** Which of them its label stands on. */
  readonly host: number
  /** From a box's left side to the same side; its label is on the left. */
  readonly isLoop: boolean
  readonly columns: number
}

/** A way from a box's left side to the same side, if it is one. */
function loopOf(arrow: PictureArrow): Way | undefined {
  const [start, one, other, end] = arrow.points
  if (start === undefined || one === undefined || other === undefined || end === undefined) return
  const { label } = arrow
  const isLeft = arrow.from === arrow.to && one.x < start.x && arrow.points.length === 4
  const isUpright = Math.abs(one.x - other.x) < slack && one.y < other.y
  if (!isLeft || !isUpright || (label !== undefined && label.x + label.width > one.x)) return
  const uprights = [{ x: one.x, from: one.y, to: other.y }]
  return { arrow, uprights, host: -1, isLoop: true, columns: widest(arrow.lines) }
}

export function wayOf(arrow: PictureArrow): Way | undefined {
  const corners = cornersOf(arrow)
  if (corners === undefined) return loopOf(arrow)
  const uprights = uprightsOf(corners)
  const { label } = arrow
  const host = uprights.findIndex(
    ({ x, from, to }) =>
      label !== undefined &&
      meets(at(x), spanX(label), 0) &&
      meets(between(from, to), at(label.y + label.height / 2), 0)
  )
  if (label !== undefined && host < 0) return undefined
  return { arrow, uprights, host, isLoop: false, columns: widest(arrow.lines) }
}

export const textWidthOf = ({ title, lines }: PictureBox): number =>
  Math.max(widest(title), widest(lines))

export const textHeightOf = ({ title, lines }: PictureBox): number => title.length + lines.length

/** A blank and a border on each side of a text. */
export const framed = 3

/** Cells from the place of a label's arrow to the label's left end. */
export const leftOf = (columns: number): number => Math.floor((columns - 1) / 2)
