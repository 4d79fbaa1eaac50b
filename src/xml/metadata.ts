/** `<metadata>`: elements of other people's namespaces, kept whole; and one of them by itself. */
import * as Result from "effect/Result"
import type { KeptElement } from "../model/kept.ts"
import type { Sure } from "./describe.ts"
import { parseElement } from "./element.ts"
import { XmlError } from "./error.ts"
import { keepElement } from "./kept.ts"
import { writeElement } from "./write.ts"

export const metadata: Sure<readonly KeptElement[]> = {
  read: (from) => Result.succeed(from.inside("metadata")?.takeAll().map(keepElement) ?? []),
  write: (elements, to) => {
    for (const element of elements) to.inside("metadata").child(element)
  }
}

/**
 * Reads one metadata element for `uri`, as libvirt's call to set metadata takes it: without a
 * namespace of its own, which is then given to it under the prefix `key`.
 */
export function parseMetadata(
  text: string,
  { uri, key }: { readonly uri: string; readonly key: string }
): Result.Result<KeptElement, XmlError> {
  const parsed = parseElement(text)
  if (Result.isFailure(parsed)) return Result.fail(parsed.failure)
  const { line, column, uri: own } = parsed.success
  if (own === uri) return Result.succeed(keepElement(parsed.success))
  if (own !== "") {
    const reason = `the element's namespace is '${own}', not '${uri}'`
    return Result.fail(new XmlError({ problem: "invalid", line, column, path: "", reason }))
  }
  const kept = keepElement(parsed.success)
  const declaration = { name: `xmlns:${key}`, value: uri }
  return Result.succeed({ ...prefixed(kept, key), attributes: [declaration, ...kept.attributes] })
}

/** All names of the subtree that have no prefix get this one. */
function prefixed(element: KeptElement, key: string): KeptElement {
  const name = element.name.includes(":") ? element.name : `${key}:${element.name}`
  const children = element.children.map((child) =>
    typeof child === "string" ? child : prefixed(child, key)
  )
  return { ...element, name, children }
}

/** The namespace of a kept element's own name, as far as it declares it itself. */
export function namespaceOf(element: KeptElement): string {
  const [prefix, local] = element.name.split(":")
  const declared = local === undefined ? "xmlns" : `xmlns:${prefix}`
  return element.attributes.find(({ name }) => name === declared)?.value ?? ""
}

/** One metadata element as text. */
export function formatMetadata(element: KeptElement): string {
  return writeElement(element)
}
