/**
 * Names of PCI vendors and products, from the list that hosts install (pci.ids). The text is
 * searched as it is: a few names are wanted out of forty thousand. Never fails; without the list
 * numbers have no names.
 */
import * as Effect from "effect/Effect"
import { readBytes } from "./device-record.ts"

/** Debian's place and Fedora's. */
const places = ["/usr/share/misc/pci.ids", "/usr/share/hwdata/pci.ids"] as const

/** The list has 1.4 MB (2023). */
const listBytesMax = 16 * 1024 * 1024

export interface PciNames {
  readonly vendor: (id: number) => string | undefined
  readonly product: (vendor: number, id: number) => string | undefined
}

const hex = (id: number): string => id.toString(16).padStart(4, "0")

/** The rest of the line that starts so, from `from` on and before `end`. */
const lineAfter = (text: string, start: string, { from = 0, end = text.length } = {}) => {
  const at = text.indexOf(`\n${start}  `, from)
  if (at < 0 || at >= end) return undefined
  const nameAt = at + 1 + start.length + 2
  const lineEnd = text.indexOf("\n", nameAt)
  return { name: text.slice(nameAt, lineEnd < 0 ? undefined : lineEnd).trim(), at: nameAt }
}

/** Device classes follow the vendors, and look like them but for the letter before. */
const nextVendor = /\n[0-9a-fA-F]/g

/** Looked for once: hosts have many functions of few makes.. */
const remembering = <A>(find: (key: number) => A): ((key: number) => A) => {
  const found = new Map<number, A>()
  return (key) => {
    const known = found.get(key)
    if (known !== undefined || found.has(key)) return known as A
    const value = find(key)
    found.set(key, value)
    return value
  }
}

export const pciNames = (list: string): PciNames => {
  const text = `\n${list}`
  const vendorAt = remembering((id: number) => lineAfter(text, hex(id)))
  const productOf = remembering((both: number) => {
    const found = vendorAt(Math.floor(both / 0x1_0000))
    if (found === undefined) return undefined
    nextVendor.lastIndex = found.at
    const end = nextVendor.exec(text)?.index ?? text.length
    return lineAfter(text, `\t${hex(both % 0x1_0000)}`, { from: found.at - 1, end })?.name
  })
  return {
    vendor: (id) => vendorAt(id)?.name,
    product: (vendor, id) => productOf(vendor * 0x1_0000 + id)
  }
}

export const readPciNames = Effect.gen(function* () {
  for (const place of places) {
    const bytes = yield* readBytes(place, listBytesMax)
    if (bytes !== undefined) return pciNames(new TextDecoder().decode(bytes))
  }
  return pciNames("")
})
