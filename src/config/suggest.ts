/** The known word that an unknown one was most likely meant to be. */

/**
 * Edits (insert, remove, replace a letter, swap two) from `a` to `b`, as optimal string alignment.
 */
export const editDistance = (a: string, b: string): number => {
  let older: readonly number[] = []
  let last: readonly number[] = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1]
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const edits = [
        (last[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (last[j - 1] ?? 0) + (isSame ? 0 : 1),
        ...(isSwapped ? [(older[j - 2] ?? 0) + 1] : [])
      ]
      row.push(Math.min(...edits))
    }
    older = last
    last = row
  }
  return last[b.length] ?? 0
}

export interface Suggestion {
  readonly word: string
  readonly distance: number
}

/** The nearest word within a third of the length, or `undefined`. */
export const suggest = (unknown: string, words: readonly string[]): Suggestion | undefined => {
  const lower = unknown.toLowerCase()
  const distanceMax = Math.max(1, Math.floor(lower.length / 3))
  const near = words
    .filter((word) => Math.abs(word.length - lower.length) <= distanceMax)
    .map((word) => ({ word, distance: editDistance(lower, word) }))
    .filter(({ distance }) => distance <= distanceMax)
  return near.toSorted((a, b) => a.distance - b.distance)[0]
}
