/** Short ways to write elements of which nothing is ever read back. */
import type { KeptElement } from "../model/kept.ts"

export type Attributes = { readonly [name: string]: string | number | undefined }

/** Attributes that are undefined are left out. */
export const element = (
  name: string,
  attributes: Attributes = {},
  children: readonly (KeptElement | string)[] = []
): KeptElement => ({
  name,
  attributes: Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [{ name: key, value: String(value) }]
  ),
  children
})

/** An element with a text. */
export const leaf = (
  name: string,
  text: string | number,
  attributes: Attributes = {}
): KeptElement => element(name, attributes, [String(text)])

/** What there may be, or not. */
export const maybe = <A>(
  value: A | undefined,
  write: (value: A) => KeptElement
): readonly KeptElement[] => (value === undefined ? [] : [write(value)])

/** A set of values that a client may choose from. */
export const choices = (name: string, values: readonly string[]): KeptElement =>
  element(
    "enum",
    { name },
    values.map((value) => leaf("value", value))
  )
