/**
 * Puts rectangles beside and below each other, in their order, so that the whole is about as wide
 * as a page likes it. Pure.
 */

interface Size {
  readonly width: number
  readonly height: number
}

interface Place {
  readonly x: number
  readonly y: number
}

interface Packed extends Size {
  readonly places: readonly Place[]
}

/** How much wider than high the whole is to be. */
const aspect = 1.4

/** Rows as high as their first rectangle; lower ones stand in columns under each other. */
function rows(sizes: readonly Size[], widthMax: number, gap: number): Packed {
  let [rowTop, rowHeight, columnLeft, columnWidth, top, width] = [0, 0, 0, 0, 0, 0]
  const places = sizes.map((size): Place => {
    const isBelow = top + size.height <= rowTop + rowHeight && columnLeft + size.width <= widthMax
    const next = columnLeft + columnWidth + (columnWidth === 0 ? 0 : gap)
    const isBeside = next + size.width <= widthMax
    if (isBelow) columnWidth = Math.max(columnWidth, size.width)
    else {
      if (!isBeside && columnWidth > 0) rowTop += rowHeight + gap
      rowHeight = isBeside ? Math.max(rowHeight, size.height) : size.height
      columnLeft = isBeside ? next : 0
      columnWidth = size.width
      top = rowTop
    }
    const place = { x: columnLeft, y: top }
    top += size.height + gap
    width = Math.max(width, columnLeft + size.width)
    return place
  })
  return { places, width, height: rowTop + rowHeight }
}

/** The best of the widths at which a row may end. */
export function pack(sizes: readonly Size[], gap: number): Packed {
  const widths = sizes.map((_, at) =>
    sizes.slice(0, at + 1).reduce((sum, { width }) => sum + width + gap, 0)
  )
  const widest = Math.max(0, ...sizes.map(({ width }) => width))
  const tried = widths.map((width) => rows(sizes, Math.max(width, widest), gap))
  const cost = ({ width, height }: Packed): number => Math.max(width, height * aspect)
  const [first = { places: [], width: 0, height: 0 }, ...others] = tried
  return others.reduce((best, one) => (cost(one) < cost(best) ? one : best), first)
}
