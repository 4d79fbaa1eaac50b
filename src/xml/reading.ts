/**
 * One element while it is read: which attributes and children have been taken, and what was left.
 * What no part of the description takes becomes a kept piece and a report.
 */
import type { Consequence, Kept, KeptAttribute } from "../model/kept.ts"
import type { Attribute, Element } from "./element.ts"
import { XmlError, type Position } from "./error.ts"
import { keepElement, keyOf } from "./kept.ts"

/** Whether the definition of a machine or of a running guest is read or written. */
export type DocumentKind = "inactive" | "active"

/** A piece that is kept or unknown, said to whoever defines a machine. */
export interface Report extends Position {
  /** From the root, such as `/domain/devices/disk[2]/@rawio`. */
  readonly path: string
  /** `unknown`: this version has never heard of it. */
  readonly kind: "kept" | "unknown"
  readonly consequence: Consequence
  readonly sentence: string
}

/** What all of one document's reading shares. */
export interface ReadContext {
  readonly kind: DocumentKind
  readonly reports: Report[]
}

export class Reading {
  readonly element: Element
  readonly path: string
  readonly context: ReadContext
  readonly #taken = new Set<Attribute | Element>()
  readonly #inside = new Map<string, Reading>()
  readonly #kept: Kept[] = []

  constructor(element: Element, path: string, context: ReadContext) {
    this.element = element
    this.path = path
    this.context = context
  }

  attribute(name: string): Attribute | undefined {
    const found = this.element.attributes.find((attribute) => attribute.name === name)
    if (found !== undefined) this.#taken.add(found)
    return found
  }

  /** All children of that name that nobody has taken. `name` is a key, as `keyOf` gives it. */
  take(name: string): readonly Element[] {
    const found = this.#elements().filter(
      (child) => keyOf(child) === name && !this.#taken.has(child)
    )
    for (const child of found) this.#taken.add(child)
    return found
  }

  /** All children that nobody has taken, whatever their names. */
  takeAll(): readonly Element[] {
    const found = this.#elements().filter((child) => !this.#taken.has(child))
    for (const child of found) this.#taken.add(child)
    return found
  }

  /** The first child of that name that nobody has taken. */
  takeOne(name: string): Element | undefined {
    const found = this.#elements().find((child) => keyOf(child) === name && !this.#taken.has(child))
    if (found !== undefined) this.#taken.add(found)
    return found
  }

  /** A child whose content belongs to this element's own description. The same one each time. */
  inside(name: string): Reading | undefined {
    const known = this.#inside.get(name)
    if (known !== undefined) return known
    const child = this.takeOne(name)
    if (child === undefined) return undefined
    const reading = this.below(child)
    this.#inside.set(name, reading)
    return reading
  }

  /** A reading of one child, with its path. */
  below(child: Element): Reading {
    return new Reading(child, this.#pathOf(child), this.context)
  }

  /** All text directly in the element. */
  text(): string {
    return this.element.children.filter((child) => typeof child === "string").join("")
  }

  /** Keeps all children of that name: known, and written back in the place of the caller. */
  keepElements(name: string, consequence: Consequence): void {
    for (const child of this.take(name)) this.#keep(child, true, consequence)
  }

  keepAttribute(name: string, consequence: Consequence): void {
    const found = this.attribute(name)
    if (found !== undefined) this.#keep(found, true, consequence)
  }

  /** Everything kept, what nobody took included. To be called once, after all parts have read. */
  finish(): readonly Kept[] {
    for (const attribute of this.element.attributes) {
      if (isDeclaration(attribute) || this.#taken.has(attribute)) continue
      this.#keep(attribute, false, "none")
    }
    for (const child of this.#elements()) {
      if (!this.#taken.has(child)) this.#keep(child, false, "none")
    }
    for (const [name, reading] of this.#inside) {
      const kept = reading.finish()
      this.#kept.push(...kept.map((piece) => ({ ...piece, within: [name, ...piece.within] })))
    }
    return this.#kept
  }

  /** An error at this element, or at one of its attributes. */
  refuse(problem: XmlError["problem"], reason: string, at: Position = this.element): XmlError {
    return new XmlError({ problem, line: at.line, column: at.column, path: this.path, reason })
  }

  /** Says that something is kept, without keeping it here. */
  report(at: Element | Attribute, isKnown: boolean, consequence: Consequence): void {
    const isElement = "children" in at
    const path = isElement ? this.#pathOf(at) : `${this.path}/@${at.name}`
    const name = isElement ? `<${at.name}>` : `attribute '${at.name}'`
    const sentence = sentenceFor(name, isKnown, consequence)
    const kind = isKnown ? "kept" : "unknown"
    const { line, column } = at
    this.context.reports.push({ path, line, column, kind, consequence, sentence })
  }

  #keep(piece: Element | Attribute, isKnown: boolean, consequence: Consequence): void {
    this.report(piece, isKnown, consequence)
    const common = { within: [], isKnown, consequence }
    if ("children" in piece) {
      this.#kept.push({ ...common, what: "element", element: keepElement(piece) })
    } else {
      const { name, prefix, uri, value } = piece
      const keep = (attribute: KeptAttribute) =>
        this.#kept.push({ ...common, what: "attribute", attribute })
      if (prefix !== "" && prefix !== "xml") keep({ name: `xmlns:${prefix}`, value: uri })
      keep({ name, value })
    }
  }

  #elements(): readonly Element[] {
    return this.element.children.filter((child) => typeof child !== "string")
  }

  #pathOf(child: Element): string {
    const twins = this.#elements().filter((other) => other.name === child.name)
    const index = twins.length > 1 ? `[${twins.indexOf(child) + 1}]` : ""
    return `${this.path}/${child.name}${index}`
  }
}

function isDeclaration({ name, prefix }: Attribute): boolean {
  return name === "xmlns" || prefix === "xmlns"
}

const lost: Readonly<Record<Consequence, string>> = {
  guest: "it is kept, and the guest cannot start with it",
  security: "it is kept, and the guest cannot start without its protection",
  none: "it is kept and has no effect"
}

function sentenceFor(name: string, isKnown: boolean, consequence: Consequence): string {
  if (!isKnown) return `${name} is not known: ${lost.none}`
  return `${name} is not acted on yet: ${lost[consequence]}`
}
