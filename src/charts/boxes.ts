/**
 * A picture as boxes and lines of letters, for a terminal. What `grid.ts` found a cell for is put
 * there, nothing else: two things never share a cell, but arrows cross. Names are text: nothing in
 * them reaches the terminal as a command. Knows no terminal: colours are given.
 */
import { type Grid, type GridArrow, type GridBox, gridOf } from "./grid.ts"
import { printedLine } from "./grid-ways.ts"
import { activeSign } from "./focus.ts"
import type { Mark } from "./marks.ts"
import type { Picture, Point } from "./picture.ts"
import { columnsOf, type Line, printable } from "./text.ts"

export interface BoxesOptions {
  /** How wide it may be; by default as wide as it is. */
  readonly columns?: number
  /** Gives a text its colour. By default none has one. */
  readonly paint?: (look: Mark | "name" | "faint", text: string) => string
}

type Look = Mark | "name" | "faint" | undefined

const [up, right, down, left] = [1, 2, 4, 8]

/** By the sides to which a line leaves a cell. */
const lines = [..." ╵╶└╷│┌├╴┘─┴┐┤┬┼"]
const kinds: { readonly [kind in Kind]: { readonly [strokes: number]: string } } = {
  line: {},
  box: { 3: "╰", 6: "╭", 9: "╯", 12: "╮" },
  region: { 3: "╰", 5: "╎", 6: "╭", 9: "╯", 10: "╌", 12: "╮" },
  final: {
    3: "╚",
    5: "║",
    6: "╔",
    7: "╟",
    9: "╝",
    10: "═",
    11: "╧",
    12: "╗",
    13: "╢",
    14: "╤",
    15: "╪"
  }
}
type Kind = "line" | "box" | "region" | "final"

interface Cell {
  strokes: number
  kind: Kind
  look: Look
  /** A letter instead of a line; empty for the second column of a wide one. */
  letter: string | undefined
}

class Canvas {
  readonly #rows: readonly (readonly Cell[])[]

  constructor({ width, height }: Grid) {
    this.#rows = Array.from({ length: height }, () =>
      Array.from({ length: width }, () => ({
        strokes: 0,
        kind: "line" as const,
        look: undefined,
        letter: undefined
      }))
    )
  }

  cell({ x, y }: Point): Cell | undefined {
    return this.#rows[y]?.[x]
  }

  stroke(at: Point, strokes: number, how: { readonly kind?: Kind; readonly look: Look }): void {
    const cell = this.cell(at)
    if (cell === undefined) return
    cell.strokes |= strokes
    // An arrow that crosses a border takes the border's colour: the border is whole.
    if (cell.kind === "line") cell.look = how.look
    if (how.kind !== undefined) cell.kind = how.kind
  }

  letter(at: Point, letter: string, look: Look): void {
    const cell = this.cell(at)
    if (cell === undefined) return
    cell.letter = letter
    cell.look = look
  }

  /** A text in cells; marks that stand on a letter share its cell. */
  text({ x, y }: Point, text: string, look: Look): void {
    let column = x
    for (const character of text) {
      const columns = columnsOf(character)
      const before = this.cell({ x: column - 1, y })
      if (columns === 0 && column > x && before !== undefined) before.letter += character
      if (columns === 0) continue
      this.letter({ x: column, y }, character, look)
      if (columns === 2) this.letter({ x: column + 1, y }, "", look)
      column += columns
    }
  }

  rows(paint: NonNullable<BoxesOptions["paint"]>): readonly string[] {
    return this.#rows.map((row) => {
      const shown = row.map(({ strokes, kind, look, letter }) => ({
        text: letter ?? kinds[kind][strokes] ?? lines[strokes] ?? " ",
        look
      }))
      while (shown.at(-1)?.text === " ") shown.pop()
      const runs: { text: string; readonly look: Look }[] = []
      for (const { text, look } of shown) {
        const last = runs.at(-1)
        if (last !== undefined && (last.look === look || text === " ")) last.text += text
        else runs.push({ text, look })
      }
      return runs.map(({ text, look }) => (look === undefined ? text : paint(look, text))).join("")
    })
  }
}

const isDot = ({ box }: GridBox): boolean => box.type === "start"

function drawFrame(canvas: Canvas, placed: GridBox): void {
  const { box, left: l, right: r, top: t, bottom: b } = placed
  const kind = box.isRegion ? "region" : box.type === "final" ? "final" : "box"
  const how = { kind, look: box.mark ?? "faint" } as const
  const corners = [
    [l, t, right | down],
    [r, t, left | down],
    [l, b, right | up],
    [r, b, left | up]
  ] as const
  for (const [x, y, strokes] of corners) canvas.stroke({ x, y }, strokes, how)
  for (let x = l + 1; x < r; x += 1)
    for (const y of [t, b]) canvas.stroke({ x, y }, left | right, how)
  for (let y = t + 1; y < b; y += 1) for (const x of [l, r]) canvas.stroke({ x, y }, up | down, how)
}

