/**
 * What is shown of names that somebody else gave: of signs that are none (controls, marks of
 * direction, halves of characters) their numbers, of too long ones the beginning. Pure.
 */

/** Longer texts end in a sign that says so; a chart is no listing. */
export const textLengthMax = 240

const ellipsis = "…"

const escaped = (character: string): string =>
  `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`

/**
 * The text with everything in it visible and harmless: controls, marks of direction and characters
 * that are none are told by their numbers, white space is one blank, marks pile up three high, and
 * what is longer than `lengthMax` characters ends in an ellipsis.
 */
export function printable(text: string, lengthMax = textLengthMax): string {
  // Cut first: the rest costs by the character, and a name may have ten thousand.
  const start = text.slice(0, lengthMax * 2)
  const shown = start
    .replace(/\s+/g, " ")
    .replace(/(\p{M}{3})\p{M}+/gu, "$1")
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}]/gu, escaped)
    .trim()
  const characters = [...shown]
  if (characters.length <= lengthMax && start.length === text.length) return shown
  return `${characters.slice(0, lengthMax - 1).join("")}${ellipsis}`
}

/** The same of a text that is made of names, each of which was cut by itself. */
export const printableWhole = (text: string): string => printable(text, Number.POSITIVE_INFINITY)

/** A state's or a machine's name as a reader sees it: one of nothing but blanks is told too. */
export const shownName = (name: string, lengthMax = textLengthMax): string =>
  printable(name, lengthMax) || "(empty)"

/** JSON in which every control and mark of direction is written by its number; it says the same. */
export const harmlessJson = (text: string): string =>
  text.replace(/[\u007f-\u009f\u2028\u2029\p{Cf}]/gu, (sign) =>
    [...Array(sign.length).keys()]
      .map((at) => `\\u${sign.charCodeAt(at).toString(16).padStart(4, "0")}`)
      .join("")
  )
