/**
 * Which guests this host can have, and which processors: what is asked of QEMU's probe, kept as
 * text for as long as the probe's answer stands.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Driver } from "../../actors/driver/driver.ts"
import type { CallError } from "../../actors/driver/once.ts"
import type { Parts } from "../../actors/driver/parts.ts"
import type { Ids } from "../base/ids.ts"
import type { Files } from "../host/files.ts"
import { readHasIommu } from "../host/node-identity.ts"
import { readProcessor } from "../host/node-processor.ts"
import { makeCall } from "../kernel/call.ts"
import {
  baselineCpu,
  type BaselineOptions,
  compareCpu,
  type Comparison,
  type Models
} from "../node/cpu-compare.ts"
import { parseCpuText } from "../node/cpu-text.ts"
import { domainCapabilities } from "../node/domain-capabilities.ts"
import { CpuIncompatible, NodeArgumentInvalid, NodeUnsupported } from "../node/error.ts"
import {
  cpuMaxOf,
  type DomainCapabilitiesRequest,
  domainTypes,
  guestArchs,
  guestMeant,
  guestText,
  isGuestArch,
  type Meant
} from "../node/guests.ts"
import { featuresKnownTo, type HostCpu, hostCpu, hostCpuText } from "../node/host-cpu.ts"
import { type Places, readHost } from "../node/host-facts.ts"
import { cpusUnder } from "../node/offered-cpu.ts"
import { archsOf, type Capabilities, machineNamed } from "../qemu/capabilities.ts"
import { readFirmwares } from "../qemu/firmware.ts"
import type { ProbeFailed } from "../qemu/probe-process.ts"
import { hostFeatures, isModel, type ModelFeatures } from "../qemu/probe-models.ts"
import { baselineXml } from "../xml/capabilities-cpu.ts"
import { capabilitiesXml, type GuestText } from "../xml/capabilities.ts"
import { domainCapabilitiesXml } from "../xml/domain-capabilities.ts"
import type { XmlError } from "../xml/error.ts"

export type NodeError = NodeArgumentInvalid | NodeUnsupported | ProbeFailed | CallError

/** How a question about a `<cpu>` can fail. */
export type CpuError = NodeError | XmlError

export interface CompareOptions {
  /** An incompatible processor is an error, with what the host lacks. */
  readonly isFailing?: boolean
}

export interface NodeGuests {
  /** CONNECT_GET_CAPABILITIES: XML. */
  readonly capabilities: Effect.Effect<string, CallError>
  /** CONNECT_GET_DOMAIN_CAPABILITIES: XML. */
  readonly domainCapabilities: (
    request?: DomainCapabilitiesRequest
  ) => Effect.Effect<string, NodeError>
  /** CONNECT_GET_CPU_MODEL_NAMES. */
  readonly cpuModelNames: (arch: string) => Effect.Effect<readonly string[], NodeError>
  /** CONNECT_COMPARE_CPU: a `<cpu>` with this host's own. */
  readonly compareCpu: (
    xml: string,
    options?: CompareOptions
  ) => Effect.Effect<Comparison, CpuError | CpuIncompatible>
  /** CONNECT_COMPARE_HYPERVISOR_CPU: with what a guest of QEMU can have. */
  readonly compareHypervisorCpu: (
    request: DomainCapabilitiesRequest,
    xml: string,
    options?: CompareOptions
  ) => Effect.Effect<Comparison, CpuError | CpuIncompatible>
  /** CONNECT_BASELINE_CPU: the features that all of these have, as a `<cpu>`. */
  readonly baselineCpu: (
    xmls: readonly string[],
    options?: BaselineOptions
  ) => Effect.Effect<string, CpuError>
  /** CONNECT_BASELINE_HYPERVISOR_CPU: of a certain QEMU. */
  readonly baselineHypervisorCpu: (
    request: DomainCapabilitiesRequest,
    xmls: readonly string[],
    options?: BaselineOptions
  ) => Effect.Effect<string, CpuError>
  /** CONNECT_GET_MAX_VCPUS: of the default machine; without a type, of any. */
  readonly maxVcpus: (type?: string) => Effect.Effect<number, NodeError>
  /** CONNECT_GET_VERSION: major * 1,000,000 + minor * 1,000 + micro. */
  readonly hypervisorVersion: Effect.Effect<number, ProbeFailed | CallError>
}

export interface NodeGuestsOptions {
  readonly driver: Driver
  readonly emulatorFor: (arch: string | undefined) => string
  readonly places: Effect.Effect<Places, never, Files>
  readonly uuid: Effect.Effect<string, never, Files | Ids>
  readonly services: Context.Context<Files | Ids>
}

