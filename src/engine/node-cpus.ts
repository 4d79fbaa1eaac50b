/** Processors compared with this host's, or put together: the questions, over `src/node`. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { CallError } from "../../actors/driver/once.ts"
import { readProcessor } from "../host/node-processor.ts"
import {
  baselineCpu,
  type BaselineOptions,
  compareCpu,
  type Comparison,
  type Models
} from "../node/cpu-compare.ts"
import { parseCpuText, parseCpuTexts } from "../node/cpu-text.ts"
import { CpuIncompatible, type NodeArgumentInvalid, NodeUnsupported } from "../node/error.ts"
import type { DomainCapabilitiesRequest, Meant } from "../node/guests.ts"
import { featuresKnownTo, type HostCpu, hostCpu } from "../node/host-cpu.ts"
import { cpusUnder } from "../node/offered-cpu.ts"
import type { ProbeFailed } from "../qemu/probe-process.ts"
import { hostFeatures, isModel } from "../qemu/probe-models.ts"
import { baselineXml } from "../xml/capabilities-cpu.ts"
import type { XmlError } from "../xml/error.ts"
import {
  asking,
  binaryFor,
  builtArch,
  type Emulator,
  meantBy,
  type NodeGround,
  probed
} from "./node-emulator.ts"

export type NodeError = NodeArgumentInvalid | NodeUnsupported | ProbeFailed | CallError

/** How a question about a `<cpu>` can fail. */
export type CpuError = NodeError | XmlError

export interface CompareOptions {
  /** An incompatible processor is an error, with what the host lacks. */
  readonly isFailing?: boolean
}

type Compare = Effect.Effect<Comparison, CpuError | CpuIncompatible>

export interface NodeCpus {
  /** CONNECT_GET_CPU_MODEL_NAMES. */
  readonly cpuModelNames: (arch: string) => Effect.Effect<readonly string[], NodeError>
  /** CONNECT_COMPARE_CPU: a `<cpu>` with this host's own. */
  readonly compareCpu: (xml: string, options?: CompareOptions) => Compare
  /** CONNECT_COMPARE_HYPERVISOR_CPU: with what a guest of QEMU can have. */
  readonly compareHypervisorCpu: (
    request: DomainCapabilitiesRequest,
    xml: string,
    options?: CompareOptions
  ) => Compare
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
}

const modelsOf = ({ capabilities, models }: Emulator): Models => ({
  models,
  known: featuresKnownTo(capabilities)
})

interface Bench {
  readonly host: HostCpu
  readonly emulator: Emulator
  readonly xml: string
}

/** The answer, or an error where the caller wants one. */
const judged = (
  { host, emulator, xml }: Bench,
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
    const cpus = yield* parseCpuTexts(xmls)
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

export const nodeCpus = (ground: NodeGround): NodeCpus => {
  const ask = asking(ground)
  return {
    cpuModelNames: (name) =>
      ask("connectGetCPUModelNames", (parts) =>
        Effect.gen(function* () {
          const binary = binaryFor(ground, parts, yield* builtArch(name))
          const { cpus } = yield* parts.prober.capabilities(binary)
          return (cpus.tcg?.models ?? []).map((model) => model.name).filter(isModel)
        })
      ),
    compareCpu: (xml, options) =>
      ask("connectCompareCPU", (parts) =>
        Effect.gen(function* () {
          const emulator = yield* probed(parts, binaryFor(ground, parts, undefined))
          const host = hostCpu(emulator.capabilities, yield* readProcessor)
          return yield* Effect.fromResult(judged({ host, emulator, xml }, options))
        })
      ),
    compareHypervisorCpu: (request, xml, options) =>
      ask("connectCompareHypervisorCPU", (parts) =>
        Effect.gen(function* () {
          const { emulator, guest } = yield* meantBy(ground, parts, request)
          const host = yield* Effect.fromResult(guestCpu(emulator, guest))
          return yield* Effect.fromResult(judged({ host, emulator, xml }, options))
        })
      ),
    baselineCpu: (xmls, options) =>
      ask("connectBaselineCPU", (parts) =>
        Effect.gen(function* () {
          const emulator = yield* probed(parts, binaryFor(ground, parts, undefined))
          return yield* Effect.fromResult(common(xmls, emulator, options))
        })
      ),
    baselineHypervisorCpu: (request, xmls, options) =>
      ask("connectBaselineHypervisorCPU", (parts) =>
        Effect.gen(function* () {
          const { emulator } = yield* meantBy(ground, parts, request)
          return yield* Effect.fromResult(common(xmls, emulator, options))
        })
      )
  }
}
