/**
 * Which guests an installed QEMU runs, and which of them a request for domain capabilities means.
 * Pure.
 */
import * as Result from "effect/Result"
import { vcpusMax } from "../model/limits.ts"
import { archsOf, type Capabilities, type MachineType, machineNamed } from "../qemu/capabilities.ts"
import { boardOf } from "../qemu/complete/context.ts"
import type { GuestText, MachineText } from "../xml/capabilities.ts"
import { NodeArgumentInvalid } from "./error.ts"

/** Architectures of which the command line builder makes guests. */
export const guestArchs = ["i686", "x86_64"] as const

export type GuestArch = (typeof guestArchs)[number]

export const isGuestArch = (arch: string): arch is GuestArch =>
  guestArchs.some((one) => one === arch)

const wordSizes = { i686: 32, x86_64: 64 } as const

/** Types of domain that this binary runs here; KVM only where a guest really ran. */
export const domainTypes = ({ accelerators }: Capabilities): readonly ("qemu" | "kvm")[] => [
  ...(accelerators.tcg ? (["qemu"] as const) : []),
  ...(accelerators.kvm === "usable" ? (["kvm"] as const) : [])
]

/** CPUs of a machine that a definition may ask for. */
export const cpuMaxOf = ({ cpuMax }: MachineType): number => Math.min(cpuMax, vcpusMax)

/** A machine of a board that we know, and its alias after it. */
const machineTexts = (machine: MachineType): readonly MachineText[] => {
  if (boardOf(machine.name) === undefined) return []
  const { name, alias, isDeprecated } = machine
  const text = { canonical: undefined, cpuMax: cpuMaxOf(machine), isDeprecated }
  return [
    { ...text, name },
    ...(alias === undefined ? [] : [{ ...text, name: alias, canonical: name }])
  ]
}

/** The default machine first: clients take the first one. */
const defaultFirst = (machines: readonly MachineType[]): readonly MachineType[] => [
  ...machines.filter(({ isDefault }) => isDefault),
  ...machines.filter(({ isDefault }) => !isDefault)
]

export const guestText = (arch: GuestArch, capabilities: Capabilities): GuestText => ({
  arch,
  wordSize: wordSizes[arch],
  emulator: capabilities.binary,
  machines: defaultFirst(capabilities.machines).flatMap(machineTexts),
  domains: domainTypes(capabilities)
})

/** What a client asks domain capabilities for; what it leaves out is chosen for it. */
export interface DomainCapabilitiesRequest {
  readonly emulator?: string | undefined
  readonly arch?: string | undefined
  readonly machine?: string | undefined
  /** `kvm`, `qemu`. */
  readonly virtType?: string | undefined
}

export interface Meant {
  readonly machine: MachineType
  readonly arch: string
  readonly domain: "kvm" | "qemu"
}

/** libvirt's words for accelerators and hypervisors: a wrong word is told from a missing one. */
const hypervisors =
  "none qemu kqemu kvm xen lxc uml openvz test vmware hyperv vbox phyp parallels bhyve vz hvf"
const domainWords = new Set(hypervisors.split(" "))

const typeMeant = (
  request: DomainCapabilitiesRequest,
  capabilities: Capabilities
): Result.Result<"kvm" | "qemu", NodeArgumentInvalid> => {
  const types = domainTypes(capabilities)
  const { virtType } = request
  const chosen =
    virtType === undefined ? (types.at(-1) ?? "qemu") : types.find((type) => type === virtType)
  if (chosen !== undefined) return Result.succeed(chosen)
  const argument = `virttype '${virtType}'`
  if (!domainWords.has(virtType ?? "")) {
    return Result.fail(new NodeArgumentInvalid({ argument, why: "there is no such type" }))
  }
  const { kvm } = capabilities.accelerators
  const why = virtType === "kvm" && kvm !== "usable" ? `: ${kvm.unusable}` : ""
  const refused = `'${capabilities.binary}' does not run it here${why}`
  return Result.fail(new NodeArgumentInvalid({ argument, why: refused }))
}

/** Which guest of this binary is meant; KVM's where it can be had and nothing is said. */
export const guestMeant = (
  request: DomainCapabilitiesRequest,
  capabilities: Capabilities
): Result.Result<Meant, NodeArgumentInvalid> =>
  Result.gen(function* () {
    const { machine: name } = request
    const runs = archsOf(capabilities)
    const arch = request.arch ?? runs[0]
    if (!runs.includes(arch)) {
      const why = `'${capabilities.binary}' runs ${runs.join(" and ")}`
      return yield* Result.fail(new NodeArgumentInvalid({ argument: `arch '${arch}'`, why }))
    }
    const machine = machineNamed(capabilities, name)
    if (machine === undefined || boardOf(machine.name) === undefined) {
      const argument = name === undefined ? "machine" : `machine '${name}'`
      const why = `'${capabilities.binary}' has no such board that guests can have`
      return yield* Result.fail(new NodeArgumentInvalid({ argument, why }))
    }
    const domain = yield* typeMeant(request, capabilities)
    return { machine, arch, domain }
  })
