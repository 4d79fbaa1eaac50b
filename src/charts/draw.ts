/**
 * From a chart to its picture: a layout that was made when Troupe was built, where the chart is the
 * same or has but marks beside its texts, else one that elkjs makes now. The key is a hash of
 * everything that a layout depends on.
 */
import type { Chart } from "./chart.ts"
import { layOut } from "./elk.ts"
import { hash } from "./hash.ts"
import { layouts } from "./layouts.ts"
import type { Marks } from "./marks.ts"
import { type Geometry, type Picture, pictureOf } from "./picture.ts"
import { type Scene, sceneOf, statesMax } from "./scene.ts"
import { fitted } from "./stretch.ts"

/** The name of a scene's layout: the same for scenes whose layouts are the same. */
export const keyOf = (scene: Scene): string => hash(JSON.stringify(scene))

export interface DrawOptions {
  /** At most so many states are drawn, by default 150; boxes are closed until few enough remain. */
  readonly statesMax?: number
  /**
   * What is said of states and transitions. Counts and signs need room: a layout made beforehand is
   * stretched, so that everything stays where the reader knows it; else elkjs finds it.
   */
  readonly marks?: Marks
}

/** Made at build time by a program of ours: trusted to be what its type says. */
const kept = (scene: Scene): Geometry | undefined => {
  const text = layouts[keyOf(scene)]
  return text === undefined ? undefined : (JSON.parse(text) as Geometry)
}

/** With marks: the layout of the chart without them, with room for the longer texts. */
const keptFitted = (scene: Scene, plain: Scene): Geometry | undefined => {
  const geometry = kept(plain)
  return geometry === undefined ? undefined : fitted(plain, scene, geometry)
}

/**
 * The chart with a place for everything. Rejects with `ElkMissing` where a layout must be made and
 * the package is not installed, and with `LayoutFailed`.
 */
export async function draw(chart: Chart, options: DrawOptions = {}): Promise<Picture> {
  const max = options.statesMax ?? statesMax
  const scene = sceneOf(chart, max, options.marks)
  const found = kept(scene) ?? keptFitted(scene, sceneOf(chart, max))
  return pictureOf(scene, found ?? (await layOut(scene)))
}
