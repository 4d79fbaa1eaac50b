/**
 * The name of a file for the name of a domain: readable, safe, at most `stemBytesMax` bytes, and
 * never the same for two names. Names are only ever encoded; which domain a file belongs to is read
 * in it.
 *
 * Kept as they are: letters of all scripts, spaces, everything that a directory entry can hold and
 * a terminal can show. Encoded: `/`, control characters, `%`, a leading dot (dot files are ours),
 * and lone surrogates. `%` always starts one of `%XX` (a byte), `%uXXXX` (a lone surrogate), `%~`
 * plus a SHA-256 (the end of a name that is too long), or ends the name (the empty name), so that
 * no two meanings share a spelling.
 */
import { fileNameBytesMax } from "../base/limits.ts"
import { assert } from "../base/assert.ts"
import { sha256 } from "./sha256.ts"

/** The longest suffix that is put behind a stem: `.log.9999`. */
const suffixBytesMax = 9

/** Room for a suffix is kept, so that the definition and the rotated log of one domain both fit. */
export const stemBytesMax: number = fileNameBytesMax - suffixBytesMax

const digestBytes = "%~".length + 64
const encoder = new TextEncoder()
const byteLength = (text: string): number => encoder.encode(text).length

const hex = (value: number, digits: number): string =>
  value.toString(16).toUpperCase().padStart(digits, "0")

const percent = (character: string): string =>
  Array.from(encoder.encode(character), (byte) => `%${hex(byte, 2)}`).join("")

// C0, DEL, C1, and the two separators that many tools take for a line's end.
const isControl = (point: number): boolean =>
  point < 0x20 || (point >= 0x7f && point < 0xa0) || point === 0x2028 || point === 0x2029

const isLoneSurrogate = (point: number): boolean => point >= 0xd800 && point <= 0xdfff

const encodeCharacter = (character: string, index: number): string => {
  const point = character.codePointAt(0) ?? 0
  if (isLoneSurrogate(point)) return `%u${hex(point, 4)}`
  const isSpecial = character === "/" || character === "%" || (character === "." && index === 0)
  return isSpecial || isControl(point) ? percent(character) : character
}

/** The longest prefix, in whole encoded characters, of at most `bytesMax` bytes. */
const prefixOf = (characters: readonly string[], bytesMax: number): string => {
  let bytes = 0
  let count = 0
  for (const character of characters) {
    bytes += byteLength(character)
    if (bytes > bytesMax) break
    count += 1
  }
  return characters.slice(0, count).join("")
}

/** Nearly every name: none of its characters is encoded. */
const plainPattern = /^[A-Za-z0-9_-][A-Za-z0-9_. -]*$/

/** The stem of the files of the domain `name`. Total: every string has one. */
export const fileStem = (name: string): string => {
  if (name === "") return "%"
  if (name.length <= stemBytesMax && plainPattern.test(name)) return name
  const characters = Array.from(name, encodeCharacter)
  const whole = characters.join("")
  if (byteLength(whole) <= stemBytesMax) return whole
  const digest = sha256(encoder.encode(whole))
  const stem = `${prefixOf(characters, stemBytesMax - digestBytes)}%~${digest}`
  assert(byteLength(stem) <= stemBytesMax, "a file name fits into a directory entry")
  return stem
}

const decoder = new TextDecoder("utf-8", { fatal: false })

/**
 * The name that a stem was made from, for showing to people: `undefined` when the stem is not one
 * of ours or its name was too long to be kept.
 */
export const nameOfStem = (stem: string): string | undefined => {
  if (stem === "%") return ""
  const bytes = (run: string): string =>
    decoder.decode(
      Uint8Array.from(run.slice(1).split("%"), (digits) => Number.parseInt(digits, 16))
    )
  const name = stem
    .replace(/%u(D[89A-F][0-9A-F]{2})/g, (_, digits: string) =>
      String.fromCharCode(Number.parseInt(digits, 16))
    )
    .replace(/(?:%[0-9A-F]{2})+/g, bytes)
  return fileStem(name) === stem ? name : undefined
}
