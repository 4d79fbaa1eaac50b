/** Elements as data that stands on its own: what is kept declares the namespaces that it uses. */
import type { KeptAttribute, KeptElement } from "../model/kept.ts"
import type { Element } from "./element.ts"

/** The namespaces of libvirt's own extensions, under the prefixes that libvirt gives them. */
const wellKnown: Readonly<Record<string, string>> = {
  "http://libvirt.org/schemas/domain/qemu/1.0": "qemu:"
}

/** How a description calls this element: its plain name, `qemu:NAME`, or `{namespace}NAME`. */
export function keyOf(element: Element): string {
  if (element.uri === "") return element.local
  return `${wellKnown[element.uri] ?? `{${element.uri}}`}${element.local}`
}

/** The key of one of several children of a name, when each is read by its own number. */
export function numbered(name: string, index: number): string {
  return `${name}#${index}`
}

/** The element's name in a key that `numbered` made. */
export function unnumbered(key: string): string {
  return key.replace(/#\d+$/, "")
}

/** A copy without places, that declares each namespace it took from its surroundings. */
export function keepElement(element: Element): KeptElement {
  const missing = new Map<string, string>()
  const copy = copyOf(element, undefined, missing)
  const declarations = [...missing].map(([prefix, value]) => ({
    name: prefix === "" ? "xmlns" : `xmlns:${prefix}`,
    value
  }))
  return { ...copy, attributes: [...copy.attributes, ...declarations] }
}

/** The prefixes declared at one element, and those around it. */
interface Scope {
  readonly prefixes: ReadonlySet<string>
  readonly outer: Scope | undefined
}

function isDeclared(prefix: string, scope: Scope | undefined): boolean {
  for (let at = scope; at !== undefined; at = at.outer) if (at.prefixes.has(prefix)) return true
  return prefix === "xml" || prefix === "xmlns"
}

function copyOf(
  element: Element,
  outer: Scope | undefined,
  missing: Map<string, string>
): KeptElement {
  const prefixes = declaredAt(element)
  const scope = prefixes.size === 0 ? outer : { prefixes, outer }
  const used = [element, ...element.attributes.filter(({ prefix }) => prefix !== "")]
  for (const { prefix, uri } of used) {
    if (uri !== "" && !isDeclared(prefix, scope)) missing.set(prefix, uri)
  }
  const children = withoutIndentation(element.children).map((child) =>
    typeof child === "string" ? child : copyOf(child, scope, missing)
  )
  const attributes = element.attributes.map(({ name, value }): KeptAttribute => ({ name, value }))
  return { name: element.name, attributes, children }
}

function declaredAt(element: Element): ReadonlySet<string> {
  return new Set(
    element.attributes.flatMap(({ name, prefix }) => {
      if (name === "xmlns") return [""]
      return prefix === "xmlns" ? [name.slice("xmlns:".length)] : []
    })
  )
}

/** White space between elements is layout; beside text or alone it is content. */
function withoutIndentation(children: Element["children"]): Element["children"] {
  const hasElements = children.some((child) => typeof child !== "string")
  const hasText = children.some((child) => typeof child === "string" && child.trim() !== "")
  const joined = joinTexts(children)
  return hasElements && !hasText ? joined.filter((child) => typeof child !== "string") : joined
}

/** A comment or CDATA between two texts leaves two pieces, which read back as one. */
function joinTexts(children: Element["children"]): Element["children"] {
  const joined: (Element | string)[] = []
  for (const child of children) {
    const last = joined.at(-1)
    if (typeof child === "string" && typeof last === "string")
      joined[joined.length - 1] = last + child
    else if (child !== "") joined.push(child)
  }
  return joined
}
