/** `domblklist` and `domiflist`: what a domain's definition says of its disks and network cards. */
import * as Effect from "effect/Effect"
import type { Remote } from "../../rpc/client/connect.ts"
import { type Element, parseElement } from "../../xml/element.ts"
import { xmlFlags } from "./flags.ts"
import { findDomain } from "./reference.ts"
import type { Answer } from "./answer.ts"

export interface DevicesOptions {
  readonly key: string
  readonly isInactive: boolean
  readonly which: "disk" | "interface"
}

const childrenOf = (element: Element | undefined, name: string): readonly Element[] =>
  (element?.children ?? []).filter(
    (child): child is Element => typeof child !== "string" && child.name === name
  )

const attribute = (element: Element | undefined, name: string): string | undefined =>
  element?.attributes.find((one) => one.name === name)?.value

/** The attributes by which a source is named, whatever its kind. */
const sourceNames = ["file", "dev", "dir", "name", "volume", "network", "bridge", "path"]

const sourceOf = (device: Element): string | undefined => {
  const [source] = childrenOf(device, "source")
  return sourceNames.map((name) => attribute(source, name)).find((value) => value !== undefined)
}

const valueIn = (device: Element, child: string, name: string): string | undefined =>
  attribute(childrenOf(device, child)[0], name)

type Row = Readonly<Record<string, string | undefined>>

const diskRow = (disk: Element): Row => ({
  target: valueIn(disk, "target", "dev"),
  type: attribute(disk, "type"),
  device: attribute(disk, "device") ?? "disk",
  source: sourceOf(disk)
})

const interfaceRow = (card: Element): Row => ({
  interface: valueIn(card, "target", "dev"),
  type: attribute(card, "type"),
  source: sourceOf(card),
  model: valueIn(card, "model", "type"),
  mac: valueIn(card, "mac", "address")
})

export const devices = (remote: Remote, { key, isInactive, which }: DevicesOptions) =>
  Effect.gen(function* () {
    const dom = yield* findDomain(remote, key)
    const flags = isInactive ? xmlFlags.inactive : 0
    const { xml } = yield* remote.call("remote", "DOMAIN_GET_XML_DESC", { dom, flags })
    const domain = yield* Effect.fromResult(parseElement(xml))
    const found = childrenOf(childrenOf(domain, "devices")[0], which)
    const answer: Answer = { value: found.map(which === "disk" ? diskRow : interfaceRow) }
    return answer
  })
