/**
 * Key codes of callers to the numbers that QEMU's `send-key` takes. Pure; the numbers stand in
 * `guest-keys-data.ts`.
 */
import type { Json, JsonObject } from "../qmp/json.ts"
import { keyRows } from "./guest-keys-data.ts"

/** virKeycodeSet, in its order from 0. */
export const codesets = [
  "linux",
  "xt",
  "atset1",
  "atset2",
  "atset3",
  "os_x",
  "xt_kbd",
  "usb",
  "win32",
  "qnum"
] as const

export type Codeset = (typeof codesets)[number]

/** VIR_DOMAIN_SEND_KEY_MAX_KEYS */
export const keysMax = 16

/** Codes of one key; several where a set tells left and right apart and has a word for both. */
interface Key {
  readonly linux: readonly number[]
  readonly atset1: readonly number[]
  readonly atset2: readonly number[]
  readonly atset3: readonly number[]
  readonly usb: readonly number[]
  readonly osX: readonly number[]
  readonly win32: readonly number[]
}

const codes = (words = "-"): readonly number[] =>
  words === "-" ? [] : words.split("/").map((word) => Number.parseInt(word, 16))

const keys: readonly Key[] = keyRows.split(",").map((row) => {
  const [linux, atset1, atset2, atset3, usb, osX, win32] = row.trim().split(" ")
  return {
    linux: [Number(linux)],
    atset1: codes(atset1),
    atset2: codes(atset2),
    atset3: codes(atset3),
    usb: codes(usb),
    osX: codes(osX),
    win32: codes(win32)
  }
})

const prefix = 0xe000

/** A scan code of set 1 in one byte and a mark for its prefix. */
const marked =
  (mark: number) =>
  (code: number): number =>
    (code & 0xff00) === prefix ? mark | (code & 0x7f) : code

const qnumOfKey = ({ atset1: [code = 0] }: Key): number => marked(0x80)(code)

/** The first key of a code is meant. */
const table = (codesOf: (key: Key) => readonly number[]): ReadonlyMap<number, number> =>
  new Map(
    keys.flatMap((key) => codesOf(key).map((code) => [code, qnumOfKey(key)] as const)).toReversed()
  )

const xtCodes = ({ atset1 }: Key) => atset1.map(marked(0x100))

const tables: { readonly [C in Codeset]: ReadonlyMap<number, number> } = {
  linux: table(({ linux }) => linux),
  xt: table(xtCodes),
  atset1: table(({ atset1 }) => atset1),
  atset2: table(({ atset2 }) => atset2),
  atset3: table(({ atset3 }) => atset3),
  os_x: table(({ osX }) => osX),
  xt_kbd: table(xtCodes),
  usb: table(({ usb }) => usb),
  win32: table(({ win32 }) => win32),
  qnum: table((key) => [qnumOfKey(key)])
}

/** QEMU's number of the key; `undefined`: the codeset has no such key. */
export const qnumOf = (codeset: Codeset, code: number): number | undefined =>
  tables[codeset].get(code)

/** The words of `send-key`. */
export const sendKeyWords = (qnums: readonly number[], holdMs: number): JsonObject => {
  const pressed: Json = qnums.map((data) => ({ type: "number", data }))
  return holdMs === 0 ? { keys: pressed } : { keys: pressed, "hold-time": holdMs }
}
