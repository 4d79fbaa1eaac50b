/**
 * What one QEMU binary can do, as plain data that survives JSON, and the pure reading of it from
 * the QMP answers of a probe. Everything that differs between QEMUs is looked up here, never
 * derived from the version number. Starts no process, keeps no cache.
 */
import * as Result from "effect/Result"
import {
  answersTo,
  answerTo,
  type CapabilitiesError,
  type QmpAnswer,
  shapes
} from "./capability-answers.ts"
import { type SchemaFacts, schemaFacts, schemaRows } from "./capability-schema.ts"

export { CapabilitiesError, type QmpAnswer } from "./capability-answers.ts"
export type { SchemaFacts } from "./capability-schema.ts"

export interface QemuVersion {
  readonly major: number
  readonly minor: number
  readonly micro: number
}

/** A row of `query-machines`. */
export interface MachineType {
  readonly name: string
  /** `pc` for the newest `pc-i440fx-N.M`. */
  readonly alias: string | undefined
  readonly isDefault: boolean
  readonly cpuMax: number
  readonly hasHotpluggableCpus: boolean
  /** Id that the main memory back-end must have for migration (`pc.ram`). */
  readonly defaultRamId: string | undefined
  /** A QOM type: `qemu64-x86_64-cpu`. */
  readonly defaultCpuType: string | undefined
  readonly isDeprecated: boolean
}

/** A row of `query-cpu-definitions`. */
export interface CpuModel {
  readonly name: string
  readonly typename: string
  /** Features that the host lacks; empty means usable. */
  readonly blockers: readonly string[]
}

/** QEMU's own description of a host's CPU: a base model and every property's value. */
export interface CpuExpansion {
  readonly name: string
  readonly props: { readonly [name: string]: boolean | number | string }
}

/** What depends on the accelerator that the probe ran with. */
export interface AcceleratorCpus {
  readonly models: readonly CpuModel[]
  /** `query-cpu-model-expansion` (static) of `host` under KVM, of `max` under TCG. */
  readonly host: CpuExpansion | undefined
  /** The same with `migratable: false`: what the host has beyond what can migrate. */
  readonly hostUnmigratable: CpuExpansion | undefined
}

/** `usable` only if a trial guest really executed; otherwise why not, as one sentence. */
export type KvmState = "usable" | { readonly unusable: string }

export interface Capabilities {
  readonly binary: string
  readonly version: QemuVersion
  readonly package: string
  /** As `query-target` names it: `x86_64`. */
  readonly arch: string
  readonly machines: readonly MachineType[]
  /** Every QOM type: devices, objects, accelerators. Sorted. */
  readonly types: readonly string[]
  /** Properties of the types of `propertyTypes` that exist, sorted by name. */
  readonly properties: { readonly [type: string]: readonly string[] }
  /** Every QMP command. Sorted. */
  readonly commands: readonly string[]
  /** Command-line options with the parameters that QEMU tells of. */
  readonly options: { readonly [option: string]: readonly string[] }
  /** Answers taken from `query-qmp-schema`. */
  readonly schema: SchemaFacts
  readonly accelerators: { readonly tcg: boolean; readonly kvm: KvmState }
  readonly cpus: {
    readonly kvm: AcceleratorCpus | undefined
    readonly tcg: AcceleratorCpus | undefined
  }
}

/** Types whose properties decide something; a probe asks `device-list-properties` for each. */
export const propertyTypes = [
  "ICH9-LPC",
  "PIIX4_PM",
  "VGA",
  "ide-hd",
  "intel-iommu",
  "kvm-pit",
  "mch",
  "nvdimm",
  "pcie-root-port",
  "qxl",
  "scsi-hd",
  "usb-host",
  "usb-redir",
  "usb-storage",
  "vfio-pci",
  "virtio-balloon-pci",
  "virtio-blk-pci",
  "virtio-gpu-pci",
  "virtio-iommu-pci",
  "virtio-mem-pci",
  "virtio-net-pci",
  "virtio-scsi-pci",
  "vmware-svga"
] as const

