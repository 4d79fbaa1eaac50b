/** Title, description and other people's elements of a domain, in either of its definitions. */
import * as Effect from "effect/Effect"
import type { Domain as Definition } from "../../model/domain.ts"
import type { KeptElement } from "../../model/kept.ts"
import { formatMetadata, namespaceOf } from "../../xml/metadata.ts"
import { RpcRefusal } from "../refusal.ts"
import type { Handler, Handlers } from "../server/handler.ts"
import {
  affect,
  affects,
  contradiction,
  notRunning,
  onDefinition,
  onDomain,
  refuse,
  unknownFlags
} from "./domain-reference.ts"

/** virDomainMetadataType. */
const kinds = { description: 0, title: 1, element: 2 } as const

const unknownKind = (type: number) =>
  refuse("INVALID_ARG", `unknown metadata type ${type}: it is 0, 1 or 2`)

const elementIn = (definition: Definition | undefined, uri: string | null) => {
  const found = definition?.metadata.find((element) => namespaceOf(element) === uri)
  return found && formatMetadata(bare(found))
}

const prefixOf = (name: string): string => (name.includes(":") ? (name.split(":")[0] ?? "") : "")

/** Without its namespace, as it was given: the client has named that itself. */
const bare = (element: KeptElement): KeptElement => {
  const prefix = prefixOf(element.name)
  const declaration = prefix === "" ? "xmlns" : `xmlns:${prefix}`
  const stripped = withoutPrefix(element, prefix)
  const attributes = stripped.attributes.filter(({ name }) => name !== declaration)
  return { ...stripped, attributes }
}

const withoutPrefix = (element: KeptElement, prefix: string): KeptElement => {
  if (prefix === "") return element
  const isMeant = prefixOf(element.name) === prefix
  return {
    ...element,
    name: isMeant ? element.name.slice(prefix.length + 1) : element.name,
    children: element.children.map((child) =>
      typeof child === "string" ? child : withoutPrefix(child, prefix)
    )
  }
}

const textIn = (definition: Definition | undefined, type: number, uri: string | null) =>
  type === kinds.element
    ? elementIn(definition, uri)
    : definition?.[type === kinds.title ? "title" : "description"]

const get: Handler<"remote", "DOMAIN_GET_METADATA"> = ({ dom, type, uri, flags }, client) =>
  unknownFlags("virDomainGetMetadata", flags, affect.live | affect.config) ??
  contradiction(
    flags,
    { flag: affect.live, name: "VIR_DOMAIN_AFFECT_LIVE" },
    { flag: affect.config, name: "VIR_DOMAIN_AFFECT_CONFIG" }
  ) ??
  onDefinition(client, dom, (domain) => {
    const { live, persistent, isActive, isPersistent } = domain
    if (type < kinds.description || type > kinds.element) return unknownKind(type)
    if (flags === affect.live && !isActive) return notRunning()
    if (flags === affect.config && !isPersistent)
      return refuse("OPERATION_INVALID", "transient domains do not have any persistent config")
    const definition = flags === affect.config ? persistent : (live ?? persistent)
    const metadata = textIn(definition, type, uri)
    return metadata === undefined
      ? refuse("NO_DOMAIN_METADATA", "Requested metadata element is not present", "DOMAIN")
      : { metadata }
  })

const set: Handler<"remote", "DOMAIN_SET_METADATA"> = (
  { dom, type, metadata, key, uri, flags },
  client
) =>
  unknownFlags("virDomainSetMetadata", flags, affect.live | affect.config) ??
  onDomain(client, dom, (domain, found) =>
    Effect.gen(function* () {
      const which = yield* affects(flags, found)
      const text = metadata ?? undefined
      if (type === kinds.description) return yield* domain.setDescription(text, which)
      if (type === kinds.title) {
        if (text?.includes("\n") === true)
          return yield* new RpcRefusal({
            code: "INVALID_ARG",
            text: "metadata title can't contain newlines"
          })
        return yield* domain.setTitle(text, which)
      }
      if (type !== kinds.element) return yield* unknownKind(type)
      if (uri === null || uri === "")
        return yield* refuse("INVALID_ARG", "uri must not be empty for a metadata element")
      // The key is the prefix that an element is given; one that is taken away needs none.
      if (text !== undefined && (key === null || key === ""))
        return yield* refuse("INVALID_ARG", "key must not be empty for a metadata element")
      return yield* domain.setMetadata({ uri, key: key ?? "", xml: text }, which)
    })
  )

export const domainMetadata: Handlers = {
  remote: { DOMAIN_GET_METADATA: get, DOMAIN_SET_METADATA: set }
}
