/** One element while it is written: its attributes and children so far, and what is kept of it. */
import type { Kept, KeptAttribute, KeptElement } from "../model/kept.ts"
import { numbered, unnumbered } from "./kept.ts"
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
  inside(key: string): Writing {
    const known = this.#inside.get(key)
    if (known !== undefined) return known
    const mine = this.#withdraw(({ within }) => within[0] === key)
    const kept = mine.map((piece) => ({ ...piece, within: piece.within.slice(1) }))
    const writing = new Writing(unnumbered(key), this.context, kept)
    this.#inside.set(key, writing)
    this.#children.push(() => writing.finish())
    return writing
  }

  /** Children of one name, each with what is kept of it. */
  insideEach(name: string, index: number): Writing {
    return this.inside(numbered(name, index))
  }

  /** Writes the known kept elements of that name here. */
  placeElements(name: string): void {
    this.#place((kept) => kept.what === "element" && kept.isKnown && nameOf(kept) === name)
  }

  placeAttribute(name: string): void {
    this.#place((kept) => kept.what === "attribute" && kept.isKnown && nameOf(kept) === name)
  }

  /** The element, with everything that found no place at its end. */
  finish(): KeptElement {
    for (const { within } of this.#waiting) {
      const [key] = within
      // What was kept of an item that is no longer in its list goes with the item.
      if (key !== undefined && unnumbered(key) === key) this.inside(key)
    }
    this.#place(() => true)
    const children = this.#children.map((child) => (typeof child === "string" ? child : child()))
    return { name: this.name, attributes: this.#attributes, children }
  }

  #place(which: (kept: Kept) => boolean): void {
    for (const kept of this.#withdraw((piece) => piece.within.length === 0 && which(piece))) {
      if (kept.what === "element") this.child(kept.element)
      else this.attribute(kept.attribute.name, kept.attribute.value)
    }
  }

  #withdraw(which: (kept: Kept) => boolean): readonly Kept[] {
    if (this.#waiting.length === 0) return []
    const { yes = [], no = [] } = Object.groupBy(this.#waiting, (kept) =>
      which(kept) ? "yes" : "no"
    )
    this.#waiting = no
    return yes
  }
}

function nameOf(kept: Kept): string {
  return kept.what === "element" ? kept.element.name : kept.attribute.name
}
