/**
 * Why a definition cannot become a guest: what QEMU cannot do, what contradicts itself, and what
 * the definition says that is not acted on. Typed reasons, each naming the element; decides
 * nothing.
 */
import * as Data from "effect/Data"
import type { Domain } from "../model/domain.ts"
import { NotSupported } from "../model/error.ts"
import { type KeptAt, keptThatForbidsStart } from "../model/kept.ts"

/** This QEMU binary, or this board, has no such thing. */
export class Unavailable extends Data.TaggedError("Unavailable")<{
  readonly domain: string
  /** The element in libvirt's words: `disk 'vda'`, `controller usb 0`. */
  readonly element: string
  readonly reason: string
}> {
  override get message(): string {
    return `${JSON.stringify(this.domain)}: ${this.element} cannot be had: ${this.reason}`
  }
}

/** Two parts of the definition exclude each other, or a part lacks what it stands on. */
export class Conflict extends Data.TaggedError("Conflict")<{
  readonly domain: string
  readonly element: string
  readonly reason: string
}> {
  override get message(): string {
    return `${JSON.stringify(this.domain)}: ${this.element}: ${this.reason}`
  }
}

export type CompleteError = Unavailable | Conflict
export type ArgvError = Unavailable | Conflict | NotSupported

/** A piece that a definition has and that forbids its start, with where it stands in the model. */
export interface Refusal {
  readonly owner: string
  readonly what: string
  readonly consequence: "guest" | "security"
}

const nameOf = ({ kept }: KeptAt): string => {
  const path = kept.within.map((name) => `<${name}>`).join("")
  return kept.what === "element"
    ? `${path}<${kept.element.name}>`
    : `${path}@${kept.attribute.name}`
}

/**
 * Everything in the definition that would change the guest or its protection and is not acted on.
 */
export function refusals(domain: Domain): readonly Refusal[] {
  const pieces = keptThatForbidsStart(domain).map(
    (at): Refusal => ({
      owner: at.owner,
      what: nameOf(at),
      consequence: at.kept.consequence === "security" ? "security" : "guest"
    })
  )
  const devices = domain.devices.flatMap((device, index): readonly Refusal[] =>
    device.kind === "kept" && device.consequence !== "none"
      ? [
          {
            owner: `devices[${index}]`,
            what: `<${device.name}>`,
            consequence: device.consequence
          }
        ]
      : []
  )
  return [...pieces, ...devices, ...vlans(domain)]
}

/** Only a card of the host itself can be put into a VLAN, and into one. */
const vlans = ({ devices }: Domain): readonly Refusal[] =>
  devices.flatMap((device, index): readonly Refusal[] => {
    if (device.kind !== "interface" || device.vlan === undefined) return []
    const { connection, vlan } = device
    const [tag, ...others] = vlan.tags
    const isPlain = tag !== undefined && tag.nativeMode === undefined && vlan.trunk !== true
    if (connection.type === "hostdev" && isPlain && others.length === 0) return []
    return [{ owner: `devices[${index}]`, what: "<vlan>", consequence: "guest" }]
  })

/** No security driver labels anything here; what QEMU runs as is the config's matter. */
const labels = ({ seclabels }: Domain): readonly Refusal[] =>
  seclabels.flatMap(({ type, model }, index): readonly Refusal[] =>
    type === "none" || (type === "dynamic" && (model === undefined || model === "dac"))
      ? []
      : [
          {
            owner: `seclabels[${index}]`,
            what: `<seclabel type='${type}'${model === undefined ? "" : ` model='${model}'`}>`,
            consequence: "security"
          }
        ]
  )

/** The first refusal as an error, or undefined when the definition may start. */
export function firstRefusal(domain: Domain): NotSupported | undefined {
  return refusedBy(domain, refusals(domain))
}

/** As `firstRefusal`, and what only a guest that runs would miss: its security labels. */
export function startRefusal(domain: Domain): NotSupported | undefined {
  return firstRefusal(domain) ?? refusedBy(domain, labels(domain))
}

const refusedBy = (domain: Domain, [first]: readonly Refusal[]): NotSupported | undefined => {
  if (first === undefined) return undefined
  const { what, owner, consequence } = first
  return new NotSupported({
    domain: domain.name,
    what: owner === "" ? what : `${what} (${owner})`,
    consequence
  })
}
