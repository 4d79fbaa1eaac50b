/**
 * What the definition as a whole asks for and cannot have: accelerator, processors, memory, and
 * devices of which there can be only so many. Builds nothing.
 */
import { devicesOf } from "../../model/device.ts"
import type { Domain } from "../../model/domain.ts"
import { NotSupported } from "../../model/error.ts"
import { type ArgvError, Conflict, Unavailable } from "../refusal.ts"
import type { ArgvContext } from "./context.ts"
import { hugepagesOf, mountOf, numbersIn } from "./memory.ts"

interface Problem {
  readonly element: string
  readonly reason: string
}

const accelerator = ({ domain, capabilities }: ArgvContext): Problem | undefined => {
  const { kvm, tcg } = capabilities.accelerators
  if (domain.type === "kvm" && kvm !== "usable") {
    return { element: "<domain type='kvm'>", reason: kvm.unusable }
  }
  if (domain.type === "qemu" && !tcg) {
    return { element: "<domain type='qemu'>", reason: "this QEMU was built without TCG" }
  }
  return undefined
}

const processor = ({ domain, capabilities }: ArgvContext): Problem | undefined => {
  const { cpu, type } = domain
  const known = type === "kvm" ? capabilities.cpus.kvm : capabilities.cpus.tcg
  const element = `<cpu mode='${cpu?.mode}'>`
  if (cpu?.mode === "host-passthrough" && type === "qemu") {
    return { element, reason: "TCG has no host CPU to pass through" }
  }
  if (cpu?.mode === "host-model" && known?.host === undefined) {
    return { element, reason: "QEMU does not tell the host's CPU" }
  }
  return undefined
}

/** Contradictions of the definition; the binary has no part in them. */
type Contradiction = (domain: Domain) => Problem | undefined

const processorDetails: Contradiction = ({ cpu }) => {
  const isHosts = cpu?.mode === "host-passthrough" || cpu?.mode === "maximum"
  const { cache, maxphysaddr } = cpu ?? {}
  if (cache?.mode === "emulate" && cache.level !== undefined && cache.level !== 3) {
    return { element: "<cpu><cache>", reason: "only the cache of level 3 can be emulated" }
  }
  if (cache?.mode === "passthrough" && (!isHosts || cache.level !== undefined)) {
    const reason = "the host's caches are passed through whole, and with the host's CPU"
    return { element: "<cpu><cache>", reason }
  }
  if (maxphysaddr?.mode === "passthrough" && maxphysaddr.bits !== undefined) {
    const reason = "the host's address bits are passed through as they are"
    return { element: "<cpu><maxphysaddr>", reason }
  }
  return undefined
}

const kibPerMib = 1024

const memoryDetails: Contradiction = ({ memory, cpu, features, memoryBacking }) => {
  const cells = cpu?.numa?.cells ?? []
  if (memory.hotplug !== undefined && cells.length === 0) {
    return { element: "<maxMemory>", reason: "memory is plugged into NUMA cells; there are none" }
  }
  const ids = cells.map((cell, position) => cell.id ?? position).toSorted((a, b) => a - b)
  if (ids.some((id, position) => id !== position)) {
    const reason = "cells are numbered from 0 on, each number once and none left out"
    return { element: "<cpu><numa>", reason }
  }
  if ((features.smm?.tsegKiB ?? 0) % kibPerMib !== 0) {
    return { element: "<smm><tseg>", reason: "its size is no whole number of MiB" }
  }
  return hugepageDetails(memoryBacking?.hugepages?.pages ?? [], Math.max(1, cells.length))
}

const hugepageDetails = (
  pages: readonly { readonly sizeKiB: number; readonly nodeset?: string }[],
  nodes: number
): Problem | undefined => {
  const element = "<hugepages>"
  const masters = pages.filter(({ nodeset }) => nodeset === undefined)
  if (masters.length > 1) return { element, reason: "two page sizes are for all nodes" }
  const beyond = pages
    .flatMap(({ nodeset = "" }) => numbersIn(nodeset))
    .find((node) => node >= nodes)
  if (beyond !== undefined) return { element, reason: `there is no node ${beyond}` }
  const isTwice = nodes === 1 && masters.length === 1 && pages.length > 1
  return isTwice ? { element, reason: "the only node is given two page sizes" } : undefined
}

/** USB companions need the master whose ports they serve. */
const companions: Contradiction = (domain) => {
  const usb = devicesOf(domain, "controller").filter(({ type }) => type === "usb")
  const orphan = usb.find(
    ({ masterStartPort, index }) =>
      masterStartPort !== undefined &&
      !usb.some((other) => other.index === index && other.masterStartPort === undefined)
  )
  return orphan === undefined
    ? undefined
    : { element: `controller usb ${orphan.index}`, reason: "its master is missing" }
}

const singles: Contradiction = (domain) => {
  const primaries = devicesOf(domain, "video").filter(({ model }) => model.primary === true)
  if (primaries.length > 1) return { element: "video", reason: "only one can be the primary" }
  const ramfbs = devicesOf(domain, "hostdev").filter(
    ({ source }) => source.type === "mdev" && source.ramfb === true
  )
  return ramfbs.length > 1
    ? { element: "hostdev", reason: "only one can show the boot screen (ramfb)" }
    : undefined
}

const contradictions: readonly Contradiction[] = [
  processorDetails,
  memoryDetails,
  companions,
  singles
]

/** Page sizes that no mount of the host has. */
const hugepageMounts = (context: ArgvContext): Problem | undefined => {
  const cells = context.domain.cpu?.numa?.cells ?? []
  for (let cell = 0; cell < Math.max(1, cells.length); cell += 1) {
    const page = hugepagesOf(context, cell)
    if (page === undefined || mountOf(context.config.hugepageMounts, page) !== undefined) continue
    const size = page === "default" ? "the default size" : `${page} KiB`
    return { element: "<hugepages>", reason: `the host has no mount for pages of ${size}` }
  }
  return undefined
}

const smbios = ({ domain }: ArgvContext): ArgvError | undefined => {
  const mode = domain.os.smbiosMode
  if (mode === undefined || mode === "emulate") return undefined
  const what = `<smbios mode='${mode}'>`
  return new NotSupported({ domain: domain.name, what, consequence: "guest" })
}

/** The first thing that the guest as a whole cannot have, or undefined. */
export const guestProblem = (context: ArgvContext): ArgvError | undefined => {
  const domain = context.domain.name
  for (const check of contradictions) {
    const found = check(context.domain)
    if (found !== undefined) return new Conflict({ domain, ...found })
  }
  for (const check of [accelerator, processor, hugepageMounts]) {
    const found = check(context)
    if (found !== undefined) return new Unavailable({ domain, ...found })
  }
  return smbios(context)
}
