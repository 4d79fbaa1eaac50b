/**
 * One element while it is read: which attributes and children have been taken, and what was left.
 * What no part of the description takes becomes a kept piece and a report.
 */
import type { Consequence, Kept, KeptAttribute } from "../model/kept.ts"
import type { Attribute, Element } from "./element.ts"
import { XmlError, type Position } from "./error.ts"
import { keepElement, keyOf, numbered } from "./kept.ts"

/** Whether the definition of a machine or of a running guest is read or written. */
export type DocumentKind = "inactive" | "active"

/** Whether a definition is new, or was accepted before and is read again. */
export type Purpose = "define" | "reload"

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
  readonly purpose: Purpose
  readonly reports: Report[]
}

export class Reading {
  readonly element: Element
  readonly context: ReadContext
  readonly #path: string | (() => string)
  readonly #taken = new Set<Attribute | Element>()
  readonly #inside = new Map<string, Reading>()
  readonly #kept: Kept[] = []
  #paths: ReadonlyMap<Element, string> | undefined
  #children: readonly Element[] | undefined
  #byKey: ReadonlyMap<string, readonly Element[]> | undefined
  #hasReadText = false

  /** A path that is given as a function is worked out when somebody wants to know it. */
  constructor(element: Element, path: string | (() => string), context: ReadContext) {
    this.element = element
    this.#path = path
    this.context = context
  }

  get path(): string {
    return typeof this.#path === "string" ? this.#path : this.#path()
  }

  attribute(name: string): Attribute | undefined {
    const found = this.element.attributes.find((attribute) => attribute.name === name)
    if (found !== undefined) this.#taken.add(found)
    return found
  }

  /** All children of that name that nobody has taken. `name` is a key, as `keyOf` gives it. */
  take(name: string): readonly Element[] {
    const found = this.#named(name).filter((child) => !this.#taken.has(child))
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
    const found = this.#named(name).find((child) => !this.#taken.has(child))
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

  /** All children of that name, each as `inside` would give it. */
  insideEach(name: string): readonly Reading[] {
    return this.take(name).map((child, index) => {
      const reading = this.below(child)
      this.#inside.set(numbered(name, index), reading)
      return reading
    })
  }

  /** A reading of one child, with its path. */
  below(child: Element): Reading {
    return new Reading(child, () => this.#pathOf(child), this.context)
  }

  /** All text directly in the element. */
  text(): string {
    this.#hasReadText = true
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
    const left = this.#elements().filter((child) => !this.#taken.has(child))
    const counted = new Set(left.length === 0 ? [] : [...this.#taken].map(({ name }) => name))
    for (const child of left) {
      if (counted.has(child.name)) {
        this.#say(child, { ...unknown, sentence: `<${child.name}> ${repeated}` })
        this.#store(child, unknown)
      } else this.#keep(child, false, "none")
    }
    const stray = this.#hasReadText ? "" : this.text().trim()
    if (stray !== "") {
      this.#say(this.element, { ...unknown, sentence: `'${stray.slice(0, 40)}' ${strayText}` })
    }
    for (const [name, reading] of this.#inside) {
      for (const piece of reading.finish()) {
        this.#kept.push({ ...piece, within: [name, ...piece.within] })
      }
    }
    return this.#kept
  }

  /** An error at this element, or at one of its attributes. */
  refuse(problem: XmlError["problem"], reason: string, at: Position = this.element): XmlError {
    return new XmlError({ problem, line: at.line, column: at.column, path: this.path, reason })
  }

  /** Says that something is kept, without keeping it here. */
  report(at: Element | Attribute, isKnown: boolean, consequence: Consequence): void {
    const name = "children" in at ? `<${at.name}>` : `attribute '${at.name}'`
    const sentence = sentenceFor(name, isKnown, consequence)
    this.#say(at, { isKnown, consequence, sentence })
  }

  #say(at: Element | Attribute, { isKnown, consequence, sentence }: Judged & Said): void {
    const inner = "children" in at ? this.#pathOf(at) : `${this.path}/@${at.name}`
    const path = at === this.element ? this.path : inner
    const { line, column } = at
    const kind = isKnown ? "kept" : "unknown"
    this.context.reports.push({ path, line, column, kind, consequence, sentence })
  }

  #keep(piece: Element | Attribute, isKnown: boolean, consequence: Consequence): void {
    this.report(piece, isKnown, consequence)
    this.#store(piece, { isKnown, consequence })
  }

  #store(piece: Element | Attribute, judged: Judged): void {
    const common = { within: [], ...judged }
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
    return (this.#children ??= this.element.children.filter((child) => typeof child !== "string"))
  }

  /** The children of that key: a description asks for dozens, of which a few are there. */
  #named(key: string): readonly Element[] {
    if (this.#elements().length === 0) return none
    return (this.#byKey ??= Map.groupBy(this.#elements(), keyOf)).get(key) ?? none
  }

  /** The paths of all children are worked out together, so that many children cost no more. */
  #pathOf(child: Element): string {
    this.#paths ??= new Map(
      [...Map.groupBy(this.#elements(), ({ name }) => name)].flatMap(([name, twins]) =>
        twins.map((twin, index) => {
          const number = twins.length > 1 ? `[${index + 1}]` : ""
          return [twin, `${this.path}/${name}${number}`] as const
        })
      )
    )
    return this.#paths.get(child) ?? `${this.path}/${child.name}`
  }
}

const none: readonly Element[] = []

function isDeclaration({ name, prefix }: Attribute): boolean {
  return name === "xmlns" || prefix === "xmlns"
}

type Judged = Pick<Kept, "isKnown" | "consequence">
type Said = Pick<Report, "sentence">

const unknown: Judged = { isKnown: false, consequence: "none" }

const repeated = "is there more than once: the first one counts, this one is kept"
const strayText = "is text where none has a meaning: it is not kept"

const lost: Readonly<Record<Consequence, string>> = {
  guest: "it is kept, and the guest cannot start with it",
  security: "it is kept, and the guest cannot start without its protection",
  none: "it is kept and has no effect"
}

function sentenceFor(name: string, isKnown: boolean, consequence: Consequence): string {
  if (!isKnown) return `${name} is not known: ${lost.none}`
  return `${name} is not acted on yet: ${lost[consequence]}`
}
