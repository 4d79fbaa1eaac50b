/**
 * Compares processors and finds what several have in common. QEMU's own comparison is of s390
 * only, so that here sets are compared: the features that QEMU spells a model out to, edited as the
 * client's `<cpu>` says, against those of a host. Pure.
 */
import * as Result from "effect/Result"
import type { ModelFeatures } from "../qemu/probe-models.ts"
import { type CpuFacts, libvirtFeature, libvirtVendor, qemuFeature } from "./cpu-names.ts"
import { nearestModel } from "./cpu-nearest.ts"
import type { CpuText } from "./cpu-text.ts"
import { NodeArgumentInvalid } from "./error.ts"

/** libvirt's answers, by their meaning: 0, 1 and 2 on the wire. */
export type Comparison = "incompatible" | "identical" | "superset"

export interface Compared {
  readonly result: Comparison
  /** Why it is incompatible, as one clause. */
  readonly why: string | undefined
}

export interface Models {
  readonly models: readonly ModelFeatures[]
  /** Every feature that QEMU knows. */
  readonly known: ReadonlySet<string>
}

/** Bits that the guest's kernel turns on itself: no processor has or lacks them. */
const ofTheKernel = new Set(["osxsave", "ospke"])

interface Wanted {
  readonly features: ReadonlySet<string>
  readonly forbidden: readonly string[]
}

const invalid = (argument: string, why: string) =>
  Result.fail(new NodeArgumentInvalid({ argument, why }))

/** What a `<cpu>` asks for, with its model spelled out. */
const wantedBy = (
  cpu: CpuText,
  { models, known }: Models
): Result.Result<Wanted, NodeArgumentInvalid> => {
  const model = models.find(({ name }) => name === cpu.model)
  if (cpu.model === undefined) return invalid("<cpu>", "it names no model")
  if (model === undefined) return invalid("<model>", `QEMU has no CPU model '${cpu.model}'`)
  const features = new Set(model.features)
  const forbidden: string[] = []
  for (const { name, policy } of cpu.features) {
    const feature = qemuFeature(name)
    if (ofTheKernel.has(feature)) continue
    if (!known.has(feature)) return invalid("<feature>", `QEMU has no CPU feature '${name}'`)
    if (policy === "require" || policy === "force") features.add(feature)
    if (policy === "disable" || policy === "forbid" || policy === "optional") {
      features.delete(feature)
    }
    if (policy === "forbid") forbidden.push(feature)
  }
  return Result.succeed({ features, forbidden })
}

const quoted = (features: readonly string[]): string =>
  features.map((feature) => `'${libvirtFeature(feature)}'`).join(", ")

const incompatible = (why: string): Compared => ({ result: "incompatible", why })

const compareSets = (cpu: CpuText, wanted: Wanted, host: CpuFacts): Compared => {
  const missing = [...wanted.features].filter((feature) => !host.features.has(feature))
  if (missing.length > 0) return incompatible(`the host lacks ${quoted(missing.toSorted())}`)
  const present = wanted.forbidden.filter((feature) => host.features.has(feature))
  if (present.length > 0) return incompatible(`the host has ${quoted(present)}`)
  const isSame = [...host.features].every((feature) => wanted.features.has(feature))
  if (isSame) return { result: "identical", why: undefined }
  if (cpu.match === "strict") return incompatible("the host has more features")
  return { result: "superset", why: undefined }
}

/**
 * Whether a host can give this processor. A `force`d feature counts as required: whether it can be
 * emulated is seen only when a guest starts.
 */
export const compareCpu = (
  cpu: CpuText,
  host: CpuFacts & { readonly arch: string },
  models: Models
): Result.Result<Compared, NodeArgumentInvalid> => {
  if (cpu.arch !== undefined && cpu.arch !== host.arch) {
    return Result.succeed(incompatible(`it is of the architecture '${cpu.arch}'`))
  }
  // The host's own processor, in whatever words.
  if (cpu.mode === "host-passthrough" || cpu.mode === "host-model" || cpu.mode === "maximum") {
    return Result.succeed({ result: "identical", why: undefined })
  }
  const vendor = libvirtVendor(host.vendor)
  if (cpu.vendor !== undefined && cpu.vendor !== vendor) {
    return Result.succeed(incompatible(`the host is not of the maker '${cpu.vendor}'`))
  }
  return Result.map(wantedBy(cpu, models), (wanted) => compareSets(cpu, wanted, host))
}

/** A processor for a definition, in libvirt's words. */
export interface BaselineCpu {
  readonly model: string
  /** libvirt's name; undefined where the makers differ or are unknown. */
  readonly vendor: string | undefined
  readonly features: readonly {
    readonly name: string
    readonly policy: "require" | "disable"
  }[]
}

export interface BaselineOptions {
  /** Every feature is named, those of the model too. */
  readonly isExpanded?: boolean
  /** Without what cannot be carried to another host. */
  readonly isMigratable?: boolean
}

const unmigratable = new Set(["invtsc"])

const inLibvirtWords = (
  cpu: CpuFacts,
  models: readonly ModelFeatures[],
  options: BaselineOptions & { readonly preferred: readonly string[] }
): BaselineCpu | undefined => {
  const near = nearestModel(cpu, models, { preferred: options.preferred })
  if (near === undefined) return undefined
  const on = options.isExpanded === true ? [...cpu.features].toSorted() : near.more
  return {
    model: near.model.name,
    vendor: libvirtVendor(cpu.vendor),
    features: [
      ...on.map((name) => ({ name: libvirtFeature(name), policy: "require" as const })),
      ...near.less.map((name) => ({ name: libvirtFeature(name), policy: "disable" as const }))
    ]
  }
}

const cpuidVendor = (cpu: CpuText, { models }: Models): string | undefined =>
  models.find((model) => libvirtVendor(model.vendor) === cpu.vendor)?.vendor

const bothOf = (left: ReadonlySet<string>, right: ReadonlySet<string>): ReadonlySet<string> =>
  new Set([...left].filter((one) => right.has(one)))

/** The richest processor that all of these hosts can give: the features that all have. */
export const baselineCpu = (
  cpus: readonly CpuText[],
  all: Models,
  options: BaselineOptions = {}
): Result.Result<BaselineCpu, NodeArgumentInvalid> =>
  Result.gen(function* () {
    const [first] = cpus
    if (first === undefined) return yield* invalid("<cpu>", "there is none to compare")
    const vendors = new Set(cpus.flatMap(({ vendor }) => (vendor === undefined ? [] : [vendor])))
    if (vendors.size > 1) {
      return yield* invalid("<vendor>", "the CPUs are of different makers")
    }
    const archs = new Set(cpus.flatMap(({ arch }) => (arch === undefined ? [] : [arch])))
    if (archs.size > 1) return yield* invalid("<arch>", "the CPUs are of different architectures")
    let common: ReadonlySet<string> | undefined
    for (const cpu of cpus) {
      const { features } = yield* wantedBy(cpu, all)
      common = common === undefined ? features : bothOf(common, features)
    }
    const isKept = (feature: string) => options.isMigratable !== true || !unmigratable.has(feature)
    const features = new Set([...(common ?? [])].filter(isKept))
    const named = cpus.find(({ vendor }) => vendor !== undefined)
    const vendor = named === undefined ? undefined : cpuidVendor(named, all)
    const preferred = cpus.flatMap(({ model }) => (model === undefined ? [] : [model]))
    const found = inLibvirtWords({ vendor, features }, all.models, { ...options, preferred })
    return found ?? (yield* invalid("<cpu>", "QEMU has no model to begin with"))
  })