/** Types that are no devices: their properties are asked with `qom-list-properties`. */
export const objectPropertyTypes = [
  "max-x86_64-cpu",
  "memory-backend-file",
  "memory-backend-memfd"
] as const

export interface CapabilityQuery {
  readonly execute: string
  readonly arguments?: { readonly [name: string]: unknown }
}

const expansion = (model: string): readonly CapabilityQuery[] => [
  { execute: "query-cpu-model-expansion", arguments: { type: "static", model: { name: model } } },
  {
    execute: "query-cpu-model-expansion",
    arguments: { type: "static", model: { name: model, props: { migratable: false } } }
  }
]

/**
 * What to ask of a QEMU started with `-machine none`, in order; each answer, error answers too,
 * goes into `capabilitiesFromReplies`. With KVM ask `cpuQueries("kvm")` of a second process under
 * KVM.
 */
export const capabilityQueries: readonly CapabilityQuery[] = [
  { execute: "query-version" },
  { execute: "query-target" },
  { execute: "query-qmp-schema" },
  { execute: "query-commands" },
  { execute: "qom-list-types" },
  { execute: "query-machines" },
  { execute: "query-command-line-options" },
  ...propertyTypes.map((typename) => ({
    execute: "device-list-properties",
    arguments: { typename }
  })),
  ...objectPropertyTypes.map((typename) => ({
    execute: "qom-list-properties",
    arguments: { typename }
  }))
]

/** The queries whose answers depend on the accelerator. */
export const cpuQueries = (accelerator: "kvm" | "tcg"): readonly CapabilityQuery[] => [
  { execute: "query-cpu-definitions" },
  ...expansion(accelerator === "kvm" ? "host" : "max")
]

export interface ProbeRecord {
  readonly binary: string
  readonly kvm: KvmState
  /** Answers to `capabilityQueries`. */
  readonly common: readonly QmpAnswer[]
  /** Answers to `cpuQueries` under each accelerator that was tried. */
  readonly cpus: {
    readonly kvm?: readonly QmpAnswer[]
    readonly tcg?: readonly QmpAnswer[]
  }
}

/** Reads the answers of one probe. Unknown members are ignored, missing ones are an error. */
export const capabilitiesFromReplies = (
  record: ProbeRecord
): Result.Result<Capabilities, CapabilitiesError> =>
  Result.gen(function* () {
    const { common } = record
    const version = yield* answerTo(common, "query-version", shapes.version)
    const target = yield* answerTo(common, "query-target", shapes.target)
    const machines = yield* answerTo(common, "query-machines", shapes.machines)
    const types = names(yield* answerTo(common, "qom-list-types", shapes.names))
    const options = yield* answerTo(common, "query-command-line-options", shapes.options)
    return {
      binary: record.binary,
      version: version.qemu,
      package: version.package,
      arch: target.arch,
      machines: machines.map(machineType),
      types,
      properties: yield* properties(common),
      commands: names(yield* answerTo(common, "query-commands", shapes.names)),
      options: Object.fromEntries(
        options.map(({ option, parameters }) => [option ?? "", names(parameters)])
      ),
      schema: schemaFacts(yield* answerTo(common, "query-qmp-schema", schemaRows)),
      accelerators: { tcg: types.includes("tcg-accel"), kvm: record.kvm },
      cpus: { kvm: yield* cpusOf(record.cpus.kvm), tcg: yield* cpusOf(record.cpus.tcg) }
    }
  })

const names = (rows: readonly { readonly name: string }[]): readonly string[] =>
  rows.map((row) => row.name).toSorted()

