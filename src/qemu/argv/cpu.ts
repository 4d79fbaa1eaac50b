/** `-cpu`: the model, its features, and what timers, KVM and Hyper-V settings add to it. */
import type { Cpu, CpuFeature } from "../../model/cpu.ts"
import type { Domain } from "../../model/domain.ts"
import type { HypervFeatures } from "../../model/machine.ts"
import type { ArgvContext, GuestArgs } from "./context.ts"
import { keyValues, type KeyValue } from "./arg.ts"
import { type Capabilities, hasProperty } from "../capabilities.ts"
import { hostModel } from "./cpu-host.ts"

/** QEMU writes with a hyphen what libvirt writes with an underscore. */
export const featureName = (name: string): string => qemuNames[name] ?? name.replaceAll("_", "-")

const qemuNames: { readonly [name: string]: string } = {
  "sse4.1": "sse4.1",
  "sse4.2": "sse4.2"
}

const anyCpu = "max-x86_64-cpu"

/** A feature that QEMU has never heard of is off already. */
const featurePair = (
  { name, policy }: CpuFeature,
  capabilities: Capabilities
): KeyValue | undefined => {
  if (policy === "optional") return undefined
  const qemuName = featureName(name)
  const isOff = policy === "disable" || policy === "forbid"
  const isKnown =
    !Object.hasOwn(capabilities.properties, anyCpu) || hasProperty(capabilities, anyCpu, qemuName)
  return isOff && !isKnown ? undefined : [qemuName, !isOff]
}

const featuresOf = ({ domain, capabilities }: ArgvContext): readonly KeyValue[] =>
  (domain.cpu?.features ?? []).flatMap((feature) => {
    const pair = featurePair(feature, capabilities)
    return pair === undefined ? [] : [pair]
  })

interface Model {
  readonly head: string
  readonly pairs: readonly KeyValue[]
}

const model = (context: ArgvContext): Model => {
  const { cpu } = context.domain
  const features = featuresOf(context)
  switch (cpu?.mode) {
    case "host-passthrough":
      return { head: "host", pairs: [["migratable", cpu.migratable], ...features] }
    case "maximum":
      return { head: "max", pairs: [["migratable", cpu.migratable], ...features] }
    case "host-model":
      return hostModel(context, features)
    default: {
      const name = cpu?.model?.name ?? "qemu64"
      return { head: name, pairs: [["vendor", cpu?.model?.vendorId], ...features] }
    }
  }
}

const timers = ({ clock, features }: Domain): readonly KeyValue[] => {
  const pairs: KeyValue[] = []
  for (const { name, present, frequencyHz } of clock.timers) {
    if (name === "kvmclock" && present !== undefined) pairs.push(["kvmclock", present])
    if (name === "hypervclock" && present === true) pairs.push(["hv-time", true])
    if (name === "tsc" && frequencyHz !== undefined) pairs.push(["tsc-frequency", frequencyHz])
  }
  if (features.apic?.eoi !== undefined) pairs.push(["kvm-pv-eoi", features.apic.eoi])
  if (features.pvspinlock !== undefined) pairs.push(["kvm-pv-unhalt", features.pvspinlock])
  return pairs
}

const spinlocksNever = 0xffffffff

const hyperv = (given: HypervFeatures | undefined): readonly KeyValue[] => {
  if (given === undefined) return []
  const on = (value: boolean | undefined) => (value === true ? true : undefined)
  const { spinlocks, stimer, vendorId } = given
  const retries = spinlocks?.state === true ? (spinlocks.retries ?? spinlocksNever) : undefined
  return [
    ["hv-passthrough", given.mode === "passthrough" ? true : undefined],
    ["hv-relaxed", on(given.relaxed)],
    ["hv-vapic", on(given.vapic)],
    ["hv-spinlocks", retries === undefined ? undefined : `0x${retries.toString(16)}`],
    ["hv-vpindex", on(given.vpindex)],
    ["hv-runtime", on(given.runtime)],
    ["hv-synic", on(given.synic)],
    ["hv-stimer", on(stimer?.state)],
    ["hv-stimer-direct", on(stimer?.direct)],
    ["hv-reset", on(given.reset)],
    ["hv-vendor-id", vendorId?.state === true ? vendorId.value : undefined],
    ["hv-frequencies", on(given.frequencies)],
    ["hv-reenlightenment", on(given.reenlightenment)],
    ["hv-tlbflush", on(given.tlbflush)],
    ["hv-ipi", on(given.ipi)],
    ["hv-evmcs", on(given.evmcs)],
    ["hv-avic", on(given.avic)]
  ]
}

const panics = ({ devices }: Domain): readonly KeyValue[] =>
  devices.some((device) => device.kind === "panic" && device.model === "hyperv")
    ? [["hv-crash", true]]
    : []

const kvm = ({ features }: Domain): readonly KeyValue[] => {
  const { kvm } = features
  return [
    ["kvm", kvm?.hidden === true ? false : undefined],
    ["kvm-hint-dedicated", kvm?.hintDedicated === true ? true : undefined],
    ["kvm-poll-control", kvm?.pollControl === true ? true : undefined],
    ["kvm-pv-ipi", kvm?.pvIpi === undefined || kvm.pvIpi ? undefined : false],
    ["pmu", features.pmu]
  ]
}

const cache = (cpu: Cpu | undefined): readonly KeyValue[] => {
  switch (cpu?.cache?.mode) {
    case "passthrough":
      return [
        ["host-cache-info", true],
        ["l3-cache", false]
      ]
    case "emulate":
      return [
        ["l3-cache", true],
        [
          "host-cache-info",
          cpu.mode === "host-passthrough" || cpu.mode === "maximum" ? false : undefined
        ]
      ]
    case "disable":
      return [
        [
          "host-cache-info",
          cpu.mode === "host-passthrough" || cpu.mode === "maximum" ? false : undefined
        ],
        ["l3-cache", false]
      ]
    default:
      return []
  }
}

const addressBits = (cpu: Cpu | undefined): readonly KeyValue[] => {
  const limit = cpu?.maxphysaddr
  if (limit === undefined) return []
  if (limit.mode === "passthrough") return [["host-phys-bits", true]]
  return [["phys-bits", limit.bits]]
}

export const cpu: GuestArgs = (context) => {
  const { domain } = context
  const { head, pairs } = model(context)
  const all: readonly KeyValue[] = [
    ...pairs,
    ...timers(domain),
    ...hyperv(domain.features.hyperv),
    ...panics(domain),
    ...kvm(domain),
    ...cache(domain.cpu),
    ...addressBits(domain.cpu)
  ]
  return [["-cpu", keyValues(head, all)]]
}
