/**
 * The charts' face: any xstate 5 machine as a picture, or as text for other programs. Needs neither
 * Effect nor the rest of Troupe; elkjs and @resvg/resvg-js are loaded when they are needed.
 */
export { boxes, type BoxesOptions } from "./charts/boxes.ts"
export type {
  Chart,
  ChartAction,
  ChartInvoke,
  ChartState,
  ChartTransition,
  Json,
  TransitionKind
} from "./charts/chart.ts"
export { coverageOf, type MachineCoverage } from "./charts/coverage.ts"
export { type Change, type ChartChange, type ChartDiff, diff } from "./charts/diff.ts"
export { describe } from "./charts/describe.ts"
export { UnreadableMachine } from "./charts/json.ts"
export { draw, type DrawOptions } from "./charts/draw.ts"
export { ElkMissing, LayoutFailed } from "./charts/elk.ts"
export {
  type ChartFormat,
  chartFormats,
  chartPng,
  chartText,
  type FormatOptions,
  isChartFormat
} from "./charts/format.ts"
export {
  BadCoverage,
  type Hits,
  hitMarks,
  type HitsRead,
  type HitsReport,
  hitsText,
  mergeHits,
  type Never,
  readHits,
  reportOf
} from "./charts/hits.ts"
export type { Mark, Marked, Marks, Text } from "./charts/marks.ts"
export { faults } from "./charts/overlap.ts"
export { highlighted } from "./charts/picture.ts"
export type { Picture, PictureArrow, PictureBox, Point, Rectangle } from "./charts/picture.ts"
export { PictureTooLarge, png, type PngOptions, ResvgMissing } from "./charts/png.ts"
export { svg, type Theme } from "./charts/svg.ts"
export { tree, type TreeOptions } from "./charts/tree.ts"