const machineType = (row: (typeof shapes.machines.Type)[number]): MachineType => ({
  name: row.name,
  alias: row.alias,
  isDefault: row["is-default"] === true,
  cpuMax: row["cpu-max"],
  hasHotpluggableCpus: row["hotpluggable-cpus"],
  defaultRamId: row["default-ram-id"],
  defaultCpuType: row["default-cpu-type"],
  isDeprecated: row.deprecated
})

/** A type that the binary does not have answers with an error, and is left out. */
const properties = (
  record: readonly QmpAnswer[]
): Result.Result<Capabilities["properties"], CapabilitiesError> =>
  Result.gen(function* () {
    const schemas = { request: shapes.typeRequest, answer: shapes.names }
    const devices = yield* answersTo(record, "device-list-properties", schemas)
    const objects = yield* answersTo(record, "qom-list-properties", schemas)
    return Object.fromEntries(
      [...devices, ...objects].map(({ request, answer }) => [request.typename, names(answer)])
    )
  })

/** A QEMU that cannot expand its host's model still has its list of models. */
const cpusOf = (
  record: readonly QmpAnswer[] | undefined
): Result.Result<AcceleratorCpus | undefined, CapabilitiesError> =>
  Result.gen(function* () {
    if (record === undefined) return undefined
    const definitions = yield* answerTo(record, "query-cpu-definitions", shapes.cpuDefinitions)
    const expansions = yield* answersTo(record, "query-cpu-model-expansion", {
      request: shapes.expansionRequest,
      answer: shapes.expansion
    })
    const statics = expansions.filter(({ request }) => request.type === "static")
    const expanded = (isMigratable: boolean) => {
      const found = statics.find(({ request }) => {
        const isAsked = Object.hasOwn(request.model.props ?? {}, "migratable")
        return isAsked !== isMigratable
      })
      const model = found?.answer.model
      return model && { name: model.name, props: scalars(model.props ?? {}) }
    }
    return {
      models: definitions.map((row) => ({
        name: row.name,
        typename: row.typename,
        blockers: row["unavailable-features"] ?? []
      })),
      host: expanded(true),
      hostUnmigratable: expanded(false)
    }
  })

const scalars = (props: { readonly [name: string]: unknown }): CpuExpansion["props"] =>
  Object.fromEntries(
    Object.entries(props).flatMap(([name, value]) =>
      typeof value === "boolean" || typeof value === "number" || typeof value === "string"
        ? [[name, value] as const]
        : []
    )
  )

/** Whether QEMU has a device, object or accelerator of this QOM type. */
export const hasType = (capabilities: Capabilities, type: string): boolean =>
  capabilities.types.includes(type)

/** Whether a type of `propertyTypes` has a property. */
export const hasProperty = (capabilities: Capabilities, type: string, property: string): boolean =>
  Object.hasOwn(capabilities.properties, type) &&
  capabilities.properties[type]?.includes(property) === true

/** Whether QEMU has a QMP command. */
export const hasCommand = (capabilities: Capabilities, command: string): boolean =>
  capabilities.commands.includes(command)

/** Whether QEMU tells of a command-line option, or of one of its parameters. */
export const hasOption = (
  capabilities: Capabilities,
  option: string,
  parameter?: string
): boolean =>
  Object.hasOwn(capabilities.options, option) &&
  (parameter === undefined || capabilities.options[option]?.includes(parameter) === true)

/** libvirt's names of the guests' architectures, its own first: a 64-bit PC runs 32-bit guests. */
export const archsOf = ({ arch }: Capabilities): readonly [string, ...string[]] => {
  if (arch === "x86_64") return ["x86_64", "i686"]
  return [arch === "i386" ? "i686" : arch]
}

/** The machine type of a name or an alias; without a name the binary's default. */
export const machineNamed = (
  capabilities: Capabilities,
  name: string | undefined
): MachineType | undefined =>
  name === undefined
    ? capabilities.machines.find((machine) => machine.isDefault)
    : (capabilities.machines.find((machine) => machine.name === name) ??
      capabilities.machines.find((machine) => machine.alias === name))
