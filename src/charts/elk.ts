/**
 * Finds a place for everything in a scene, by elkjs: layers from top to bottom, arrows of right
 * angles, labels on the arrows. elkjs is an optional package, loaded when a layout is asked for
 * that was not made beforehand; it is the only one that takes long.
 *
 * Gotchas: elk's options are not inherited by boxes within boxes; its own ways to keep the order of
 * a chart's states (`considerModelOrder`) crash on nested graphs, so that circles are broken here.
 */
import type { ElkExtendedEdge, ElkNode, LayoutOptions } from "elkjs"
import { backwards, pathsOf } from "./order.ts"
import { pack } from "./pack.ts"
import {
  arrowsThrough,
  clearance,
  type Geometry,
  headX,
  margin,
  type Point,
  type Rectangle,
  textWidth
} from "./picture.ts"
import { boxesWithin, boxMargin, type Scene, type SceneBox } from "./scene.ts"
import { withRoom } from "./stretch.ts"

/** elkjs is not installed. */
export class ElkMissing extends Error {
  readonly _tag = "ElkMissing"
  constructor() {
    super("a layout that was not made beforehand needs the package elkjs: npm install elkjs")
  }
}

/** elk gave up on this chart; the reason is its own. */
export class LayoutFailed extends Error {
  readonly _tag = "LayoutFailed"
  constructor(id: string, reason: string) {
    super(`no layout was found for the chart '${id}': ${reason}`)
  }
}

interface Elk {
  readonly layout: (graph: ElkNode) => Promise<ElkNode>
}

/** By a name that bundlers do not follow: elkjs has a licence of its own and is not shipped. */
const load = async (name: string): Promise<Elk> => {
  try {
    const module: { readonly default: new () => Elk } = await import(name)
    return new module.default()
  } catch {
    throw new ElkMissing()
  }
}

const layered: LayoutOptions = {
  "elk.algorithm": "layered",
  "elk.direction": "DOWN",
  "elk.hierarchyHandling": "INCLUDE_CHILDREN",
  "elk.edgeRouting": "ORTHOGONAL",
  "elk.json.shapeCoords": "ROOT",
  "elk.json.edgeCoords": "ROOT",
  "elk.spacing.nodeNode": "24",
  "elk.spacing.edgeNode": "14",
  "elk.spacing.edgeEdge": "12",
  "elk.spacing.edgeLabel": "4",
  "elk.spacing.labelNode": "8",
  "elk.spacing.nodeSelfLoop": "14",
  "elk.layered.spacing.nodeNodeBetweenLayers": "22",
  "elk.layered.spacing.edgeNodeBetweenLayers": "14",
  "elk.layered.spacing.edgeEdgeBetweenLayers": "10",
  "elk.layered.edgeLabels.sideSelection": "ALWAYS_DOWN",
  "elk.layered.thoroughness": "7",
  "elk.randomSeed": "1"
}

/**
 * Small charts look best balanced. In larger ones that takes half more of the page; straight lines
 * in little room cost time that grows faster than the chart, and the largest ones do without. More
 * rounds against crossings find nothing more in them.
 */
const balancedMax = 24
const narrowMax = 60
const placing = (boxes: number): LayoutOptions => {
  if (boxes <= balancedMax) {
    return {
      "elk.layered.nodePlacement.strategy": "BRANDES_KOEPF",
      "elk.layered.nodePlacement.bk.fixedAlignment": "BALANCED"
    }
  }
  const strategy = boxes <= narrowMax ? "NETWORK_SIMPLEX" : "LINEAR_SEGMENTS"
  return { "elk.layered.nodePlacement.strategy": strategy, "elk.layered.thoroughness": "3" }
}

const inline: LayoutOptions = {
  "elk.edgeLabels.inline": "true",
  "elk.edgeLabels.placement": "CENTER"
}

/** Between regions side by side, in px. */
const regionGap = 16

const origin: Point = { x: 0, y: 0 }
const nowhere: Rectangle = { ...origin, width: 0, height: 0 }

/** Room on the left of heads that arrows would else go through, by box. */
type Rooms = ReadonlyMap<SceneBox, number>

interface Task {
  readonly elk: Elk
  readonly scene: Scene
  readonly rooms: Rooms
  readonly paths: ReadonlyMap<string, readonly SceneBox[]>
  readonly back: readonly boolean[]
  /** Boxes whose regions no arrow leaves: each region is laid out by itself. */
  readonly apart: ReadonlySet<SceneBox>
}

/** What is known of a part of the scene, from the part's upper left corner. */
interface Found {
  readonly width: number
  readonly height: number
  readonly boxes: ReadonlyMap<SceneBox, Rectangle>
  readonly arrows: ReadonlyMap<number, readonly Point[]>
  readonly labels: ReadonlyMap<number, Point>
}

