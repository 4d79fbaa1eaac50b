/** Which guests this host can have: the questions whose answers are capabilities' XML. */
import * as Effect from "effect/Effect"
import type { CallError } from "../../actors/driver/once.ts"
import type { Parts } from "../../actors/driver/parts.ts"
import { readHasIommu } from "../host/node-identity.ts"
import { domainCapabilities } from "../node/domain-capabilities.ts"
import { NodeArgumentInvalid } from "../node/error.ts"
import {
  cpuMaxOf,
  type DomainCapabilitiesRequest,
  domainTypes,
  guestArchs,
  guestText
} from "../node/guests.ts"
import { hostCpu, hostCpuText } from "../node/host-cpu.ts"
import { readHost } from "../node/host-facts.ts"
import { archsOf, machineNamed } from "../qemu/capabilities.ts"
import { readFirmwares } from "../qemu/firmware.ts"
import type { ProbeFailed } from "../qemu/probe-process.ts"
import { capabilitiesXml, type GuestText, type HostText } from "../xml/capabilities.ts"
import { domainCapabilitiesXml } from "../xml/domain-capabilities.ts"
import type { NodeError } from "./node-cpus.ts"
import { asking, binaryFor, makeTexts, meantBy, type NodeGround, probed } from "./node-emulator.ts"

export interface NodeGuests {
  /** CONNECT_GET_CAPABILITIES: XML. */
  readonly capabilities: Effect.Effect<string, CallError>
  /** CONNECT_GET_DOMAIN_CAPABILITIES: XML. */
  readonly domainCapabilities: (
    request?: DomainCapabilitiesRequest
  ) => Effect.Effect<string, NodeError>
  /** CONNECT_GET_MAX_VCPUS: of the default machine; without a type, of any. */
  readonly maxVcpus: (type?: string) => Effect.Effect<number, NodeError>
  /** CONNECT_GET_VERSION: major * 1,000,000 + minor * 1,000 + micro. */
  readonly hypervisorVersion: Effect.Effect<number, ProbeFailed | CallError>
}

/** Nothing of ours labels a guest's process or its files. */
export const securityModel = { model: "none", doi: "0" } as const

/** Each architecture's guests, where its QEMU is installed and answers. */
const guestsOf = Effect.fnUntraced(function* (ground: NodeGround, parts: Parts) {
  const found = yield* Effect.forEach(
    guestArchs,
    (arch) =>
      parts.prober.withKvm(binaryFor(ground, parts, arch)).pipe(
        Effect.map((capabilities): readonly GuestText[] =>
          archsOf(capabilities).includes(arch) ? [guestText(arch, capabilities)] : []
        ),
        Effect.catch(() => Effect.succeed<readonly GuestText[]>([]))
      ),
    { concurrency: guestArchs.length }
  )
  return found.flat().filter(({ domains }) => domains.length > 0)
})

/** A host without a QEMU still has a size, and a processor without a model. */
const hostOf = Effect.fnUntraced(function* (ground: NodeGround, parts: Parts) {
  const own = yield* Effect.option(probed(parts, binaryFor(ground, parts, undefined)))
  const facts = yield* readHost(yield* ground.places)
  const { processor, hasIommu, cells, caches } = facts
  const { arch, vendor } = processor
  const cpu =
    own._tag === "Some"
      ? hostCpu(own.value.capabilities, processor)
      : { arch, vendor, features: new Set<string>() }
  const host: HostText = {
    uuid: yield* ground.uuid,
    cpu: hostCpuText(cpu, own._tag === "Some" ? own.value.models : [], facts),
    hasIommu,
    canMigrate: false,
    cells,
    caches,
    securityModels: [securityModel]
  }
  return host
})

/** The text is put together once for each answer of the probe, and for each set of firmware. */
const domainText = (ground: NodeGround) => {
  const texts = makeTexts()
  return Effect.fnUntraced(function* (parts: Parts, request: DomainCapabilitiesRequest) {
    const { emulator, guest } = yield* meantBy(ground, parts, request)
    const firmwares = yield* readFirmwares()
    const hasIommu = yield* readHasIommu
    const { machine, arch, domain } = guest
    const key = JSON.stringify([machine.name, arch, domain, hasIommu, firmwares])
    const make = domainCapabilities(guest, { ...emulator, firmwares, hasIommu })
    return yield* texts(emulator.capabilities, key, Effect.map(make, domainCapabilitiesXml))
  })
}

const maxVcpus = Effect.fnUntraced(function* (
  ground: NodeGround,
  parts: Parts,
  type: string | undefined
) {
  const capabilities = yield* parts.prober.withKvm(binaryFor(ground, parts, undefined))
  const types: readonly string[] = domainTypes(capabilities)
  const machine = machineNamed(capabilities, undefined)
  if (machine !== undefined && (type === undefined || types.includes(type.toLowerCase()))) {
    return cpuMaxOf(machine)
  }
  const why = "no guest of this type runs here"
  return yield* new NodeArgumentInvalid({ argument: `type '${type}'`, why })
})

export const nodeGuests = (ground: NodeGround): NodeGuests => {
  const ask = asking(ground)
  const text = domainText(ground)
  return {
    capabilities: ask("connectGetCapabilities", (parts) =>
      Effect.gen(function* () {
        const guests = yield* guestsOf(ground, parts)
        return capabilitiesXml(yield* hostOf(ground, parts), guests)
      })
    ),
    domainCapabilities: (request = {}) =>
      ask("connectGetDomainCapabilities", (parts) => text(parts, request)),
    maxVcpus: (type) => ask("connectGetMaxVcpus", (parts) => maxVcpus(ground, parts, type)),
    hypervisorVersion: ask("connectGetVersion", (parts) =>
      Effect.map(
        parts.prober.capabilities(binaryFor(ground, parts, undefined)),
        ({ version: { major, minor, micro } }) => major * 1_000_000 + minor * 1_000 + micro
      )
    )
  }
}
