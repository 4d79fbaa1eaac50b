/**
 * Vital product data: what a card's maker wrote into it, as bytes, read as libvirt reads it. A
 * device may have written anything: the bytes are bounded, the read-only part has a checksum, and
 * what is no plain text is left out. Pure.
 */
import type { Vpd, VpdField } from "../model/node-device.ts"

/** The address of vital product data has 15 bits. */
export const vpdBytesMax = 32 * 1024

const tag = { name: 0x82, readOnly: 0x90, readWrite: 0x91, end: 0x78 } as const

interface Field {
  readonly keyword: string
  readonly data: Uint8Array
  /** Where the data begins, from the start of all. */
  readonly at: number
}

interface Part {
  readonly tag: number
  readonly at: number
  readonly data: Uint8Array
}

/** Up to the end tag; `undefined` when they do not end within the bytes. */
const partsOf = (bytes: Uint8Array): readonly Part[] | undefined => {
  const parts: Part[] = []
  let at = 0
  while (at < bytes.length) {
    const kind = bytes[at] ?? 0
    if (kind === tag.end) return parts
    const length = (bytes[at + 1] ?? 0) + 256 * (bytes[at + 2] ?? 0)
    const from = at + 3
    if (kind < 0x80 || from + length > bytes.length) return undefined
    parts.push({ tag: kind, at: from, data: bytes.subarray(from, from + length) })
    at = from + length
  }
  return undefined
}

const fieldsOf = ({ data, at: base }: Part): readonly Field[] | undefined => {
  const fields: Field[] = []
  for (let at = 0; at + 3 <= data.length; ) {
    const length = data[at + 2] ?? 0
    const from = at + 3
    if (from + length > data.length) return undefined
    const keyword = textOf(data.subarray(at, at + 2))
    fields.push({ keyword, data: data.subarray(from, from + length), at: base + from })
    at = from + length
  }
  return fields
}

const textOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes)

/** libvirt takes these characters and no others. */
const plain = /^[0-9A-Za-z \-_,.:;=]{0,255}$/

/** Makers fill with blanks and zeros. */
const valueOf = ({ data }: Field): string | undefined => {
  const [text = ""] = textOf(data).split("\0")
  const value = text.trim()
  return plain.test(value) ? value : undefined
}

/** All bytes up to the one that makes the sum zero. */
const isWhole = (bytes: Uint8Array, fields: readonly Field[]): boolean => {
  const checksum = fields.find(({ keyword }) => keyword === "RV")
  if (checksum === undefined) return false
  return bytes.subarray(0, checksum.at + 1).reduce((sum, byte) => (sum + byte) & 0xff, 0) === 0
}

const named = (fields: readonly Field[], keyword: string): string | undefined => {
  const field = fields.find((one) => one.keyword === keyword)
  return field === undefined ? undefined : valueOf(field)
}

/** `V0` to `VZ`, `Y0` to `YZ`. */
const indexed = (
  fields: readonly Field[],
  letter: string,
  pattern = /^[0-9A-Z]$/
): readonly VpdField[] =>
  fields.flatMap((field) => {
    const index = field.keyword[1] ?? ""
    const value = valueOf(field)
    return field.keyword[0] === letter && pattern.test(index) && value !== undefined
      ? [{ index, value }]
      : []
  })

const optional = <K extends string>(key: K, value: string | undefined) =>
  value === undefined ? {} : ({ [key]: value } as { readonly [key in K]: string })

const readOnlyOf = (fields: readonly Field[]): NonNullable<Vpd["readOnly"]> => ({
  ...optional("changeLevel", named(fields, "EC")),
  ...optional("manufactureId", named(fields, "MN")),
  ...optional("partNumber", named(fields, "PN")),
  ...optional("serialNumber", named(fields, "SN")),
  vendor: indexed(fields, "V")
})

const readWriteOf = (fields: readonly Field[]): NonNullable<Vpd["readWrite"]> => ({
  ...optional("assetTag", named(fields, "YA")),
  vendor: indexed(fields, "V"),
  system: indexed(fields, "Y", /^[0-9B-Z]$/)
})

/** `undefined` for what is no vital product data, or damaged. */
export const vpdOf = (bytes: Uint8Array): Vpd | undefined => {
  const parts = partsOf(bytes)
  const [first, ...rest] = parts ?? []
  if (first?.tag !== tag.name) return undefined
  const name = valueOf({ keyword: "", data: first.data, at: first.at })
  const fieldsWith = (wanted: number) => {
    const part = rest.find((one) => one.tag === wanted)
    return part === undefined ? undefined : fieldsOf(part)
  }
  const readOnly = fieldsWith(tag.readOnly)
  const readWrite = fieldsWith(tag.readWrite)
  if (name === undefined || (readOnly === undefined && readWrite === undefined)) return undefined
  if (readOnly !== undefined && !isWhole(bytes, readOnly)) return undefined
  return {
    name,
    ...(readOnly && { readOnly: readOnlyOf(readOnly) }),
    ...(readWrite && { readWrite: readWriteOf(readWrite) })
  }
}
