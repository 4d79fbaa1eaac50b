/** Offsets in a text to lines and columns. */
import type { Position } from "./error.ts"

/** Tells the line and column of any offset of `text`; the first question builds the line table. */
export function positionsIn(text: string): (offset: number) => Position {
  let starts: readonly number[] | undefined
  return (offset) => {
    starts ??= lineStarts(text)
    const at = Math.max(0, Math.min(offset, text.length))
    const line = lastAtMost(starts, at)
    return { line: line + 1, column: at - (starts[line] ?? 0) + 1 }
  }
}

function lineStarts(text: string): readonly number[] {
  const starts = [0]
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1)
  return starts
}

/** The index of the last of the ascending `starts` that is at most `value`; the first is 0. */
function lastAtMost(starts: readonly number[], value: number): number {
  let low = 0
  let high = starts.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((starts[middle] ?? 0) <= value) low = middle
    else high = middle - 1
  }
  return low
}
