/**
 * A chart's picture as plain data: every box, arrow and text with its place, in px from the upper
 * left corner. What a layout found for a scene, put together with the scene. Pure; knows no SVG.
 */
import type { Mark, Text } from "./marks.ts"
import {
  boxesWithin,
  boxMargin,
  noteWidth,
  type Scene,
  type SceneArrow,
  type SceneBox,
  type Taken
} from "./scene.ts"
import { type Line, lineFace, titleFace, widthOfLines } from "./text.ts"

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Rectangle extends Point {
  readonly width: number
  readonly height: number
}

/** Where things are, in the order of the scene: boxes parents first, arrows as listed. */
export interface Geometry {
  readonly width: number
  readonly height: number
  /** x, y, width, height. */
  readonly boxes: readonly (readonly number[])[]
  /** x, y of each corner, from the first box to the second. */
  readonly arrows: readonly (readonly number[])[]
  /** x, y of each arrow's label; nothing for an arrow without one. */
  readonly labels: readonly (readonly number[])[]
}

export interface PictureBox extends Rectangle {
  readonly id: string
  readonly type: SceneBox["type"]
  readonly isRegion: boolean
  /** Whether other boxes are drawn in it: its texts are its head then. */
  readonly isOpen: boolean
  readonly hidden: number
  /** How deep it lies; the root is 0. */
  readonly depth: number
  readonly title: readonly Line[]
  readonly lines: readonly Line[]
  /** All that its transitions say where its lines have not all of it. */
  readonly whole?: readonly string[]
  /** Where its texts are. */
  readonly text: Rectangle
  readonly mark?: Mark
}

export interface PictureArrow {
  readonly from: string
  readonly to: string
  readonly points: readonly Point[]
  readonly lines: readonly Line[]
  readonly label: Rectangle | undefined
  readonly taken: readonly Taken[]
  /** All that the label says where its lines have not all of it. */
  readonly whole?: readonly string[]
  readonly mark?: Mark
}

export interface Picture {
  /** Of this structure. A change that readers notice raises it. */
  readonly version: 1
  readonly id: string
  readonly width: number
  readonly height: number
  readonly boxes: readonly PictureBox[]
  readonly arrows: readonly PictureArrow[]
  readonly notes: readonly string[]
  /** What the marks mean, if there are any: one a line, below the notes. */
  readonly legend?: readonly Text[]
}

/** Free around the whole, and between the chart and its notes, in px. */
export const margin = 12
export const noteHeight = 18

/** Before a line of the legend: a spot in the mark's colour. */
export const swatchWidth = 20

/** What must be free between a head's text and an arrow that goes through the head. */
export const clearance = 6

const rectangle = ([x = 0, y = 0, width = 0, height = 0]: readonly number[]): Rectangle => ({
  x,
  y,
  width,
  height
})

const pointsOf = (numbers: readonly number[]): readonly Point[] =>
  numbers.flatMap((x, at) => (at % 2 === 0 ? [{ x, y: numbers[at + 1] ?? 0 }] : []))

/** The widest of a box's texts. */
export const textWidth = ({ title, lines }: SceneBox): number =>
  Math.max(widthOfLines(title, titleFace), widthOfLines(lines, lineFace))

/** Where a part of an arrow is between two heights, from left to right; nothing where it is not. */
function spanOf([start, end]: readonly Point[], top: number, bottom: number) {
  if (start === undefined || end === undefined) return []
  const isOutside = Math.max(start.y, end.y) <= top || Math.min(start.y, end.y) >= bottom
  return isOutside ? [] : [[Math.min(start.x, end.x), Math.max(start.x, end.x)] as const]
}

