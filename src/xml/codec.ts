/**
 * Codecs: how one attribute or text spells a value. Each decodes and encodes; none knows a place.
 */
import * as Result from "effect/Result"

export interface Codec<A> {
  /** Fails with the reason, worded to follow "'...' ". */
  readonly decode: (text: string) => Result.Result<A, string>
  readonly encode: (value: A) => string
}

export const string: Codec<string> = { decode: Result.succeed, encode: (value) => value }

export const nonEmpty: Codec<string> = {
  decode: (text) => (text === "" ? Result.fail("is empty") : Result.succeed(text)),
  encode: (value) => value
}

/** One of a few words. */
export function oneOf<const A extends string>(...words: readonly A[]): Codec<A> {
  return {
    decode: (text) => {
      const word = words.find((candidate) => candidate === text)
      if (word !== undefined) return Result.succeed(word)
      return Result.fail(`is not one of ${words.join(", ")}`)
    },
    encode: (value) => value
  }
}

function claim(yes: string, no: string): Codec<boolean> {
  return {
    decode: (text) => {
      if (text === yes) return Result.succeed(true)
      return text === no ? Result.succeed(false) : Result.fail(`is neither ${yes} nor ${no}`)
    },
    encode: (value) => (value ? yes : no)
  }
}

export const yesNo: Codec<boolean> = claim("yes", "no")
export const onOff: Codec<boolean> = claim("on", "off")

interface Bounds {
  readonly min?: number
  readonly max?: number
}

function bounded(value: number, { min = 0, max = Number.MAX_SAFE_INTEGER }: Bounds) {
  if (!Number.isSafeInteger(value)) return Result.fail("is not a number that fits")
  if (value < min) return Result.fail(`is less than ${min}`)
  return value > max ? Result.fail(`is more than ${max}`) : Result.succeed(value)
}

/** A decimal integer, by default not negative. */
export function integer(bounds: Bounds = {}): Codec<number> {
  return {
    decode: (text) => {
      if (!/^[+-]?\d{1,20}$/.test(text.trim())) return Result.fail("is not a whole number")
      return bounded(Number(text.trim()), bounds)
    },
    encode: String
  }
}

/** Decimal or `0x` hexadecimal when read; written as `0x` with at least `width` digits. */
export function hex(width: number, max: number): Codec<number> {
  return {
    decode: (text) => {
      if (!/^(0x[0-9a-f]{1,16}|\d{1,20})$/i.test(text)) return Result.fail("is not a number")
      return bounded(Number(text), { max })
    },
    encode: (value) => `0x${value.toString(16).padStart(width, "0")}`
  }
}

const uuidLetters = /^\{?[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\}?$/i

/** With or without hyphens when read; written canonically. */
export const uuid: Codec<string> = {
  decode: (text) => {
    if (!uuidLetters.test(text.trim())) return Result.fail("is not a UUID")
    const digits = text.replace(/[^0-9a-f]/gi, "").toLowerCase()
    return Result.succeed(digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5"))
  },
  encode: (value) => value
}

/** An Ethernet address of one host: not a group address. */
export const mac: Codec<string> = {
  decode: (text) => {
    const octets = text.split(":")
    if (octets.length !== 6 || !octets.every((octet) => /^[0-9a-f]{1,2}$/i.test(octet))) {
      return Result.fail("is not an Ethernet address")
    }
    const spelled = octets.map((octet) => octet.toLowerCase().padStart(2, "0")).join(":")
    const isGroup = (Number.parseInt(octets[0] ?? "", 16) & 1) === 1
    return isGroup ? Result.fail("is a group address") : Result.succeed(spelled)
  },
  encode: (value) => value
}
