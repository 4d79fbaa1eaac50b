/** One element while it is written: its attributes and children so far, and what is kept of it. */
import type { Kept, KeptAttribute, KeptElement } from "../model/kept.ts"
import type { DocumentKind } from "./reading.ts"

export interface WriteContext {
  readonly kind: DocumentKind
  /** False leaves out passwords. */
  readonly withSecrets: boolean
}

export class Writing {
  readonly name: string
  readonly context: WriteContext
  readonly #attributes: KeptAttribute[] = []
  readonly #children: (string | (() => KeptElement))[] = []
  readonly #inside = new Map<string, Writing>()
  #waiting: readonly Kept[]

  constructor(name: string, context: WriteContext, kept: readonly Kept[] = []) {
    this.name = name
    this.context = context
    this.#waiting = kept
  }

  attribute(name: string, value: string): void {
    if (this.#attributes.some((attribute) => attribute.name === name)) return
    this.#attributes.push({ name, value })
  }

  text(value: string): void {
    if (value !== "") this.#children.push(value)
  }

  child(element: KeptElement): void {
    this.#children.push(() => element)
  }

  /** A child that several parts write into. It stands where the first of them wrote. */
  inside(name: string): Writing {
    const known = this.#inside.get(name)
    if (known !== undefined) return known
    const mine = this.#waiting.filter(({ within }) => within[0] === name)
    this.#waiting = this.#waiting.filter((kept) => !mine.includes(kept))
    const writing = new Writing(
      name,
      this.context,
      mine.map((kept) => ({ ...kept, within: kept.within.slice(1) }))
    )
    this.#inside.set(name, writing)
    this.#children.push(() => writing.finish())
    return writing
  }

  /** Writes the known kept elements of that name here. */
  placeElements(name: string): void {
    this.#place(({ what, isKnown }) => what === "element" && isKnown, name)
  }

  placeAttribute(name: string): void {
    this.#place(({ what, isKnown }) => what === "attribute" && isKnown, name)
  }

  /** The element, with everything that found no place at its end. */
  finish(): KeptElement {
    for (const { within } of this.#waiting) {
      const [name] = within
      if (name !== undefined) this.inside(name)
    }
    this.#place(() => true)
    const children = this.#children.map((child) => (typeof child === "string" ? child : child()))
    return { name: this.name, attributes: this.#attributes, children }
  }

  #place(which: (kept: Kept) => boolean, name?: string): void {
    const placed = this.#waiting.filter(
      (kept) =>
        kept.within.length === 0 && which(kept) && (name === undefined || name === nameOf(kept))
    )
    this.#waiting = this.#waiting.filter((kept) => !placed.includes(kept))
    for (const kept of placed) {
      if (kept.what === "element") this.child(kept.element)
      else this.attribute(kept.attribute.name, kept.attribute.value)
    }
  }
}

function nameOf(kept: Kept): string {
  return kept.what === "element" ? kept.element.name : kept.attribute.name
}
