/**
 * Which arrows of a scene go back. A layout in layers needs a graph without circles; left to break
 * them itself, elk puts states above the one that a chart begins with. Pure.
 */
import { boxesWithin, type Scene, type SceneBox } from "./scene.ts"

/** From the root's box down to each box, by id. */
export function pathsOf(root: SceneBox): ReadonlyMap<string, readonly SceneBox[]> {
  const paths = new Map<string, readonly SceneBox[]>()
  const visit = (box: SceneBox, above: readonly SceneBox[]): void => {
    const path = [...above, box]
    paths.set(box.id, path)
    for (const child of box.boxes) visit(child, path)
  }
  visit(root, [])
  return paths
}

interface Lifted {
  readonly within: SceneBox
  readonly from: SceneBox
  readonly to: SceneBox
}

/** The arrow between two neighbours in the smallest box that holds both ends; else undefined. */
function lift(
  source: readonly SceneBox[] = [],
  goal: readonly SceneBox[] = []
): Lifted | undefined {
  let shared = 0
  while (shared < source.length && source[shared] === goal[shared]) shared += 1
  const [within, from, to] = [source[shared - 1], source[shared], goal[shared]]
  return within === undefined || from === undefined || to === undefined
    ? undefined
    : { within, from, to }
}

/**
 * The places of boxes among their neighbours: what is reached from the start comes first, then what
 * is reached from the first of the others, and so on; an arrow to an earlier one goes back.
 */
function ranks(box: SceneBox, next: ReadonlyMap<SceneBox, readonly SceneBox[]>) {
  const seen = new Set<SceneBox>()
  const order: SceneBox[] = []
  for (const child of box.boxes) {
    const finished: SceneBox[] = []
    const visit = (one: SceneBox): void => {
      if (seen.has(one)) return
      seen.add(one)
      for (const other of next.get(one) ?? []) visit(other)
      finished.push(one)
    }
    visit(child)
    order.push(...finished.reverse())
  }
  return order
}

/** For each arrow of the scene whether it goes back, against the order from start to end. */
export function backwards(scene: Scene): readonly boolean[] {
  const paths = pathsOf(scene.root)
  const lifted = scene.arrows.map(({ from, to }) => lift(paths.get(from), paths.get(to)))
  const next = new Map<SceneBox, SceneBox[]>()
  for (const one of lifted) {
    if (one !== undefined) next.set(one.from, [...(next.get(one.from) ?? []), one.to])
  }
  const order = new Map<SceneBox, number>()
  for (const box of boxesWithin(scene.root)) {
    for (const [at, child] of ranks(box, next).entries()) order.set(child, at)
  }
  return scene.arrows.map(({ from, to }, at) => {
    const one = lifted[at]
    if (one !== undefined) return (order.get(one.from) ?? 0) > (order.get(one.to) ?? 0)
    // Out of a box's inside to the box itself: laid out as its opposite, from the border inwards.
    return from !== to && (paths.get(from)?.length ?? 0) > (paths.get(to)?.length ?? 0)
  })
}
