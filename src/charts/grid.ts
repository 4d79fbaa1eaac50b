/**
 * A picture in the cells of a terminal: the same boxes, arrows and labels, in the same order from
 * left to right and from top to bottom, as close as letters allow. First the columns: what was
 * beside each other stays so; then the rows: what is now above each other stays as it was. So
 * nothing that did not meet in the picture meets in the cells. Pure; knows no characters.
 */
import { Axis } from "./compact.ts"
import { type Columns, rowsFor } from "./grid-rows.ts"
import {
  at,
  between,
  framed,
  keepOrder,
  leftOf,
  type Span,
  spanX,
  spanY,
  textHeightOf,
  textWidthOf,
  type Thing,
  touch,
  type Way,
  wayOf
} from "./grid-ways.ts"
import type { Picture, PictureArrow, PictureBox, Point } from "./picture.ts"

/** Both ends are in it. */
export interface Cells {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

export interface GridBox extends Cells {
  readonly box: PictureBox
  /** The cells of its texts. */
  readonly text: Cells
}

export interface GridArrow {
  readonly arrow: PictureArrow
  /** Its corners; the first and the last are on the borders of its boxes. */
  readonly points: readonly Point[]
  readonly label: Cells | undefined
}

export interface Grid {
  readonly width: number
  readonly height: number
  readonly boxes: readonly GridBox[]
  readonly arrows: readonly GridArrow[]
}

function columnsFor({ boxes }: Picture, ways: readonly Way[]): Columns | undefined {
  const axis = new Axis()
  const things: Thing[] = []
  const add = (place: number, along: Span, across: Span): number => {
    things.push({ place, before: 0, after: 0, along, across })
    return place
  }
  const uprights = ways.map(({ uprights: all, host, isLoop, columns, arrow: { label } }) =>
    all.map(({ x, from, to }, index) => {
      const place = add(axis.place(x), at(x), between(from, to))
      if (label === undefined || (index !== host && !isLoop)) return place
      const before = isLoop ? columns + 1 : leftOf(columns)
      const size = { before, after: columns - 1 - before }
      things.push({ place, ...size, along: spanX(label), across: spanY(label) })
      return place
    })
  )
  const starts = new Map(ways.map(({ arrow }, index) => [arrow.from, uprights[index]?.[0]]))
  const framedBoxes = boxes.map((box) => {
    const dot = box.type === "start" ? starts.get(box.id) : undefined
    if (dot !== undefined) {
      add(dot, spanX(box), spanY(box))
      return { left: dot, right: dot, text: dot }
    }
    const left = add(axis.place(box.x), at(box.x), spanY(box))
    const right = add(axis.place(box.x + box.width), at(box.x + box.width), spanY(box))
    const columns = textWidthOf(box)
    axis.apart(left, right, Math.max(columns + framed, 4))
    if (!box.isOpen) return { left, right, text: left }
    const text = axis.place(box.text.x)
    axis.apart(left, text, 2)
    axis.apart(text, right, columns + 1)
    const size = { before: 0, after: Math.max(0, columns - 1) }
    things.push({ place: text, ...size, along: spanX(box.text), across: spanY(box.text) })
    return { left, right, text }
  })
  keepOrder(axis, things, [touch, 2])
  const places = axis.places()
  if (places === undefined) return undefined
  // A label of the outermost box itself lies outside of it.
  const first = Math.min(...things.map(({ place, before }) => (places[place] ?? 0) - before))
  const last = Math.max(...things.map(({ place, after }) => (places[place] ?? 0) + after))
  const of = (place: number | undefined): number => (places[place ?? 0] ?? 0) - first
  return {
    boxes: framedBoxes.map(({ left, right, text }, index) => {
      const [box, ends] = [boxes[index], { left: of(left), right: of(right) }]
      if (box === undefined || box.isOpen) return { ...ends, text: of(text) }
      const room = ends.right - ends.left + 1 - textWidthOf(box)
      return { ...ends, text: ends.left + Math.floor(room / 2) }
    }),
    uprights: uprights.map((all) => all.map(of)),
    width: last - first + 1
  }
}

interface Placing {
  readonly columns: readonly number[]
  readonly rows: readonly number[]
  readonly labelTop: number | undefined
  /** Of the left side of the box that it leaves. */
  readonly side: number
}

function arrowIn(way: Way, { columns, rows, labelTop: top, side }: Placing): GridArrow {
  const { isLoop, host, arrow } = way
  const corners = isLoop
    ? [side, ...columns, ...columns, side]
    : columns.flatMap((column) => [column, column])
  const points = rows.map((y, index) => ({ x: corners[index] ?? side, y }))
  const column = columns[Math.max(0, host)] ?? 0
  const left = column - (isLoop ? way.columns + 1 : leftOf(way.columns))
  const right = left + way.columns - 1
  if (top === undefined) return { arrow, points, label: undefined }
  return { arrow, points, label: { left, right, top, bottom: top + arrow.lines.length - 1 } }
}

/** The picture in cells; undefined where an arrow leaves a box sideways: no letters show that. */
export function gridOf(picture: Picture): Grid | undefined {
  const ways = picture.arrows.flatMap((arrow) => wayOf(arrow) ?? [])
  if (ways.length < picture.arrows.length) return undefined
  const columns = columnsFor(picture, ways)
  const rows = columns === undefined ? undefined : rowsFor(picture, ways, columns)
  if (columns === undefined || rows === undefined) return undefined
  const sides = new Map(picture.boxes.map(({ id }, index) => [id, index]))
  return {
    width: columns.width,
    height: rows.height,
    boxes: picture.boxes.map((box, index) => {
      const { left = 0, right = 0, text = 0 } = columns.boxes[index] ?? {}
      const { top = 0, bottom = 0 } = rows.boxes[index] ?? {}
      const [wide, high] = [textWidthOf(box), textHeightOf(box)]
      const texts = { left: text, right: text + wide - 1, top: top + 1, bottom: top + high }
      return { box, left, right, top, bottom, text: texts }
    }),
    arrows: ways.map((way, index) =>
      arrowIn(way, {
        columns: columns.uprights[index] ?? [],
        rows: rows.corners[index] ?? [],
        labelTop: rows.labels[index],
        side: columns.boxes[sides.get(way.arrow.from) ?? 0]?.left ?? 0
      })
    )
  }
}
