/** Which guests the host can have, and which processors: XML, and what is computed of it. */
import * as Effect from "effect/Effect"
import type { BaselineOptions, Comparison } from "../../node/cpu-compare.ts"
import type { DomainCapabilitiesRequest } from "../../node/guests.ts"
import { RpcRefusal } from "../refusal.ts"
import type { Handler, Handlers } from "../server/handler.ts"
import { knowing } from "./flags.ts"

/** VIR_CONNECT_COMPARE_CPU_FAIL_INCOMPATIBLE */
const failIncompatible = 1

/** VIR_CONNECT_BASELINE_CPU_EXPAND_FEATURES and _MIGRATABLE. */
const expandFeatures = 1
const migratable = 2

/** REMOTE_CONNECT_CPU_MODELS_MAX */
const modelsMax = 8_192

/** virCPUCompareResult */
const comparisons: { readonly [comparison in Comparison]: number } = {
  incompatible: 0,
  identical: 1,
  superset: 2
}

interface Wanted {
  readonly arch: string | null
  readonly machine: string | null
  readonly virttype: string | null
}

const requestOf = (
  emulator: string | null,
  { arch, machine, virttype }: Wanted
): DomainCapabilitiesRequest => ({
  emulator: emulator ?? undefined,
  arch: arch ?? undefined,
  machine: machine ?? undefined,
  virtType: virttype ?? undefined
})

const resultOf = (comparison: Comparison) => ({ result: comparisons[comparison] })

const failing = (flags: number) => ({ isFailing: (flags & failIncompatible) !== 0 })

const baselineOptions = (flags: number): BaselineOptions => ({
  isExpanded: (flags & expandFeatures) !== 0,
  isMigratable: (flags & migratable) !== 0
})

const modelNames: Handler<"remote", "CONNECT_GET_CPU_MODEL_NAMES"> = (
  { arch, need_results: needResults },
  { engine }
) =>
  Effect.flatMap(engine.node.cpuModelNames(arch), (models) =>
    models.length > modelsMax
      ? Effect.fail(
          new RpcRefusal({
            code: "INTERNAL_ERROR",
            text: `${models.length} CPU models are more than the ${modelsMax} of one answer`
          })
        )
      : Effect.succeed({ models: needResults === 0 ? [] : models, ret: models.length })
  )

const domainCapabilities: Handler<"remote", "CONNECT_GET_DOMAIN_CAPABILITIES"> = (
  { emulatorbin, ...wanted },
  { engine }
) =>
  Effect.map(engine.node.domainCapabilities(requestOf(emulatorbin, wanted)), (capabilities) => ({
    capabilities
  }))

export const capabilities: Handlers = {
  remote: {
    CONNECT_GET_CAPABILITIES: (_, { engine }) =>
      Effect.map(engine.node.capabilities, (xml) => ({ capabilities: xml })),
    CONNECT_GET_DOMAIN_CAPABILITIES: knowing(
      "virConnectGetDomainCapabilities",
      0,
      domainCapabilities
    ),
    CONNECT_GET_MAX_VCPUS: ({ type }, { engine }) =>
      Effect.map(engine.node.maxVcpus(type ?? undefined), (count) => ({ max_vcpus: count })),
    CONNECT_GET_CPU_MODEL_NAMES: knowing("virConnectGetCPUModelNames", 0, modelNames),
    CONNECT_COMPARE_CPU: knowing(
      "virConnectCompareCPU",
      failIncompatible,
      ({ xml, flags }, { engine }) =>
        Effect.map(engine.node.compareCpu(xml, failing(flags)), resultOf)
    ),
    CONNECT_COMPARE_HYPERVISOR_CPU: knowing(
      "virConnectCompareHypervisorCPU",
      failIncompatible,
      ({ emulator, xmlCPU, flags, ...wanted }, { engine }) =>
        Effect.map(
          engine.node.compareHypervisorCpu(requestOf(emulator, wanted), xmlCPU, failing(flags)),
          resultOf
        )
    ),
    CONNECT_BASELINE_CPU: knowing(
      "virConnectBaselineCPU",
      expandFeatures | migratable,
      ({ xmlCPUs, flags }, { engine }) =>
        Effect.map(engine.node.baselineCpu(xmlCPUs, baselineOptions(flags)), (cpu) => ({ cpu }))
    ),
    CONNECT_BASELINE_HYPERVISOR_CPU: knowing(
      "virConnectBaselineHypervisorCPU",
      expandFeatures | migratable,
      ({ emulator, xmlCPUs, flags, ...wanted }, { engine }) =>
        Effect.map(
          engine.node.baselineHypervisorCpu(
            requestOf(emulator, wanted),
            xmlCPUs,
            baselineOptions(flags)
          ),
          (cpu) => ({ cpu })
        )
    )
  }
}
