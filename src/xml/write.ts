/**
 * A tree of elements to text with libvirt's look: two spaces for each level, single quotes. What
 * it writes can always be read back: characters that XML cannot hold become U+FFFD.
 */
import type { KeptElement } from "../model/kept.ts"
import { toXmlText } from "./text.ts"

/** The text of an element and all below it, without a final newline. */
export function writeElement(element: KeptElement, indent = ""): string {
  const attributes = element.attributes.map(
    ({ name, value }) => ` ${name}='${escape(value, attributeCharacters)}'`
  )
  const head = `${indent}<${element.name}${attributes.join("")}`
  if (element.children.length === 0) return `${head}/>`
  const foot = `</${element.name}>`
  // White space around text is part of the text, so an element with text is written in one line.
  if (element.children.some((child) => typeof child === "string")) {
    const content = element.children.map((child) =>
      typeof child === "string" ? escape(child, textCharacters) : writeElement(flat(child))
    )
    return `${head}>${content.join("")}${foot}`
  }
  const children = element.children.map((child) =>
    typeof child === "string" ? "" : writeElement(child, `${indent}  `)
  )
  return `${head}>\n${children.join("\n")}\n${indent}${foot}`
}

/** The same element with an empty text in front, which keeps it and all below it in one line. */
function flat(element: KeptElement): KeptElement {
  if (element.children.length === 0) return element
  const children = element.children.map((child) =>
    typeof child === "string" ? child : flat(child)
  )
  return { ...element, children: ["", ...children] }
}

const textCharacters = /[<>&'"\r]/g
// A reader turns these three into spaces unless they are written as references.
const attributeCharacters = /[<>&'"\r\n\t]/g

const reference: Readonly<Record<string, string>> = {
  "<": "&lt;",
  ">": "&gt;",
  "&": "&amp;",
  "'": "&apos;",
  '"': "&quot;",
  "\r": "&#13;",
  "\n": "&#10;",
  "\t": "&#9;"
}

function escape(text: string, characters: RegExp): string {
  return toXmlText(text).replace(characters, (character) => reference[character] ?? character)
}
