/**
 * Puts a mutant into a source text: each of its edits, where it fits exactly once. Pure. An edit
 * that does not fit is a mutant that has to follow the code.
 */
import type { Mutant } from "./mutant.ts"

/** How often `find` stands in `text`. */
export const occurrences = (text: string, find: string): number => text.split(find).length - 1

/** The text of `file` with the mutant's edits; `undefined` when it has none there. */
export const applied = (mutant: Mutant, file: string, text: string): string | undefined => {
  const edits = mutant.edits.filter((edit) => edit.file === file)
  if (edits.length === 0) return undefined
  return edits.reduce((source, { find, replace }) => {
    const count = occurrences(source, find)
    if (count !== 1)
      throw new Error(`${mutant.id} does not fit ${file}: its text occurs ${count} times: ${find}`)
    return source.replace(find, () => replace)
  }, text)
}