/** What an answer stands on: a QEMU, and its models spelled out. */
interface Emulator {
  readonly capabilities: Capabilities
  readonly models: readonly ModelFeatures[]
}

type Prober = Parts["prober"]

const probed = Effect.fnUntraced(function* (prober: Prober, binary: string) {
  const capabilities = yield* prober.withKvm(binary)
  const emulator: Emulator = { capabilities, models: yield* prober.models(binary) }
  return emulator
})

/** Kept for one answer of the probe; a probe that is asked again gives another object. */
const textsMax = 64

const makeTexts = () => {
  const kept = new WeakMap<Capabilities, Map<string, string>>()
  return <E, R>(
    capabilities: Capabilities,
    key: string,
    make: Effect.Effect<string, E, R>
  ): Effect.Effect<string, E, R> =>
    Effect.suspend(() => {
      const texts = kept.get(capabilities) ?? new Map<string, string>()
      kept.set(capabilities, texts)
      const known = texts.get(key)
      if (known !== undefined) return Effect.succeed(known)
      if (texts.size >= textsMax) texts.clear()
      return Effect.tap(make, (text) => Effect.sync(() => texts.set(key, text)))
    })
}

const modelsOf = ({ capabilities, models }: Emulator): Models => ({
  models,
  known: featuresKnownTo(capabilities)
})

/** The answer, or an error where the caller wants one. */
const judged = (
  xml: string,
  { host, emulator }: { readonly host: HostCpu; readonly emulator: Emulator },
  { isFailing = false }: CompareOptions = {}
): Result.Result<Comparison, XmlError | NodeArgumentInvalid | CpuIncompatible> =>
  Result.gen(function* () {
    const cpu = yield* parseCpuText(xml)
    const { result, why } = yield* compareCpu(cpu, host, modelsOf(emulator))
    if (isFailing && why !== undefined) return yield* Result.fail(new CpuIncompatible({ why }))
    return result
  })

const common = (
  xmls: readonly string[],
  emulator: Emulator,
  options?: BaselineOptions
): Result.Result<string, XmlError | NodeArgumentInvalid> =>
  Result.gen(function* () {
    const cpus = yield* Result.all(xmls.map(parseCpuText))
    return baselineXml(yield* baselineCpu(cpus, modelsOf(emulator), options))
  })

/** What a guest's processor can have at most, under an accelerator. */
const guestCpu = (
  { capabilities }: Emulator,
  { domain, arch }: Meant
): Result.Result<HostCpu, NodeUnsupported> => {
  const expanded = cpusUnder(capabilities, domain)?.host
  if (expanded === undefined) {
    const why = `'${capabilities.binary}' does not tell it`
    return Result.fail(new NodeUnsupported({ what: "the processor of a guest", why }))
  }
  const { vendor, features } = hostFeatures(expanded)
  return Result.succeed({ arch, vendor, features: new Set(features) })
}

