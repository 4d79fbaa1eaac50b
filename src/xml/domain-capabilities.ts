/**
 * What a guest of one emulator, machine and accelerator may have, as libvirt's
 * `<domainCapabilities>`. Plain data to text, in the order of libvirt's schema. Writes only.
 */
import type { KeptElement } from "../model/kept.ts"
import { choices, element, leaf, maybe } from "./capabilities-element.ts"
import { writeElement } from "./write.ts"

/** Names of values, each with those that work. A device without any is not supported. */
export type Enums = { readonly [name: string]: readonly string[] }

export interface CpuModelText {
  readonly name: string
  readonly vendor: string
  readonly isUsable: boolean
  readonly isDeprecated: boolean
}

export interface HostModelText {
  readonly model: string
  readonly vendor: string | undefined
  readonly features: readonly { readonly name: string; readonly policy: string }[]
}

export interface DomainCapabilitiesText {
  readonly path: string
  readonly domain: string
  readonly machine: string
  readonly arch: string
  readonly vcpuMax: number
  readonly hasIothreads: boolean
  readonly os: {
    readonly firmware: readonly string[]
    readonly loaders: readonly string[]
    readonly enums: Enums
  }
  readonly cpu: {
    /** Values of `migratable`; undefined where the mode cannot be had. */
    readonly hostPassthrough: readonly string[] | undefined
    readonly maximum: readonly string[] | undefined
    readonly hostModel: HostModelText | undefined
    readonly models: readonly CpuModelText[]
  }
  readonly memorySources: readonly string[]
  /** In the order of the schema: `disk`, `graphics`, ... */
  readonly devices: readonly { readonly name: string; readonly enums: Enums }[]
  /** `vmcoreinfo`, `genid`, ... */
  readonly features: readonly { readonly name: string; readonly isSupported: boolean }[]
  /** Hyper-V enlightenments; empty is not supported. */
  readonly hyperv: readonly string[]
}

const yesNo = (value: boolean): "yes" | "no" => (value ? "yes" : "no")

const enumsOf = (enums: Enums): readonly KeptElement[] =>
  Object.entries(enums).map(([name, values]) => choices(name, values))

/** Supported when there is a value to choose; else nothing is said below it. */
const supported = (name: string, enums: Enums): KeptElement => {
  const isSupported = Object.values(enums).some((values) => values.length > 0)
  return element(name, { supported: yesNo(isSupported) }, isSupported ? enumsOf(enums) : [])
}

const os = ({ firmware, loaders, enums }: DomainCapabilitiesText["os"]): KeptElement =>
  element("os", { supported: "yes" }, [
    choices("firmware", firmware),
    element("loader", { supported: yesNo(Object.values(enums).some(({ length }) => length > 0)) }, [
      ...loaders.map((path) => leaf("value", path)),
      ...enumsOf(enums)
    ])
  ])

const mode = (
  name: string,
  isSupported: boolean,
  children: readonly KeptElement[] = []
): KeptElement => element("mode", { name, supported: yesNo(isSupported) }, children)

const migratableMode = (
  name: string,
  attribute: string,
  values: readonly string[] | undefined
): KeptElement =>
  mode(name, values !== undefined, values === undefined ? [] : [choices(attribute, values)])

const hostModel = ({ model, vendor, features }: HostModelText): readonly KeptElement[] => [
  leaf("model", model, { fallback: "forbid" }),
  ...maybe(vendor, (name) => leaf("vendor", name)),
  ...features.map(({ name, policy }) => element("feature", { policy, name }))
]

const model = ({ name, vendor, isUsable, isDeprecated }: CpuModelText): KeptElement =>
  leaf("model", name, {
    usable: yesNo(isUsable),
    deprecated: isDeprecated ? "yes" : undefined,
    vendor
  })

const cpu = (one: DomainCapabilitiesText["cpu"]): KeptElement =>
  element("cpu", {}, [
    migratableMode("host-passthrough", "hostPassthroughMigratable", one.hostPassthrough),
    migratableMode("maximum", "maximumMigratable", one.maximum),
    mode(
      "host-model",
      one.hostModel !== undefined,
      one.hostModel === undefined ? [] : hostModel(one.hostModel)
    ),
    mode("custom", one.models.length > 0, one.models.map(model))
  ])

const features = ({ features, hyperv }: DomainCapabilitiesText): KeptElement =>
  element("features", {}, [
    ...features.map(({ name, isSupported }) => element(name, { supported: yesNo(isSupported) })),
    supported("hyperv", { features: hyperv })
  ])

export const domainCapabilitiesXml = (one: DomainCapabilitiesText): string =>
  `${writeElement(
    element("domainCapabilities", {}, [
      leaf("path", one.path),
      leaf("domain", one.domain),
      leaf("machine", one.machine),
      leaf("arch", one.arch),
      element("vcpu", { max: one.vcpuMax }),
      element("iothreads", { supported: yesNo(one.hasIothreads) }),
      os(one.os),
      cpu(one.cpu),
      supported("memoryBacking", { sourceType: one.memorySources }),
      element(
        "devices",
        {},
        one.devices.map(({ name, enums }) => supported(name, enums))
      ),
      features(one)
    ])
  )}\n`