const shifted = (found: Found, { x, y }: Point): Found => {
  const move = <A extends Point>(point: A): A => ({ ...point, x: point.x + x, y: point.y + y })
  return {
    ...found,
    boxes: new Map([...found.boxes].map(([box, place]) => [box, move(place)])),
    arrows: new Map([...found.arrows].map(([at, points]) => [at, points.map(move)])),
    labels: new Map([...found.labels].map(([at, point]) => [at, move(point)]))
  }
}

const joined = (size: { width: number; height: number }, parts: readonly Found[]): Found => ({
  width: size.width,
  height: size.height,
  boxes: new Map(parts.flatMap(({ boxes }) => [...boxes])),
  arrows: new Map(parts.flatMap(({ arrows }) => [...arrows])),
  labels: new Map(parts.flatMap(({ labels }) => [...labels]))
})

interface Part {
  readonly box: SceneBox
  /** What lies in it and is laid out already. */
  readonly done: ReadonlyMap<SceneBox, Found>
  readonly options: LayoutOptions
}

function nodeOf(box: SceneBox, part: Part, rooms: Rooms): ElkNode {
  const { done, options } = part
  const { width, height } = done.get(box) ?? box
  if (box.boxes.length === 0 || done.has(box)) return { id: box.id, width, height }
  const room = rooms.get(box) ?? 0
  const left = boxMargin.x + room
  return {
    id: box.id,
    children: box.boxes.map((child) => nodeOf(child, part, rooms)),
    layoutOptions: {
      ...options,
      "elk.padding": `[top=${height + 6},left=${left},bottom=14,right=${boxMargin.x}]`,
      "elk.nodeSize.constraints": "MINIMUM_SIZE",
      "elk.nodeSize.minimum": `(${width + room},${height})`
    }
  }
}

/** The arrows of a part: those that lie in its box, and not in a part of it that is done. */
function edgesOf({ scene, paths, back }: Task, { box: part, done }: Part): ElkExtendedEdge[] {
  return scene.arrows.flatMap(({ from, to, width, height }, at) => {
    const [source = [], target = []] = [paths.get(from), paths.get(to)]
    const isIn = source.includes(part) && target.includes(part)
    const isDone = [...done.keys()].some(
      (box) => source.includes(box) && target.includes(box) && from !== box.id && to !== box.id
    )
    if (!isIn || isDone) return []
    const label = { id: `l${at}`, text: "x", width, height, layoutOptions: inline }
    const ends = back[at] === true ? [to, from] : [from, to]
    return {
      id: String(at),
      sources: ends.slice(0, 1),
      targets: ends.slice(1),
      ...(height === 0 ? {} : { labels: [label] })
    }
  })
}

const cornersOf = ({ sections = [] }: ElkExtendedEdge, isBack: boolean): readonly Point[] => {
  const points = sections.flatMap(({ startPoint, bendPoints = [], endPoint }) => [
    startPoint,
    ...bendPoints,
    endPoint
  ])
  return isBack ? points.reverse() : points
}

/** What elk found, as a part of the scene. */
function foundOf({ paths, back }: Task, graph: ElkNode): Found {
  const flat = (node: ElkNode): readonly ElkNode[] => [node, ...(node.children ?? []).flatMap(flat)]
  const { edges = [], children = [], width = 0, height = 0 } = graph
  const boxes = children.flatMap(flat).flatMap((node) => {
    const box = paths.get(node.id)?.at(-1)
    const { x = 0, y = 0 } = node
    const size = { width: node.width ?? 0, height: node.height ?? 0 }
    return box === undefined ? [] : [[box, { x, y, ...size }] as const]
  })
  const labels = edges.flatMap(({ id, labels: [label] = [] }) => {
    return label === undefined ? [] : [[Number(id), { x: label.x ?? 0, y: label.y ?? 0 }] as const]
  })
  const arrows = edges.map((edge) => {
    const at = Number(edge.id)
    return [at, cornersOf(edge, back[at] === true)] as const
  })
  const maps = { boxes: new Map(boxes), arrows: new Map(arrows), labels: new Map(labels) }
  return { width, height, ...maps }
}

/** The regions of a box, each laid out by itself, put beside and below each other. */
async function regionsOf(task: Task, box: SceneBox): Promise<Found> {
  const parts: Found[] = []
  for (const region of box.boxes) parts.push(await partOf(task, region, 0))
  const { places, width, height } = pack(parts, regionGap)
  const top = box.height + 6
  const size = {
    width: Math.max(box.width, width + 2 * boxMargin.x),
    height: height + top + boxMargin.x
  }
  const moved = parts.map((part, at) => {
    const { x = 0, y = 0 } = places[at] ?? {}
    return shifted(part, { x: x + boxMargin.x, y: y + top })
  })
  return joined(size, moved)
}

/** The uppermost of the boxes in this one whose regions are laid out by themselves. */
const apartIn = ({ apart }: Task, box: SceneBox): readonly SceneBox[] => {
  const visit = (one: SceneBox): readonly SceneBox[] =>
    apart.has(one) ? [one] : one.boxes.flatMap(visit)
  return visit(box)
}