export const nodeGuests = (options: NodeGuestsOptions): NodeGuests => {
  const { driver, emulatorFor, places, uuid, services } = options
  const texts = makeTexts()

  const asking = <A, E>(
    procedure: string,
    work: (parts: Parts) => Effect.Effect<A, E, Files | Ids>
  ): Effect.Effect<A, E | CallError> =>
    driver.call(makeCall(procedure), (parts) => Effect.provideContext(work(parts), services))

  const binaryFor = ({ config }: Parts, arch: string | undefined): string =>
    config.current().values.troupeEmulator || emulatorFor(arch)

  /** The QEMU that a request means, and which of its guests. */
  const meant = Effect.fnUntraced(function* (parts: Parts, request: DomainCapabilitiesRequest) {
    const { emulator, arch } = request
    if (emulator === undefined && arch !== undefined && !isGuestArch(arch)) {
      const why = "guests of this architecture are not built"
      return yield* new NodeUnsupported({ what: `arch '${arch}'`, why })
    }
    if (emulator !== undefined && !emulator.startsWith("/")) {
      const why = "it is not an absolute path"
      return yield* new NodeArgumentInvalid({ argument: `emulator '${emulator}'`, why })
    }
    const found = yield* probed(parts.prober, emulator ?? binaryFor(parts, arch))
    return {
      emulator: found,
      guest: yield* Effect.fromResult(guestMeant(request, found.capabilities))
    }
  })

  /** Each architecture's guests, where its QEMU is installed and answers. */
  const guestsOf = Effect.fnUntraced(function* (parts: Parts) {
    const found = yield* Effect.forEach(
      guestArchs,
      (arch) =>
        parts.prober.withKvm(binaryFor(parts, arch)).pipe(
          Effect.map((capabilities): GuestText | undefined =>
            archsOf(capabilities).includes(arch) ? guestText(arch, capabilities) : undefined
          ),
          Effect.catch(() => Effect.succeed(undefined))
        ),
      { concurrency: guestArchs.length }
    )
    return found.filter((guest) => guest !== undefined && guest.domains.length > 0)
  })

  return {
    capabilities: asking(
      "connectGetCapabilities",
      Effect.fnUntraced(function* (parts) {
        const guests = (yield* guestsOf(parts)).filter((guest) => guest !== undefined)
        const own = yield* Effect.option(probed(parts.prober, binaryFor(parts, undefined)))
        const facts = yield* readHost(yield* places)
        const { processor } = facts
        const { arch, vendor } = processor
        const cpu =
          own._tag === "Some"
            ? hostCpu(own.value.capabilities, processor)
            : { arch, vendor, features: new Set<string>() }
        const models = own._tag === "Some" ? own.value.models : []
        const host = {
          uuid: yield* uuid,
          cpu: hostCpuText(cpu, models, facts),
          hasIommu: facts.hasIommu,
          canMigrate: false,
          cells: facts.cells,
          caches: facts.caches,
          securityModels: [{ model: "none", doi: "0" }]
        }
        return capabilitiesXml(host, guests)
      })
    ),
    domainCapabilities: (request = {}) =>
      asking(
        "connectGetDomainCapabilities",
        Effect.fnUntraced(function* (parts) {
          const { emulator, guest } = yield* meant(parts, request)
          const firmwares = yield* readFirmwares()
          const hasIommu = yield* readHasIommu
          const { machine, arch, domain } = guest
          const key = JSON.stringify([machine.name, arch, domain, hasIommu, firmwares])
          const make = domainCapabilities(guest, { ...emulator, firmwares, hasIommu })
          return yield* texts(emulator.capabilities, key, Effect.map(make, domainCapabilitiesXml))
        })
      ),
    cpuModelNames: (arch) =>
      asking(
        "connectGetCPUModelNames",
        Effect.fnUntraced(function* (parts) {
          if (!isGuestArch(arch)) {
            const why = "guests of this architecture are not built"
            return yield* new NodeUnsupported({ what: `arch '${arch}'`, why })
          }
          const { cpus } = yield* parts.prober.capabilities(binaryFor(parts, arch))
          return (cpus.tcg?.models ?? []).map(({ name }) => name).filter(isModel)
        })
      ),
    compareCpu: (xml, how) =>
      asking(
        "connectCompareCPU",
        Effect.fnUntraced(function* (parts) {
          const emulator = yield* probed(parts.prober, binaryFor(parts, undefined))
          const host = hostCpu(emulator.capabilities, yield* readProcessor)
          return yield* Effect.fromResult(judged(xml, { host, emulator }, how))
        })
      ),
    compareHypervisorCpu: (request, xml, how) =>
      asking(
        "connectCompareHypervisorCPU",
        Effect.fnUntraced(function* (parts) {
          const { emulator, guest } = yield* meant(parts, request)
          const host = yield* Effect.fromResult(guestCpu(emulator, guest))
          return yield* Effect.fromResult(judged(xml, { host, emulator }, how))
        })
      ),
    baselineCpu: (xmls, how) =>
      asking(
        "connectBaselineCPU",
        Effect.fnUntraced(function* (parts) {
          const emulator = yield* probed(parts.prober, binaryFor(parts, undefined))
          return yield* Effect.fromResult(common(xmls, emulator, how))
        })
      ),
    baselineHypervisorCpu: (request, xmls, how) =>
      asking(
        "connectBaselineHypervisorCPU",
        Effect.fnUntraced(function* (parts) {
          const { emulator } = yield* meant(parts, request)
          return yield* Effect.fromResult(common(xmls, emulator, how))
        })
      ),
    maxVcpus: (type) =>
      asking(
        "connectGetMaxVcpus",
        Effect.fnUntraced(function* (parts) {
          const capabilities = yield* parts.prober.withKvm(binaryFor(parts, undefined))
          const types: readonly string[] = domainTypes(capabilities)
          const machine = machineNamed(capabilities, undefined)
          if (machine !== undefined && (type === undefined || types.includes(type.toLowerCase()))) {
            return cpuMaxOf(machine)
          }
          const why = "no guest of this type runs here"
          return yield* new NodeArgumentInvalid({ argument: `type '${type}'`, why })
        })
      ),
    hypervisorVersion: asking("connectGetVersion", (parts) =>
      Effect.map(
        parts.prober.capabilities(binaryFor(parts, undefined)),
        ({ version: { major, minor, micro } }) => major * 1_000_000 + minor * 1_000 + micro
      )
    )
  }
}
