/**
 * Changes of one device of a domain, given as the device's whole XML. What can be changed here is
 * the cable of a network card; whatever else differs from what the domain has is refused.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { devicesOf } from "../../model/device.ts"
import type { Interface } from "../../model/device/interface.ts"
import type { Domain as Definition } from "../../model/domain.ts"
import { formatDomain, parseDomain } from "../../xml/domain.ts"
import { parseElement } from "../../xml/element.ts"
import type { XmlError } from "../../xml/error.ts"
import type { RpcRefusal } from "../refusal.ts"
import type { Handler, Handlers } from "../server/handler.ts"
import { affect, affects, onDomain, refuse, unknownFlags } from "./domain-reference.ts"

/** VIR_DOMAIN_DEVICE_MODIFY_FORCE: of media that a guest holds on to, and so of no card. */
const force = 4

/** A definition of which a running guest has more than its persistent one: aliases, addresses. */
interface Meant {
  readonly definition: Definition
  readonly kind: "active" | "inactive"
}

/** The card, read as a piece of the definition that it is to be compared with. */
const cardIn = (
  xml: string,
  { definition, kind }: Meant
): Result.Result<Interface | undefined, XmlError> => {
  const uuid = definition.uuid
  const frame = `<domain type='qemu'><name>x</name><memory>1024</memory><vcpu>1</vcpu>
    <os><type>hvm</type></os><devices>${xml}</devices></domain>`
  return Result.map(parseDomain(frame, { kind, uuid }), ({ domain }) => {
    const [card] = devicesOf(domain, "interface")
    return card
  })
}

const textOf = (card: Interface, { definition, kind }: Meant): string =>
  formatDomain({ ...definition, devices: [card] }, { kind })

/** Why the card is not one of the definition's, but for its cable. */
const objectionTo = (wanted: Interface, meant: Meant): string | undefined => {
  const { mac = "" } = wanted
  const isIt = (card: Interface) => card.mac?.toLowerCase() === mac.toLowerCase()
  const present = devicesOf(meant.definition, "interface").find(isIt)
  if (present === undefined) return `there is no interface with MAC address '${mac}'`
  const { linkState: _, ...rest } = wanted
  const same = present.linkState === undefined ? rest : { ...rest, linkState: present.linkState }
  return textOf(same, meant) === textOf(present, meant)
    ? undefined
    : `of the interface '${mac}' nothing but its link can be changed here`
}

interface Cable {
  readonly mac: string
  readonly isUp: boolean
}

/** What is asked for, if it is the same for each definition that is meant. */
const cableOf = (
  xml: string,
  meant: readonly Meant[]
): Effect.Effect<Cable, XmlError | RpcRefusal> =>
  Effect.gen(function* () {
    // One element, so that it is a piece of the frame and does not close it.
    const { name } = yield* Effect.fromResult(parseElement(xml))
    if (name !== "interface")
      return yield* refuse("OPERATION_UNSUPPORTED", `a <${name}> cannot be changed here`)
    let cable: Cable | undefined
    for (const one of meant) {
      const card = yield* Effect.fromResult(cardIn(xml, one))
      if (card?.mac === undefined)
        return yield* refuse("INVALID_ARG", "an interface is known by its MAC address: it has none")
      const why = objectionTo(card, one)
      if (why !== undefined) return yield* refuse("OPERATION_UNSUPPORTED", why)
      cable = { mac: card.mac, isUp: card.linkState !== "down" }
    }
    return cable ?? (yield* refuse("OPERATION_INVALID", "the domain is being made"))
  })

const update: Handler<"remote", "DOMAIN_UPDATE_DEVICE_FLAGS"> = ({ dom, xml, flags }, client) =>
  unknownFlags("virDomainUpdateDeviceFlags", flags, affect.live | affect.config | force) ??
  onDomain(client, dom, (domain, found) =>
    Effect.gen(function* () {
      yield* domain.info
      const now = client.engine.published()?.byUuid(found.uuid) ?? found
      const given = yield* affects(flags & ~force, now)
      const which = given ?? { live: now.isActive, config: !now.isActive }
      const { live, persistent } = now
      const cable = yield* cableOf(xml, [
        ...(which.live && live !== undefined
          ? [{ definition: live, kind: "active" } as const]
          : []),
        ...(which.config && persistent !== undefined
          ? [{ definition: persistent, kind: "inactive" } as const]
          : [])
      ])
      yield* domain.guest.setLinkState(cable.mac, cable.isUp, which)
    })
  )

export const guestDevice: Handlers = { remote: { DOMAIN_UPDATE_DEVICE_FLAGS: update } }
