/** The network cards of a guest, as its callers ask: traffic, limits, and the cable. */
import * as Effect from "effect/Effect"
import { running } from "../../actors/domain/reach.ts"
import type { Domain } from "../model/domain.ts"
import { OperationFailed } from "../model/domain-error.ts"
import { GuestUnsupported } from "../model/guest-error.ts"
import { findCard, hostDevice, readCard, switchLink } from "../qemu/guest-cards.ts"
import { unsigned } from "../qemu/stats.ts"
import type { Guest } from "./guest.ts"
import {
  affected,
  change,
  definitionFor,
  type GuestScope,
  invalid,
  isKept,
  reachIn
} from "./guest-scope.ts"

const cardIn = (domain: string, definition: Domain, device: string) => {
  const card = findCard(definition, device)
  return card === undefined
    ? Effect.fail(invalid(domain, "device", `there is no interface '${device}'`))
    : Effect.succeed(card)
}

const statsOf =
  ({ consult }: GuestScope): Guest["interfaceStats"] =>
  (device) =>
    consult("domainInterfaceStats", (ref) =>
      Effect.gen(function* () {
        const operation = "read interface statistics of"
        const { domain, live } = yield* running(ref, operation)
        const card = yield* cardIn(domain, live, device)
        const onHost = hostDevice(card)
        if (onHost === undefined) {
          const { type } = card.connection
          const why = `'${device}' is of type ${type}, which the host does not count`
          return yield* new GuestUnsupported({ domain, operation, why })
        }
        return yield* readCard(card, onHost).pipe(
          Effect.mapError(({ message }) => new OperationFailed({ domain, operation, why: message }))
        )
      })
    )

/** virDomainGetInterfaceParameters, in its order. */
const limits = ["average", "peak", "burst", "floor"].map((name) => `inbound.${name}`)
const all = [...limits, ...["average", "peak", "burst"].map((name) => `outbound.${name}`)]

const parametersOf =
  ({ consult }: GuestScope): Guest["interfaceParameters"] =>
  (device, affects) =>
    consult("domainGetInterfaceParameters", (ref) =>
      Effect.gen(function* () {
        const operation = "read interface parameters of"
        const { name, definition } = yield* definitionFor(ref, operation, affects)
        const card = yield* cardIn(name, definition, device)
        const isLimited = isKept(card, "bandwidth")
        if (isLimited) {
          const why = `the limits of '${device}' are kept, and not carried out`
          return yield* new GuestUnsupported({ domain: name, operation, why })
        }
        return all.map((field) => unsigned(field, 0))
      })
    )

const setLinkState = ({ perform, driver }: GuestScope): Guest["setLinkState"] => {
  const operation = "set the link of an interface of"
  return (device, isUp, options) =>
    perform("domainUpdateDeviceFlags", (ref) =>
      Effect.gen(function* () {
        const { name, affects, live, config } = yield* affected(ref, operation, options)
        const cards = yield* Effect.forEach(
          [live, config].filter((definition) => definition !== undefined),
          (definition) => cardIn(name, definition, device)
        )
        const [card] = cards
        if (card?.mac === undefined)
          return yield* invalid(name, "device", `'${device}' has no MAC address yet`)
        if (live !== undefined) {
          const guest = yield* reachIn(driver, ref, operation)
          yield* switchLink(guest.ask, card, isUp)
        }
        const state = isUp ? ("up" as const) : ("down" as const)
        yield* change(ref, { type: "link", affects, mac: card.mac, state })
      })
    )
}

export const interfaceOf = (
  scope: GuestScope
): Pick<Guest, "interfaceStats" | "interfaceParameters" | "setLinkState"> => ({
  interfaceStats: statsOf(scope),
  interfaceParameters: parametersOf(scope),
  setLinkState: setLinkState(scope)
})
