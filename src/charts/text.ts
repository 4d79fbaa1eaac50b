/**
 * How wide a text is where no browser can be asked, and how it is broken into lines. Pure.
 *
 * The widths are DejaVu Sans', the widest of the usual fonts: in any other the text has room to
 * spare, so that boxes made from these widths never cut it.
 */

import type { Mark } from "./marks.ts"

export { printable, printableWhole, shownName } from "./printable.ts"

/** Advance widths of the characters U+0020 to U+007E, in hundredths of the size. */
const plain = [
  32, 40, 46, 84, 64, 95, 78, 27, 39, 39, 50, 84, 32, 36, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64,
  64, 64, 34, 34, 84, 84, 84, 53, 100, 68, 69, 70, 77, 63, 58, 77, 75, 29, 29, 66, 56, 86, 75, 79,
  60, 79, 69, 63, 61, 73, 68, 99, 69, 61, 69, 39, 34, 39, 84, 50, 50, 61, 63, 55, 63, 62, 35, 63,
  63, 28, 28, 58, 28, 97, 63, 61, 63, 63, 41, 52, 39, 63, 59, 82, 59, 59, 52, 64, 34, 64, 84
]

/** Bold letters are at most this much wider. */
const boldFactor = 1.13

/** A font's size in px, and its weight. */
export interface Face {
  readonly size: number
  readonly isBold: boolean
}

export const titleFace: Face = { size: 13, isBold: true }
export const lineFace: Face = { size: 11, isBold: false }

const isWide = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]/u
const isPictograph = /\p{Extended_Pictographic}/u
const isMark = /\p{M}/u

/** In hundredths of the size. Of what is not in the table the widest of its kind. */
function advance(character: string): number {
  const code = character.codePointAt(0) ?? 0
  const known = plain[code - 0x20]
  if (known !== undefined) return known
  if (isMark.test(character)) return 0
  if (isPictograph.test(character)) return 140
  if (isWide.test(character) || code > 0x1ffff) return 105
  return code < 0x180 ? 84 : 118
}

/** The width of a printable text, in px. */
export function widthOf(text: string, { size, isBold }: Face): number {
  let hundredths = 0
  for (const character of text) hundredths += advance(character)
  return (hundredths * size * (isBold ? boldFactor : 1)) / 100
}

/** A line of a text that was broken: `isMore` when it goes on from the line before. */
export interface Line {
  readonly text: string
  readonly isMore: boolean
  readonly mark?: Mark
}

/** How far lines that go on are set in, in px. */
export const moreIndent = 10

/** A word in pieces that fit, each as long as can be. */
function pieces(word: string, face: Face, widthMax: number): readonly string[] {
  if (widthOf(word, face) <= widthMax) return [word]
  const found: string[] = []
  let piece = ""
  for (const character of word) {
    if (piece !== "" && widthOf(piece + character, face) > widthMax) {
      found.push(piece)
      piece = ""
    }
    piece += character
  }
  return [...found, piece]
}

/** The text in lines not wider than this, broken at blanks, or in a word where there is none. */
export function wrap(text: string, face: Face, widthMax: number): readonly Line[] {
  const lines: string[] = []
  let line = ""
  for (const word of text.split(" ").flatMap((one) => pieces(one, face, widthMax))) {
    const longer = line === "" ? word : `${line} ${word}`
    if (line !== "" && widthOf(longer, face) > widthMax) {
      lines.push(line)
      line = word
    } else line = longer
  }
  return [...lines, line].map((one, at) => ({ text: one, isMore: at > 0 }))
}

/** The width of the widest of the lines, what is set in included. */
export const widthOfLines = (lines: readonly Line[], face: Face): number =>
  Math.max(0, ...lines.map(({ text, isMore }) => widthOf(text, face) + (isMore ? moreIndent : 0)))

/** How many columns of a terminal a printable text takes. */
export const columnsOf = (text: string): number => {
  let columns = 0
  for (const character of text) {
    if (isMark.test(character)) continue
    columns += isWide.test(character) || isPictograph.test(character) ? 2 : 1
  }
  return columns
}
