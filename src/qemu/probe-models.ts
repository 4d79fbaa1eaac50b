/**
 * What each CPU model of a QEMU is made of, by asking QEMU to spell it out: maker, family and the
 * features that are on. The question takes longer than all others together, so that only who
 * compares processors asks it. Pure reading of the answers, and their compact form on disk.
 */
import * as Schema from "effect/Schema"
import * as Result from "effect/Result"
import type { Capabilities, CapabilityQuery, CpuExpansion, QmpAnswer } from "./capabilities.ts"

/** A model spelled out. Feature names are QEMU's. */
export interface ModelFeatures {
  readonly name: string
  /** CPUID's: `GenuineIntel`. */
  readonly vendor: string | undefined
  readonly family: number | undefined
  readonly model: number | undefined
  readonly stepping: number | undefined
  /** Those that are on, sorted. */
  readonly features: readonly string[]
}

/** Names of `query-cpu-definitions` that are no models: they follow the host or the accelerator. */
const shifting = new Set(["host", "max", "base"])

export const isModel = (name: string): boolean => !shifting.has(name)

/** QEMU 7.2 has 132; one that tells of more than this is not believed. */
const modelsMax = 2_000

export const modelQueries = (capabilities: Capabilities): readonly CapabilityQuery[] =>
  (capabilities.cpus.tcg?.models ?? [])
    .filter(({ name }) => isModel(name))
    .slice(0, modelsMax)
    .map(({ name }) => ({
      execute: "query-cpu-model-expansion",
      arguments: { type: "static", model: { name } }
    }))

const request = Schema.Struct({ model: Schema.Struct({ name: Schema.String }) })

const answer = Schema.Struct({
  model: Schema.Struct({ props: Schema.Record(Schema.String, Schema.Unknown) })
})

/** What KVM offers a guest as such, beside the processor. */
const isParavirtual = (name: string): boolean => /^(kvm|hv-)/.test(name)

export const featuresOf = (props: { readonly [name: string]: unknown }): readonly string[] =>
  Object.entries(props)
    .flatMap(([name, value]) => (value === true && !isParavirtual(name) ? [name] : []))
    .toSorted()

const numberOf = (value: unknown): number | undefined =>
  typeof value === "number" ? value : undefined

/** A model, or the host, from QEMU's static expansion of it. */
export const modelFeatures = (
  name: string,
  props: { readonly [name: string]: unknown }
): ModelFeatures => ({
  name,
  vendor: typeof props["vendor"] === "string" ? props["vendor"] : undefined,
  family: numberOf(props["family"]),
  model: numberOf(props["model"]),
  stepping: numberOf(props["stepping"]),
  features: featuresOf(props)
})

export const hostFeatures = ({ name, props }: CpuExpansion): ModelFeatures =>
  modelFeatures(name, props)

/** A model that QEMU does not spell out is left out. */
export const modelsFromReplies = (record: readonly QmpAnswer[]): readonly ModelFeatures[] =>
  record.flatMap((one) => {
    const asked = Schema.decodeUnknownResult(request)(one.arguments)
    const told = Schema.decodeUnknownResult(answer)(one.return)
    if (Result.isFailure(asked) || Result.isFailure(told)) return []
    return [modelFeatures(asked.success.model.name, told.success.model.props)]
  })

const integer = Schema.UndefinedOr(Schema.Int)

const kept = Schema.Array(
  Schema.Struct({
    name: Schema.String,
    vendor: Schema.optionalKey(Schema.UndefinedOr(Schema.String)),
    family: Schema.optionalKey(integer),
    model: Schema.optionalKey(integer),
    stepping: Schema.optionalKey(integer),
    features: Schema.Array(Schema.String)
  })
)

/** From the cache's JSON; undefined when it is not of this form. */
export const modelsFromKept = (value: unknown): readonly ModelFeatures[] | undefined => {
  const read = Schema.decodeUnknownResult(kept)(value)
  return Result.isFailure(read)
    ? undefined
    : read.success.map(({ name, vendor, family, model, stepping, features }) => ({
        name,
        vendor,
        family,
        model,
        stepping,
        features
      }))
}
