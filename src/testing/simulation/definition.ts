/**
 * The definitions that simulated clients write: small guests of the type `qemu`, with what makes
 * them meet: displays that want a port each, and host devices (host-devices.ts).
 */
import { type Slot, slotName, slotUuid } from "../history/api-call.ts"
import { freePorts, hostdevsXml } from "./host-devices.ts"

/** A password that no log, argument, event or trace may show. */
export const canary = "c4n4ry"

/** The guest of this version has its memory in a file. */
export const inFileVersion = 11

/** The title tells which write a read has seen. */
export const titleOf = (version: number): string => `v${version}`

export const versionOf = (title: string | undefined): number | undefined => {
  const digits = /^v([0-9]+)$/.exec(title ?? "")?.[1]
  return digits === undefined ? undefined : Number(digits)
}

export interface DefinitionOptions {
  readonly domain: Slot
  readonly version: number
  /** Under the name of another slot. */
  readonly as?: Slot | undefined
  readonly emulator: string
  /** As the plan says. */
  readonly hasDevices?: boolean | undefined
}

/** A small guest that meets nobody: what programs of a user find defined. */
export const plainXml = (slot: Slot, emulator: string): string =>
  [
    "<domain type='qemu'>",
    `<name>${slotName(slot)}</name><uuid>${slotUuid(slot)}</uuid>`,
    "<memory unit='MiB'>16</memory><vcpu>1</vcpu>",
    "<os><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/></features>",
    `<devices><emulator>${emulator}</emulator><memballoon model='none'/></devices></domain>`
  ].join("")

export const definitionXml = ({ domain, version, as, ...rest }: DefinitionOptions): string =>
  [
    "<domain type='qemu'>",
    `<name>${slotName(as ?? domain)}</name><uuid>${slotUuid(domain)}</uuid>`,
    `<title>${titleOf(version)}</title>`,
    "<memory unit='MiB'>16</memory><vcpu>1</vcpu>",
    version === inFileVersion ? "<memoryBacking><source type='file'/></memoryBacking>" : "",
    "<os><type arch='x86_64' machine='q35'>hvm</type></os>",
    `<devices><emulator>${rest.emulator}</emulator>`,
    "<serial type='pty'/><graphics type='vnc' autoport='yes' " + `passwd='${canary}'/>`,
    hostdevsXml({ domain, version, ...rest }),
    rest.hasDevices === true ? freePorts : "",
    "<memballoon model='none'/></devices></domain>"
  ].join("")