const sign = (value: number): number => Math.sign(value)

/** Every cell of an arrow, from border to border. */
export const cellsOf = ({ points }: GridArrow): readonly Point[] =>
  points.flatMap((to, at) => {
    const from = points[at - 1]
    if (from === undefined) return [to]
    const steps = Math.abs(to.x - from.x) + Math.abs(to.y - from.y)
    return Array.from({ length: steps }, (_, step) => ({
      x: from.x + sign(to.x - from.x) * (step + 1),
      y: from.y + sign(to.y - from.y) * (step + 1)
    }))
  })

/** The side to which the next cell lies. */
const sideOf = (from: Point, to: Point): number =>
  to.x > from.x ? right : to.x < from.x ? left : to.y > from.y ? down : up

const opposite = (side: number): number => (side <= right ? side * 4 : side / 4)

const tips: { readonly [side: number]: string } = {
  [up]: "▲",
  [right]: "►",
  [down]: "▼",
  [left]: "◄"
}

function drawArrow(canvas: Canvas, placed: GridArrow): void {
  const { arrow } = placed
  const look = arrow.mark ?? (arrow.taken.length === 0 ? "faint" : undefined)
  const cells = cellsOf(placed)
  for (const [at, cell] of cells.slice(0, -1).entries()) {
    const next = cells[at + 1] ?? cell
    const before = cells[at - 1]
    const ahead = sideOf(cell, next)
    const isTip = at === cells.length - 2
    if (isTip) canvas.letter(cell, tips[ahead] ?? "", look)
    else {
      const behind = before === undefined ? 0 : opposite(sideOf(before, cell))
      canvas.stroke(cell, ahead | behind, { look })
    }
  }
}

const drawLine = (canvas: Canvas, at: Point, [line, look]: readonly [Line, Look]): void =>
  canvas.text(at, printedLine(line), line.mark ?? look)

function drawTexts(canvas: Canvas, { box, text, left: l, right: r }: GridBox): void {
  for (const [at, line] of box.title.entries()) {
    const room = r - l + 1 - columnsOf(printedLine(line))
    const x = box.isOpen ? text.left : l + Math.floor(room / 2)
    drawLine(canvas, { x, y: text.top + at }, [line, box.mark ?? "name"])
  }
  for (const [at, line] of box.lines.entries()) {
    const y = text.top + box.title.length + at
    drawLine(canvas, { x: text.left, y }, [line, undefined])
  }
}

/** Where there are no colours, it alone says which state is meant. */
const drawSign = (canvas: Canvas, { left, top }: GridBox): void =>
  canvas.letter({ x: left + 1, y: top }, activeSign, "active")

function drawLabel(canvas: Canvas, { arrow, label }: GridArrow): void {
  if (label === undefined) return
  for (const [at, line] of arrow.lines.entries()) {
    const y = label.top + at
    for (let x = label.left; x <= label.right; x += 1) canvas.letter({ x, y }, " ", undefined)
    drawLine(canvas, { x: label.left, y }, [line, undefined])
  }
}

/**
 * The picture as lines of text, ended by a newline; undefined when it is wider than it may be, or
 * when letters cannot show it.
 */
export function boxes(picture: Picture, options: BoxesOptions = {}): string | undefined {
  const { columns = Number.POSITIVE_INFINITY, paint = (_, text) => text } = options
  const grid = gridOf(picture)
  if (grid === undefined || grid.width > columns) return undefined
  const canvas = new Canvas(grid)
  for (const placed of grid.boxes) if (!isDot(placed)) drawFrame(canvas, placed)
  for (const placed of grid.arrows) drawArrow(canvas, placed)
  for (const placed of grid.boxes) {
    if (isDot(placed)) canvas.letter({ x: placed.left, y: placed.top }, "●", "faint")
    else drawTexts(canvas, placed)
    if (placed.box.mark === "active") drawSign(canvas, placed)
  }
  for (const placed of grid.arrows) drawLabel(canvas, placed)
  const notes = picture.notes.map((text) => ({ text, mark: undefined }))
  const below = [...notes, ...(picture.legend ?? [])].map(({ text, mark }) =>
    paint(mark ?? "faint", printable(text))
  )
  return `${[...canvas.rows(paint), ...below].join("\n")}\n`
}
