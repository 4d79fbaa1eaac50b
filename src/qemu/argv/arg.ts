/**
 * Words of a QEMU command line and their two encodings: JSON, where QEMU takes it, and key=value
 * with every comma of a value doubled. No value can become an option or another key, whatever it
 * holds.
 */
import { assert } from "../../base/assert.ts"

/** An option with its value, if it has one: `["-S"]`, `["-m", "1024"]`. */
export type Arg = readonly [option: string] | readonly [option: string, value: string]

export type Json =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json | undefined }

/** Absent members are left out. */
export interface JsonObject {
  readonly [key: string]: Json | undefined
}

/** JSON text. A bigint is written as the number it is, which JSON.stringify cannot do. */
export const jsonText = (value: Json): string => {
  if (typeof value === "bigint") return value.toString()
  if (value === null || typeof value !== "object") return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map((item: Json) => jsonText(item)).join(",")}]`
  const members = Object.entries(value as JsonObject).flatMap(([key, member]) =>
    member === undefined ? [] : [`${JSON.stringify(key)}:${jsonText(member)}`]
  )
  return `{${members.join(",")}}`
}

/** `-device`, `-object`, `-blockdev`, `-netdev`, `-audiodev`: options that take a JSON object. */
export const jsonArg = (option: string, value: JsonObject): Arg => [option, jsonText(value)]

export const device = (value: JsonObject): Arg => jsonArg("-device", value)
export const object = (value: JsonObject): Arg => jsonArg("-object", value)
export const blockdev = (value: JsonObject): Arg => jsonArg("-blockdev", value)

/** A comma ends a value unless it is doubled (`qemu-option.c`, `keyval.c`). */
export const escapeCommas = (value: string): string => value.replaceAll(",", ",,")

export type KeyValue = readonly [key: string, value: string | number | boolean | undefined]

const spelled = (value: string | number | boolean): string => {
  if (typeof value === "boolean") return value ? "on" : "off"
  return escapeCommas(String(value))
}

/**
 * `head,key=value,...`; absent values are left out. `head` is one of QEMU's words, not a user's.
 */
export const keyValues = (head: string | undefined, pairs: readonly KeyValue[]): string => {
  assert(head === undefined || !/[,=]/.test(head), "a leading word is a plain one")
  const words = pairs.flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${spelled(value)}`]
  )
  return [...(head === undefined ? [] : [head]), ...words].join(",")
}

/** The words of a list of arguments, in order. */
export const words = (args: readonly Arg[]): readonly string[] => args.flat()
