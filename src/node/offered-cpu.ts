/**
 * Which processors a guest may have: the modes by trial, the models as QEMU lists them under the
 * accelerator, and the host's own model in the words of a named one.
 */
import type { AcceleratorCpus, Capabilities } from "../qemu/capabilities.ts"
import { hostFeatures, isModel, type ModelFeatures } from "../qemu/probe-models.ts"
import type { DomainCapabilitiesText, HostModelText } from "../xml/domain-capabilities.ts"
import { libvirtFeature, libvirtVendor } from "./cpu-names.ts"
import { nearestModel } from "./cpu-nearest.ts"
import { thoseHad, type TrialGround } from "./trial.ts"

type CpuOffers = DomainCapabilitiesText["cpu"]

export const cpusUnder = (
  { cpus }: Capabilities,
  domain: "kvm" | "qemu"
): AcceleratorCpus | undefined => (domain === "kvm" ? cpus.kvm : cpus.tcg)

/** Values of `migratable` of a mode that follows the host; undefined where it cannot be had. */
const migratable = (ground: TrialGround, mode: string): readonly string[] | undefined => {
  const values = thoseHad(ground, ["on", "off"], (value) => ({
    rest: `<cpu mode='${mode}' migratable='${value}'/>`
  }))
  return values.length > 0 ? values : undefined
}

/**
 * The guest of `host-model` gets every feature of QEMU's expansion; this names the same set as the
 * nearest model with what is added and taken away.
 */
const hostModel = (
  cpus: AcceleratorCpus | undefined,
  models: readonly ModelFeatures[]
): HostModelText | undefined => {
  if (cpus?.host === undefined) return undefined
  const host = hostFeatures(cpus.host)
  const near = nearestModel({ vendor: host.vendor, features: new Set(host.features) }, models)
  if (near === undefined) return undefined
  const named = (policy: string) => (name: string) => ({ name: libvirtFeature(name), policy })
  return {
    model: near.model.name,
    vendor: libvirtVendor(host.vendor),
    features: [...near.more.map(named("require")), ...near.less.map(named("disable"))]
  }
}

/** Models of no maker's: QEMU gives them one, and every host runs them. */
const generic = new Set("486 kvm32 kvm64 pentium pentium2 pentium3 qemu32 qemu64".split(" "))

const vendorOf = (name: string, vendor: string | undefined): string =>
  generic.has(name.replace(/-v\d+$/, "")) ? "unknown" : (libvirtVendor(vendor) ?? "unknown")

/** Every model of this QEMU but those that are the host, or nothing at all. */
const models = (
  cpus: AcceleratorCpus | undefined,
  spelled: readonly ModelFeatures[]
): CpuOffers["models"] => {
  const vendors = new Map(spelled.map(({ name, vendor }) => [name, vendor]))
  return (cpus?.models ?? [])
    .filter(({ name }) => isModel(name))
    .map(({ name, blockers }) => ({
      name,
      vendor: vendorOf(name, vendors.get(name)),
      isUsable: blockers.length === 0,
      isDeprecated: false
    }))
}

export const offeredCpus = (ground: TrialGround, spelled: readonly ModelFeatures[]): CpuOffers => {
  const cpus = cpusUnder(ground.capabilities, ground.domain)
  return {
    hostPassthrough: migratable(ground, "host-passthrough"),
    maximum: migratable(ground, "maximum"),
    hostModel: hostModel(cpus, spelled),
    models: models(cpus, spelled)
  }
}