/** One box with all that is in it. */
async function partOf(task: Task, box: SceneBox, padding: number): Promise<Found> {
  const done = new Map<SceneBox, Found>()
  for (const inner of apartIn(task, box)) done.set(inner, await regionsOf(task, inner))
  const sides = ["top", "left", "bottom", "right"].map((side) => `${side}=${padding}`).join(",")
  const options = { ...layered, ...placing(boxesWithin(box).length) }
  const part: Part = { box, done, options }
  const graph: ElkNode = {
    id: "",
    children: [nodeOf(box, part, task.rooms)],
    edges: edgesOf(task, part),
    layoutOptions: { ...options, "elk.padding": `[${sides}]` }
  }
  const layout = await task.elk.layout(graph).catch((cause: unknown) => {
    throw new LayoutFailed(task.scene.id, cause instanceof Error ? cause.message : String(cause))
  })
  const found = foundOf(task, layout)
  const inner = [...done].map(([one, place]) => shifted(place, found.boxes.get(one) ?? origin))
  return joined(found, [found, ...inner])
}

/** Parallel boxes of which each arrow has both ends in one region, or none in any. */
function apartOf(scene: Scene, paths: Task["paths"]): ReadonlySet<SceneBox> {
  const regionIn = (box: SceneBox, id: string): SceneBox | undefined => {
    const path = paths.get(id) ?? []
    const at = path.indexOf(box)
    return at === -1 ? undefined : path[at + 1]
  }
  return new Set(
    boxesWithin(scene.root).filter(
      (box) =>
        box.type === "parallel" &&
        box.boxes.length > 0 &&
        scene.arrows.every(({ from, to }) => regionIn(box, from) === regionIn(box, to))
    )
  )
}

const tenth = (value: number): number => Math.round(value * 10) / 10

/** As lists in the order of the scene. */
function geometryOf(scene: Scene, found: Found): Geometry {
  const numbers = ({ x, y, width, height }: Rectangle) => [x, y, width, height].map(tenth)
  const pair = ({ x, y }: Point) => [tenth(x), tenth(y)]
  return {
    width: tenth(found.width),
    height: tenth(found.height),
    boxes: boxesWithin(scene.root).map((box) => numbers(found.boxes.get(box) ?? nowhere)),
    arrows: scene.arrows.map((_, at) => (found.arrows.get(at) ?? []).flatMap(pair)),
    labels: scene.arrows.map(({ height }, at) =>
      height === 0 ? [] : pair(found.labels.get(at) ?? origin)
    )
  }
}

/** The boxes whose heads have no place between the arrows, with where they are. */
const crossedHeads = ({ root }: Scene, geometry: Geometry) =>
  boxesWithin(root).flatMap((box, at) => {
    const [x = 0, y = 0, width = 0, height = 0] = geometry.boxes[at] ?? []
    const place = { x, y, width, height }
    const isCrossed = box.boxes.length > 0 && headX(box, place, geometry) === undefined
    return isCrossed ? [{ box, place }] : []
  })

/**
 * The layout with room for those heads left of the arrows that go through them. A head may also be
 * wider than its box: elk keeps to the least size of a box only where nothing is nested.
 */
function roomForHeads(scene: Scene, geometry: Geometry): Geometry {
  const x = crossedHeads(scene, geometry).map(({ box, place }) => {
    const right = place.x + place.width
    const starts = arrowsThrough(box, place, geometry).map(([start]) => start)
    const first = Math.min(right, ...starts.filter((start) => start > place.x))
    const beside = first === right ? boxMargin.x : clearance
    return { from: place.x, to: first, size: boxMargin.x + textWidth(box) + beside }
  })
  return x.length === 0 ? geometry : (withRoom(scene, geometry, { x, y: [] }) ?? geometry)
}

const passesMax = 3

/**
 * Where everything goes. The same scene gives the same places. Rejects with `ElkMissing` and
 * `LayoutFailed`.
 */
export async function layOut(scene: Scene): Promise<Geometry> {
  const elk = await load("elkjs")
  const paths = pathsOf(scene.root)
  const task = { elk, scene, paths, back: backwards(scene), apart: apartOf(scene, paths) }
  let rooms: Rooms = new Map()
  for (let pass = 1; ; pass += 1) {
    const found = await partOf({ ...task, rooms }, scene.root, margin)
    const geometry = roomForHeads(scene, geometryOf(scene, found))
    const crossed = crossedHeads(scene, geometry)
    if (crossed.length === 0 || pass === passesMax) return geometry
    // Rare, and takes as long again: an arrow lies across the whole head.
    const more = crossed.map(({ box }) => [box, textWidth(box) + boxMargin.x] as const)
    rooms = new Map([...rooms, ...more])
  }
}
