/**
 * The rows of a picture in the cells of a terminal, once its columns are known: what is now above
 * each other stays as it was. Pure.
 */
import { Axis } from "./compact.ts"
import {
  at,
  between,
  keepOrder,
  leftOf,
  type Span,
  spanY,
  textHeightOf,
  textWidthOf,
  type Thing,
  touch,
  type Way
} from "./grid-ways.ts"
import type { Picture, PictureBox } from "./picture.ts"

export interface Columns {
  readonly boxes: readonly {
    readonly left: number
    readonly right: number
    readonly text: number
  }[]
  readonly uprights: readonly (readonly number[])[]
  readonly width: number
}

/** An end of an upright: where it is, and what it asks for. */
interface End {
  readonly place: number
  /** On the border of a box, with at least a piece of line before a label. */
  readonly isBorder: boolean
  /** The point of the arrow stands before it. */
  readonly isTip: boolean
}

interface Rows {
  readonly boxes: readonly { readonly top: number; readonly bottom: number }[]
  /** Of each arrow's corners. */
  readonly corners: readonly (readonly number[])[]
  readonly labels: readonly (number | undefined)[]
  readonly height: number
}

interface RowsOfBox {
  readonly box: PictureBox
  /** The column of its left side. */
  readonly left: number
  readonly top: number
  readonly bottom: number
}

class RowMaker {
  readonly #axis = new Axis()
  readonly #things: Thing[] = []
  readonly #boxes: ReadonlyMap<string, RowsOfBox>

  constructor(boxes: readonly PictureBox[], columns: Columns) {
    const placed = boxes.map((box, index) => {
      const { left = 0, right = 0, text = 0 } = columns.boxes[index] ?? {}
      const top = this.#add(box.y, { from: left, to: right })
      if (box.type === "start") return { box, left, top, bottom: top }
      const bottom = this.#add(box.y + box.height, { from: left, to: right })
      const rows = textHeightOf(box)
      this.#axis.apart(top, bottom, rows + 1)
      if (box.isOpen) {
        const across = { from: text, to: text + Math.max(0, textWidthOf(box) - 1) }
        const along = spanY(box.text)
        this.#things.push({ place: top, before: 0, after: rows, along, across })
      }
      return { box, left, top, bottom }
    })
    this.#boxes = new Map(placed.map((one) => [one.box.id, one]))
  }

  #add(before: number, across: Span): number {
    const place = this.#axis.place(before)
    this.#things.push({ place, before: 0, after: 0, along: at(before), across })
    return place
  }

  /** The border of the box on which an arrow's end is. */
  #border(id: string, y: number): number | undefined {
    const found = this.#boxes.get(id)
    if (found === undefined) return undefined
    const { box, top, bottom } = found
    if (box.type !== "start" && Math.abs(box.y - y) <= touch) return top
    return Math.abs(box.y + box.height - y) <= touch ? bottom : undefined
  }

  /** The rows of an arrow's corners and of its label. */
  way(way: Way, columns: readonly number[]) {
    const { arrow, uprights, host } = way
    if (way.isLoop) return this.#loop(way, columns[0] ?? 0)
    const [first, last] = [uprights[0], uprights.at(-1)]
    if (first === undefined || last === undefined) return undefined
    const start = this.#border(arrow.from, first.from)
    const end = this.#border(arrow.to, last.to)
    if (start === undefined || end === undefined) return undefined
    const levels = uprights
      .slice(1)
      .map(({ from }, index) =>
        this.#add(from, between(columns[index] ?? 0, columns[index + 1] ?? 0))
      )
    // The point of the arrow has its cell for itself: nothing crosses there.
    const isDown = last.from <= last.to
    const tip = { before: isDown ? 1 : 0, after: isDown ? 0 : 1, along: at(last.to) }
    this.#things.push({ place: end, ...tip, across: at(columns.at(-1) ?? 0) })
    const corners = [start, ...levels.flatMap((level) => [level, level]), end]
    let label: number | undefined
    for (const [index, upright] of uprights.entries()) {
      const isLast = index === uprights.length - 1
      const from = { place: corners[2 * index] ?? start, isBorder: index === 0, isTip: false }
      const to = { place: corners[2 * index + 1] ?? end, isBorder: isLast, isTip: isLast }
      const ends = upright.from <= upright.to ? ([from, to] as const) : ([to, from] as const)
      if (index === host) label = this.#label(way, columns[index] ?? 0, ends)
      this.#axis.apart(ends[0].place, ends[1].place, isLast ? 2 : 1)
    }
    return { corners, label }
  }

  #loop({ arrow, uprights: [upright], columns }: Way, column: number) {
    const found = this.#boxes.get(arrow.from)
    if (found === undefined || upright === undefined) return undefined
    const across = { from: column, to: found.left }
    const [one, other] = [this.#add(upright.from, across), this.#add(upright.to, across)]
    this.#axis.apart(found.top, one, 1)
    this.#axis.apart(one, other, 1)
    this.#axis.apart(other, found.bottom, 1)
    const corners = [one, one, other, other]
    if (arrow.label === undefined) return { corners, label: undefined }
    const size = { before: 0, after: arrow.lines.length - 1 }
    const beside = { from: column - columns - 1, to: column - 2 }
    this.#things.push({ place: one, ...size, along: spanY(arrow.label), across: beside })
    return { corners, label: one }
  }

  #label({ arrow, columns }: Way, column: number, [upper, lower]: readonly [End, End]) {
    const { label, lines } = arrow
    if (label === undefined) return undefined
    const place = this.#axis.place(label.y + label.height / 2)
    const left = column - leftOf(columns)
    const across = { from: left, to: left + columns - 1 }
    const after = lines.length - 1
    this.#things.push({ place, before: 0, after, along: spanY(label), across })
    const beside = (end: End) => (end.isBorder || end.isTip ? 2 : 1)
    this.#axis.apart(upper.place, place, beside(upper))
    this.#axis.apart(place, lower.place, after + beside(lower))
    return place
  }

  /** The rows, once all ways are in. */
  places(): readonly number[] | undefined {
    keepOrder(this.#axis, this.#things, [1, 1])
    return this.#axis.places()
  }

  rowsOf(id: string): { readonly top: number; readonly bottom: number } {
    return this.#boxes.get(id) ?? { top: 0, bottom: 0 }
  }
}

export function rowsFor(
  picture: Picture,
  ways: readonly Way[],
  columns: Columns
): Rows | undefined {
  const maker = new RowMaker(picture.boxes, columns)
  const found = ways.map((way, index) => maker.way(way, columns.uprights[index] ?? []))
  const places = maker.places()
  if (places === undefined || found.includes(undefined)) return undefined
  const of = (place: number): number => places[place] ?? 0
  return {
    boxes: picture.boxes.map(({ id }) => {
      const { top, bottom } = maker.rowsOf(id)
      return { top: of(top), bottom: of(bottom) }
    }),
    corners: found.map((one) => (one?.corners ?? []).map(of)),
    labels: found.map((one) => (one?.label === undefined ? undefined : of(one.label))),
    height: Math.max(0, ...places) + 1
  }
}
