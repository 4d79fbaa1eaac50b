/**
 * The host's own processor in QEMU's words: what KVM offers of it where KVM runs guests, what the
 * kernel says of it otherwise. Pure.
 */
import type { Processor } from "../host/node-processor.ts"
import type { Capabilities } from "../qemu/capabilities.ts"
import { hostFeatures, type ModelFeatures } from "../qemu/probe-models.ts"
import type { HostCpuText } from "../xml/capabilities.ts"
import {
  type CpuFacts,
  featuresOfFlags,
  knownFeatures,
  libvirtFeature,
  libvirtVendor
} from "./cpu-names.ts"
import { nearestModel } from "./cpu-nearest.ts"
import type { HostFacts } from "./host-facts.ts"

export interface HostCpu extends CpuFacts {
  readonly arch: string
}

/** Features that QEMU has words for. */
export const featuresKnownTo = ({ cpus }: Capabilities): ReadonlySet<string> =>
  knownFeatures(cpus.kvm?.host?.props ?? cpus.tcg?.host?.props ?? {})

export const hostCpu = (capabilities: Capabilities, processor: Processor): HostCpu => {
  const { arch, vendor } = processor
  const { kvm } = capabilities.cpus
  const expanded = kvm?.hostUnmigratable ?? kvm?.host
  if (expanded !== undefined) {
    const host = hostFeatures(expanded)
    return { arch, vendor: host.vendor ?? vendor, features: new Set(host.features) }
  }
  const features = featuresOfFlags(processor.flags, featuresKnownTo(capabilities))
  return { arch, vendor, features: new Set(features) }
}

/** The richest model that the processor has whole, and what it has beyond that. */
export const hostCpuText = (
  cpu: HostCpu,
  models: readonly ModelFeatures[],
  { processor, info, cells, dies }: HostFacts
): HostCpuText => {
  const near = nearestModel(cpu, models, { isWhole: true })
  const { family, model, stepping } = processor
  const isSigned = family !== undefined && model !== undefined && stepping !== undefined
  const { sockets, cores, threads } = info
  const sizes = new Set(cells.flatMap(({ pages }) => pages.map(({ sizeKiB }) => sizeKiB)))
  const diesPerSocket = Math.max(1, Math.floor(dies / Math.max(1, sockets * info.nodes)))
  const isEven = cores % diesPerSocket === 0
  return {
    arch: cpu.arch,
    model: near?.model.name,
    vendor: libvirtVendor(cpu.vendor),
    microcode: processor.microcode,
    signature: isSigned ? { family, model, stepping } : undefined,
    topology: { sockets, cores: isEven ? cores / diesPerSocket : cores, threads },
    dies: isEven ? diesPerSocket : 1,
    physicalAddressBits: processor.physicalAddressBits,
    features: (near?.more ?? []).map(libvirtFeature),
    pagesKiB: [...sizes].toSorted((left, right) => left - right)
  }
}
