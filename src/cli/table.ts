/** Tables of text: columns as wide as their widest cell, one row a line. Pure. */

export interface Cell {
  readonly text: string
  /** How it is shown; gets the text with its padding left out. */
  readonly paint?: (text: string) => string
}

/** Characters that a terminal shows two columns wide: CJK, Hangul, full-width forms, emoji. */
const wide = new RegExp(
  [
    "[\\u1100-\\u115f\\u2e80-\\u303e\\u3041-\\ua4cf\\uac00-\\ud7a3\\uf900-\\ufaff",
    "\\ufe30-\\ufe6f\\uff00-\\uff60\\uffe0-\\uffe6",
    "\\u{1f300}-\\u{1f64f}\\u{1f900}-\\u{1f9ff}\\u{20000}-\\u{3fffd}]"
  ].join(""),
  "u"
)
const zero = /\p{Mn}|\p{Me}|\u200d/u

export const widthOf = (text: string): number => {
  let width = 0
  for (const character of text) width += zero.test(character) ? 0 : wide.test(character) ? 2 : 1
  return width
}

/** At most so many columns; what is cut ends in an ellipsis. */
export const cut = (text: string, columns: number): string => {
  if (widthOf(text) <= columns) return text
  let kept = ""
  for (const character of text) {
    if (widthOf(kept + character) > columns - 1) break
    kept += character
  }
  return columns > 0 ? `${kept}…` : ""
}

const gap = "   "

/** Lines without ends. The last column is cut where the screen ends, and not padded. */
export const tableLines = (
  rows: readonly (readonly Cell[])[],
  columns: number = Number.POSITIVE_INFINITY
): readonly string[] => {
  const count = Math.max(0, ...rows.map((row) => row.length))
  const widths = Array.from({ length: count }, (_, at) =>
    Math.max(0, ...rows.map((row) => widthOf(row[at]?.text ?? "")))
  )
  return rows.map((row) => {
    let left = columns
    const cells = row.map(({ text, paint = (plain) => plain }, at) => {
      const isLast = at === row.length - 1
      const width = Math.min(isLast ? left : (widths[at] ?? 0), Math.max(0, left))
      const shown = Number.isFinite(width) ? cut(text, width) : text
      left -= width + gap.length
      const padding = isLast ? "" : " ".repeat(Math.max(0, width - widthOf(shown)))
      return `${paint(shown)}${padding}`
    })
    return cells.join(gap).trimEnd()
  })
}