/** Where arrows go through a box's head: from where to where, from left to right. */
export const arrowsThrough = (
  { height }: SceneBox,
  place: Rectangle,
  { arrows }: Geometry
): readonly (readonly [number, number])[] =>
  arrows
    .map(pointsOf)
    .flatMap((points) => points.slice(1).map((end, at) => [points[at] ?? end, end]))
    // An arrow that ends at the border is not in the head; places are rounded.
    .flatMap((part) => spanOf(part, place.y + 1, place.y + height - 1))
    .filter(([, end]) => end > place.x)
    .sort(([one], [other]) => one - other)

/**
 * The x of a head's text: as far left as no arrow goes through it. Undefined when there is no such
 * place: the box must be made wider.
 */
export function headX(box: SceneBox, place: Rectangle, geometry: Geometry): number | undefined {
  const need = textWidth(box)
  const [left, right] = [place.x + boxMargin.x, place.x + place.width - boxMargin.x]
  let x = left
  for (const [start, end] of arrowsThrough(box, place, geometry)) {
    if (start >= place.x + place.width) break
    if (start - clearance >= x + need) break
    x = Math.max(x, end + clearance)
  }
  return x + need <= right + 1 ? x : undefined
}

function placed(scene: Scene, geometry: Geometry): readonly PictureBox[] {
  const depths = new Map<SceneBox, number>()
  const measure = (box: SceneBox, depth: number): void => {
    depths.set(box, depth)
    for (const child of box.boxes) measure(child, depth + 1)
  }
  measure(scene.root, 0)
  return boxesWithin(scene.root).map((box, at) => {
    const place = rectangle(geometry.boxes[at] ?? [])
    const isOpen = box.boxes.length > 0
    const { id, type, isRegion, hidden, title, lines, whole, mark } = box
    const width = textWidth(box)
    const middle = place.x + (place.width - width) / 2
    const x = isOpen ? (headX(box, place, geometry) ?? place.x + boxMargin.x) : middle
    return {
      ...place,
      id,
      type,
      isRegion,
      isOpen,
      hidden,
      ...(whole === undefined ? {} : { whole }),
      depth: depths.get(box) ?? 0,
      title,
      lines,
      text: {
        x,
        y: place.y + boxMargin.y,
        width,
        height: Math.max(0, Math.min(box.height, place.height) - 2 * boxMargin.y)
      },
      ...(mark === undefined ? {} : { mark })
    }
  })
}

const arrowOf = (arrow: SceneArrow, points: readonly number[], label: readonly number[]) => ({
  from: arrow.from,
  to: arrow.to,
  points: pointsOf(points),
  lines: arrow.lines,
  label: arrow.lines.length === 0 ? undefined : rectangle([...label, arrow.width, arrow.height]),
  taken: arrow.taken,
  ...(arrow.whole === undefined ? {} : { whole: arrow.whole }),
  ...(arrow.mark === undefined ? {} : { mark: arrow.mark })
})

/** The scene with each thing in its place. */
export function pictureOf(scene: Scene, geometry: Geometry): Picture {
  const { notes, legend = [] } = scene
  const below = [
    ...notes.map((note) => noteWidth(note)),
    ...legend.map(({ text }) => noteWidth(text) + swatchWidth)
  ]
  const width = Math.max(geometry.width, ...below.map((needed) => needed + 2 * margin))
  return {
    version: 1,
    id: scene.id,
    width: Math.ceil(width),
    height: Math.ceil(geometry.height + below.length * noteHeight),
    boxes: placed(scene, geometry),
    arrows: scene.arrows.map((arrow, at) =>
      arrowOf(arrow, geometry.arrows[at] ?? [], geometry.labels[at] ?? [])
    ),
    notes,
    ...(scene.legend === undefined ? {} : { legend: scene.legend })
  }
}

/** The picture with some states marked: nothing moves, so that its layout is the unmarked one's. */
export const highlighted = (picture: Picture, states: ReadonlySet<string>): Picture => ({
  ...picture,
  boxes: picture.boxes.map((box) =>
    states.has(box.id) ? { ...box, mark: "active" as const } : box
  )
})
