/**
 * What a host is and which guests it runs, as libvirt's `<capabilities>`. Plain data to text;
 * where the data comes from is `src/node`'s. Writes only.
 */
import type { KeptElement } from "../model/kept.ts"
import { element, leaf, maybe } from "./capabilities-element.ts"
import { writeElement } from "./write.ts"

/** The host's processor. Feature names are libvirt's. */
export interface HostCpuText {
  readonly arch: string
  readonly model: string | undefined
  readonly vendor: string | undefined
  readonly microcode: number | undefined
  readonly signature:
    | { readonly family: number; readonly model: number; readonly stepping: number }
    | undefined
  readonly topology: { readonly sockets: number; readonly cores: number; readonly threads: number }
  readonly dies: number
  readonly physicalAddressBits: number | undefined
  readonly features: readonly string[]
  /** Page sizes that the host has, ordinary ones first. */
  readonly pagesKiB: readonly number[]
}

export interface HostCellText {
  readonly id: number
  readonly memoryKiB: number
  readonly pages: readonly { readonly sizeKiB: number; readonly count: number }[]
  readonly distances: readonly { readonly id: number; readonly value: number }[]
  readonly cpus: readonly {
    readonly id: number
    readonly socket: number
    readonly die: number
    readonly core: number
    /** In list form: `0-1`. */
    readonly siblings: string
  }[]
}

export interface CacheText {
  readonly id: number
  readonly level: number
  readonly type: "both" | "code" | "data"
  readonly sizeKiB: number
  readonly cpus: string
}

export interface HostText {
  readonly uuid: string
  readonly cpu: HostCpuText
  readonly hasIommu: boolean
  readonly canMigrate: boolean
  readonly cells: readonly HostCellText[]
  readonly caches: readonly CacheText[]
  readonly securityModels: readonly { readonly model: string; readonly doi: string }[]
}

export interface MachineText {
  readonly name: string
  /** Of an alias: what it stands for. */
  readonly canonical: string | undefined
  readonly cpuMax: number
  readonly isDeprecated: boolean
}

export interface GuestText {
  readonly arch: string
  readonly wordSize: 32 | 64
  readonly emulator: string
  readonly machines: readonly MachineText[]
  /** `qemu`, `kvm`. */
  readonly domains: readonly string[]
}

const cpu = (host: HostCpuText): KeptElement => {
  const { topology, signature } = host
  return element("cpu", {}, [
    leaf("arch", host.arch),
    ...maybe(host.model, (name) => leaf("model", name)),
    ...maybe(host.vendor, (name) => leaf("vendor", name)),
    ...maybe(host.microcode, (version) => element("microcode", { version })),
    ...maybe(signature, (one) => element("signature", { ...one })),
    element("topology", {
      sockets: topology.sockets,
      dies: host.dies,
      cores: topology.cores,
      threads: topology.threads
    }),
    ...maybe(host.physicalAddressBits, (bits) => element("maxphysaddr", { mode: "emulate", bits })),
    ...host.features.map((name) => element("feature", { name })),
    ...host.pagesKiB.map((size) => element("pages", { unit: "KiB", size }))
  ])
}

const cell = (one: HostCellText): KeptElement =>
  element("cell", { id: one.id }, [
    leaf("memory", one.memoryKiB, { unit: "KiB" }),
    ...one.pages.map(({ sizeKiB, count }) => leaf("pages", count, { unit: "KiB", size: sizeKiB })),
    ...(one.distances.length === 0
      ? []
      : [
          element(
            "distances",
            {},
            one.distances.map((sibling) => element("sibling", { ...sibling }))
          )
        ]),
    element(
      "cpus",
      { num: one.cpus.length },
      one.cpus.map(({ id, socket, die, core, siblings }) =>
        element("cpu", { id, socket_id: socket, die_id: die, core_id: core, siblings })
      )
    )
  ])

const kibPerMib = 1024

/** In MiB where it is whole. */
const bank = ({ id, level, type, sizeKiB, cpus }: CacheText): KeptElement => {
  const isWhole = sizeKiB % kibPerMib === 0
  const size = isWhole ? sizeKiB / kibPerMib : sizeKiB
  return element("bank", { id, level, type, size, unit: isWhole ? "MiB" : "KiB", cpus })
}

const host = (one: HostText): KeptElement =>
  element("host", {}, [
    leaf("uuid", one.uuid),
    cpu(one.cpu),
    // Nothing of ours sends the host to sleep.
    element("power_management"),
    element("iommu", { support: one.hasIommu ? "yes" : "no" }),
    element(
      "migration_features",
      {},
      one.canMigrate
        ? [element("live"), element("uri_transports", {}, [leaf("uri_transport", "tcp")])]
        : []
    ),
    element("topology", {}, [element("cells", { num: one.cells.length }, one.cells.map(cell))]),
    ...(one.caches.length === 0 ? [] : [element("cache", {}, one.caches.map(bank))]),
    ...one.securityModels.map(({ model, doi }) =>
      element("secmodel", {}, [leaf("model", model), leaf("doi", doi)])
    )
  ])

const machine = ({ name, canonical, cpuMax, isDeprecated }: MachineText): KeptElement =>
  leaf("machine", name, {
    canonical,
    maxCpus: cpuMax,
    deprecated: isDeprecated ? "yes" : undefined
  })

const guest = ({ arch, wordSize, emulator, machines, domains }: GuestText): KeptElement =>
  element("guest", {}, [
    leaf("os_type", "hvm"),
    element("arch", { name: arch }, [
      leaf("wordsize", wordSize),
      leaf("emulator", emulator),
      ...machines.map(machine),
      ...domains.map((type) => element("domain", { type }))
    ]),
    element("features", {}, [
      ...(wordSize === 32 ? [element("pae"), element("nonpae")] : []),
      element("acpi", { default: "on", toggle: "yes" }),
      element("apic", { default: "on", toggle: "no" }),
      element("cpuselection"),
      element("deviceboot"),
      // Nothing of ours makes snapshots of disks.
      element("disksnapshot", { default: "off", toggle: "no" })
    ])
  ])

export const capabilitiesXml = (one: HostText, guests: readonly GuestText[]): string =>
  `${writeElement(element("capabilities", {}, [host(one), ...guests.map(guest)]))}\n`
