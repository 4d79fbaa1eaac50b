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

/** A copy without places, that declares each namespace it took from its surroundings. */
export function keepElement(element: Element): KeptElement {
  const missing = new Map<string, string>()
  const copy = copyOf(element, new Map([["xml", ""]]), missing)
  const declarations = [...missing].map(([prefix, value]) => ({
    name: prefix === "" ? "xmlns" : `xmlns:${prefix}`,
    value
  }))
  return { ...copy, attributes: [...copy.attributes, ...declarations] }
}

type Scope = ReadonlyMap<string, string>

function copyOf(element: Element, outer: Scope, missing: Map<string, string>): KeptElement {
  const scope = new Map([...outer, ...declarationsOf(element)])
  const used = [element, ...element.attributes.filter(({ prefix }) => prefix !== "")]
  for (const { prefix, uri } of used) {
    const isDeclared = scope.has(prefix) || prefix === "xmlns" || uri === ""
    if (!isDeclared) missing.set(prefix, uri)
  }
  const children = withoutIndentation(element.children).map((child) =>
    typeof child === "string" ? child : copyOf(child, scope, missing)
  )
  const attributes = element.attributes.map(({ name, value }): KeptAttribute => ({ name, value }))
  return { name: element.name, attributes, children }
}

function declarationsOf(element: Element): readonly (readonly [string, string])[] {
  return element.attributes.flatMap(({ name, prefix, value }) => {
    if (name === "xmlns") return [["", value]] as const
    return prefix === "xmlns" ? ([[name.slice("xmlns:".length), value]] as const) : []
  })
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
