/** What a domain is and how it is: answered from what is published, nearly all in the same turn. */
import * as Effect from "effect/Effect"
import type { PublishedDomain } from "../../engine/published.ts"
import { stateNumber, stateOnWire, type StateWithReason } from "../../model/state.ts"
import { formatDomain } from "../../xml/domain.ts"
import type { Handler, Handlers } from "../server/handler.ts"
import { onDefinition, onPublished, refuse, unknownFlags } from "./domain-reference.ts"

/** The definition that the guest has, or that the next start would use. */
const definitionOf = ({ live, persistent }: PublishedDomain) => live ?? persistent

const getState: Handler<"remote", "DOMAIN_GET_STATE"> = ({ dom, flags }, client) =>
  unknownFlags("virDomainGetState", flags, 0) ??
  // A published reason is always one of its state's.
  onPublished(client, dom, ({ state, reason }) => stateOnWire({ state, reason } as StateWithReason))

const infoOf = (domain: PublishedDomain, cpuTimeNs: number) => {
  const definition = definitionOf(domain)
  const maximumKiB = definition?.memory.maximumKiB ?? 0
  const { current, maximum = 0 } = definition?.vcpus ?? {}
  return {
    state: stateNumber[domain.state],
    maxMem: BigInt(maximumKiB),
    memory: BigInt(definition?.memory.currentKiB ?? maximumKiB),
    nrVirtCpu: current ?? maximum,
    cpuTime: BigInt(Math.round(cpuTimeNs))
  }
}

const getInfo: Handler<"remote", "DOMAIN_GET_INFO"> = ({ dom }, client) =>
  onDefinition(client, dom, (domain) => {
    const { cpuTimeNs } = domain
    return cpuTimeNs === undefined
      ? infoOf(domain, 0)
      : Effect.map(cpuTimeNs, (ns = 0) => infoOf(domain, ns))
  })

/** virDomainXMLFlags. */
const xmlFlags = { secure: 1, inactive: 2, updateCpu: 4, migratable: 8 } as const
const allXmlFlags = 15

/**
 * `migratable` is the whole definition, passwords included: nothing of it is said in a way that
 * another engine of this kind would not read.
 */
const getXml: Handler<"remote", "DOMAIN_GET_XML_DESC"> = ({ dom, flags }, client) => {
  const refused = unknownFlags("virDomainGetXMLDesc", flags, allXmlFlags)
  if (refused !== undefined) return refused
  const withSecrets = (flags & (xmlFlags.secure | xmlFlags.migratable)) !== 0
  if (withSecrets && client.isReadOnly)
    return refuse("OPERATION_DENIED", "virDomainGetXMLDesc with secure flag", "DOMAIN")
  return onDefinition(client, dom, (domain) => {
    const { live, persistent, id } = domain
    const isActive = live !== undefined && (flags & xmlFlags.inactive) === 0
    const definition = isActive ? live : (persistent ?? live)
    if (definition === undefined)
      return refuse("OPERATION_INVALID", `'${domain.name}' is being made`)
    if ((flags & xmlFlags.updateCpu) !== 0 && definition.cpu?.mode === "host-model")
      return refuse("OPERATION_UNSUPPORTED", "host-model is not spelled out as a CPU here")
    const xml = isActive
      ? formatDomain(definition, { kind: "active", withSecrets, ...(id === -1 ? {} : { id }) })
      : formatDomain(definition, { withSecrets })
    return { xml }
  })
}

const flag = (claim: boolean): number => (claim ? 1 : 0)

export const domainRead: Handlers = {
  remote: {
    DOMAIN_GET_STATE: getState,
    DOMAIN_GET_INFO: getInfo,
    DOMAIN_GET_XML_DESC: getXml,
    DOMAIN_GET_OS_TYPE: ({ dom }, client) =>
      onDefinition(client, dom, (domain) => ({ type: definitionOf(domain)?.os.type ?? "hvm" })),
    DOMAIN_GET_MAX_MEMORY: ({ dom }, client) =>
      onDefinition(client, dom, (domain) => ({
        memory: BigInt(definitionOf(domain)?.memory.maximumKiB ?? 0)
      })),
    DOMAIN_IS_ACTIVE: ({ dom }, client) =>
      onPublished(client, dom, ({ isActive }) => ({ active: flag(isActive) })),
    DOMAIN_IS_PERSISTENT: ({ dom }, client) =>
      onPublished(client, dom, ({ isPersistent }) => ({ persistent: flag(isPersistent) })),
    // Whether a driver has changed the domain behind its client's back: this one never does.
    DOMAIN_IS_UPDATED: ({ dom }, client) => onPublished(client, dom, () => ({ updated: 0 })),
    DOMAIN_GET_AUTOSTART: ({ dom }, client) =>
      onPublished(client, dom, ({ isAutostart }) => ({ autostart: flag(isAutostart) }))
  }
}
