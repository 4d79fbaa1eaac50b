/**
 * Text to a tree of elements, each with its place in the text, within bounds. Comments, processing
 * instructions and the XML declaration are passed over; a DOCTYPE is refused, so there are no
 * entities but XML's own five. Knows no libvirt element.
 */
import * as Result from "effect/Result"
import { type SaxesAttributeNS, SaxesParser, type SaxesTagNS } from "saxes"
import { type Position, XmlError } from "./error.ts"
import {
  attributesMax,
  depthMax,
  documentLengthMax,
  elementsMax,
  nameLengthMax,
  sliceLength
} from "./limits.ts"
import { positionsIn } from "./position.ts"
import { notXmlAt } from "./text.ts"

export interface Attribute extends Position {
  /** As written, with its prefix. */
  readonly name: string
  readonly prefix: string
  /** The namespace; empty is none. */
  readonly uri: string
  readonly value: string
}

export interface Element extends Position {
  readonly name: string
  readonly prefix: string
  readonly local: string
  readonly uri: string
  readonly attributes: readonly Attribute[]
  readonly children: readonly (Element | string)[]
}

interface Open {
  readonly element: Element
  readonly attributes: Attribute[]
  readonly children: (Element | string)[]
}

/** UTF-16 units of what the parser says, which may quote the text. */
const reasonLengthMax = 300

/** Reads a whole document. Linear in its length; stops within one slice of the first error. */
export function parseElement(text: string): Result.Result<Element, XmlError> {
  const positionAt = positionsIn(text)
  if (text.length > documentLengthMax) {
    const reason = `the document has ${text.length} characters, more than ${documentLengthMax}`
    return Result.fail(failure("tooLarge", positionAt(documentLengthMax), reason))
  }
  const bad = notXmlAt(text)
  if (bad >= 0) {
    const code = text.charCodeAt(bad).toString(16).toUpperCase().padStart(4, "0")
    return Result.fail(failure("malformed", positionAt(bad), `U+${code} cannot stand in XML`))
  }
  return build(text, positionAt)
}

function build(
  text: string,
  positionAt: (offset: number) => Position
): Result.Result<Element, XmlError> {
  const parser = new SaxesParser({ xmlns: true, position: true })
  const open: Open[] = []
  let root: Element | undefined
  let count = 0
  let opened = 0
  let ends: number[] = []
  let first: XmlError | undefined
  const fail = (problem: XmlError["problem"], offset: number, reason: string) => {
    first ??= failure(problem, positionAt(offset), reason)
  }

  const checkName = (name: string, offset: number) => {
    if (name.length > nameLengthMax) {
      fail("tooLarge", offset, `a name has ${name.length} characters, more than ${nameLengthMax}`)
    }
  }

  parser.on("error", (error) => {
    const reason = error.message.replace(/^\d+:\d+: /, "").replace(/\.$/, "")
    fail("malformed", parser.position - 1, reason.slice(0, reasonLengthMax))
  })
  parser.on("doctype", () => {
    fail("forbidden", text.indexOf("<!DOCTYPE"), "a document type declaration is not accepted")
  })
  parser.on("opentagstart", (tag) => {
    opened = text.lastIndexOf("<", parser.position - tag.name.length - 1)
    ends = []
    count += 1
    checkName(tag.name, opened)
    if (count > elementsMax) fail("tooLarge", opened, `there are more than ${elementsMax} elements`)
    if (open.length >= depthMax) {
      fail("tooLarge", opened, `elements are nested more than ${depthMax} deep`)
    }
  })
  parser.on("attribute", ({ name }) => {
    checkName(name, parser.position)
    ends.push(parser.position)
    if (ends.length > attributesMax) {
      fail("tooLarge", parser.position, `an element has more than ${attributesMax} attributes`)
    }
  })
  parser.on("opentag", (tag) => {
    if (first !== undefined) return
    const starts = attributeStarts(text, tag, ends)
    const next = newElement(tag, positionAt(opened), starts.map(positionAt))
    open.at(-1)?.children.push(next.element)
    root ??= next.element
    open.push(next)
  })
  const addText = (piece: string) => void open.at(-1)?.children.push(piece)
  parser.on("text", addText)
  parser.on("cdata", addText)
  parser.on("closetag", () => void open.pop())

  for (let at = 0; at < text.length && first === undefined; at += sliceLength) {
    parser.write(text.slice(at, at + sliceLength))
  }
  if (first === undefined) parser.close()
  if (first !== undefined) return Result.fail(first)
  if (root !== undefined) return Result.succeed(root)
  return Result.fail(failure("malformed", positionAt(0), "there is no element"))
}

function newElement(tag: SaxesTagNS, position: Position, starts: readonly Position[]): Open {
  const list: readonly SaxesAttributeNS[] = Object.values(tag.attributes)
  const attributes = list.map(({ name, prefix, uri, value }, index) => {
    const at = starts[index] ?? position
    return { name, prefix, uri, value, ...at }
  })
  const children: (Element | string)[] = []
  const { name, prefix, local, uri } = tag
  return {
    attributes,
    children,
    element: { name, prefix, local, uri, attributes, children, ...position }
  }
}

/** Where each attribute's name begins, found backwards from the end of its value. */
function attributeStarts(text: string, tag: SaxesTagNS, ends: readonly number[]): number[] {
  return Object.keys(tag.attributes).map((name, index) => {
    const close = (ends[index] ?? 0) - 1
    const quote = text.lastIndexOf(text.charAt(close), close - 1)
    return text.lastIndexOf(name, quote - name.length)
  })
}

function failure(problem: XmlError["problem"], position: Position, reason: string): XmlError {
  const { line, column } = position
  return new XmlError({ problem, line, column, path: "", reason })
}
