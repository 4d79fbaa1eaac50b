/**
 * Whether a guest can have something, by building one that has it: a small definition goes the way
 * of every definition, through the XML reader, completion and the command line, and every word of
 * the result is looked up in what QEMU told of itself. So what is offered to clients and what a
 * start accepts cannot differ. Starts nothing; pure.
 */
import * as Result from "effect/Result"
import type { Domain } from "../model/domain.ts"
import { validateDomain } from "../model/validate.ts"
import { buildArgv } from "../qemu/argv/argv.ts"
import { defaultArgvConfig } from "../qemu/argv/context.ts"
import { type Capabilities, hasOption, hasType } from "../qemu/capabilities.ts"
import { macsNeeded, prepareDomain } from "../qemu/complete.ts"
import type { FirmwareDescriptor } from "../qemu/firmware.ts"
import { parseDomain } from "../xml/domain.ts"

/** Which guests are meant. */
export interface TrialGround {
  readonly capabilities: Capabilities
  readonly domain: "kvm" | "qemu"
  /** Canonical. */
  readonly machine: string
  readonly arch: string
  readonly firmwares: readonly FirmwareDescriptor[]
}

/** What the guest of a trial has beside a board, a processor and memory. XML, all of it ours. */
export interface Wish {
  readonly devices?: string
  /** Attributes of `<os>`. */
  readonly osAttributes?: string
  /** Inside `<os>`. */
  readonly os?: string
  /** Inside `<features>`. */
  readonly features?: string
  /** Beside them: `<cpu>`, `<genid>`, `<memoryBacking>`. */
  readonly rest?: string
}

const uuid = "00000000-0000-4000-8000-000000000000"

const definitionOf = ({ domain, arch, machine }: TrialGround, wish: Wish): string => {
  const { devices = "", osAttributes = "", os = "", features = "", rest = "" } = wish
  return `<domain type='${domain}'>
    <name>trial</name><uuid>${uuid}</uuid><memory unit='MiB'>64</memory><vcpu>1</vcpu>
    <os ${osAttributes}><type arch='${arch}' machine='${machine}'>hvm</type>${os}</os>
    <features><acpi/>${features}</features>${rest}<devices>${devices}</devices></domain>`
}

/** Enough for the guests of trials; no card ever appears on a network. */
const macOf = (index: number): string => `52:54:00:00:00:0${index}`

/** The guest as it would be started, or undefined where it would be refused. */
export const tried = (ground: TrialGround, wish: Wish): Domain | undefined => {
  const read = parseDomain(definitionOf(ground, wish))
  // What is kept and not acted on is not had.
  if (Result.isFailure(read) || read.success.reports.length > 0) return undefined
  const { capabilities, firmwares } = ground
  const prepared = Result.flatMap(validateDomain(read.success.domain), (domain) =>
    prepareDomain(domain, {
      capabilities,
      firmwares,
      macs: Array.from({ length: macsNeeded(domain) }, (_, index) => macOf(index)),
      nvramDirectory: "/nvram"
    })
  )
  if (Result.isFailure(prepared)) return undefined
  const resources = {
    stateDirectory: "/run",
    channelDirectory: "/run",
    shortName: "trial",
    genericNodes: { hostdev0: "/dev/sg0" },
    nowSeconds: 0
  }
  const words = buildArgv(prepared.success, { capabilities, config: defaultArgvConfig, resources })
  if (Result.isFailure(words) || !isKnownToQemu(words.success, capabilities)) return undefined
  return prepared.success
}

export const canHave = (ground: TrialGround, wish: Wish): boolean =>
  tried(ground, wish) !== undefined

/** The values whose guests can be had, in the given order. */
export const thoseHad = <A extends string>(
  ground: TrialGround,
  values: readonly A[],
  wish: (value: A) => Wish
): readonly A[] => values.filter((value) => canHave(ground, wish(value)))

/** QOM types behind names of `-device` that are aliases (QEMU's qdev_alias_table). */
const typesOf: { readonly [driver: string]: string } = { ahci: "ich9-ahci", lsi: "lsi53c895a" }

/** The first word of `driver,id=...`, or a member of the JSON form. */
const headOf = (value: string, member: string): string => {
  if (!value.startsWith("{")) return value.split(",", 1)[0] ?? ""
  const found: unknown = JSON.parse(value)[member]
  return typeof found === "string" ? found : ""
}

type WordCheck = (value: string, capabilities: Capabilities) => boolean

const isType =
  (member: string): WordCheck =>
  (value, capabilities) => {
    const name = headOf(value, member)
    return hasType(capabilities, typesOf[name] ?? name)
  }

/** `handle` went away with QEMU 4.0, `proxy` with 9.1; introspection tells of neither. */
const fsDrivers = new Set(["local"])

const checks: { readonly [option: string]: WordCheck } = {
  "-device": isType("driver"),
  "-object": isType("qom-type"),
  "-blockdev": (value, { schema }) => schema.blockDrivers.includes(headOf(value, "driver")),
  "-chardev": (value, { schema }) => schema.chardevTypes.includes(headOf(value, "backend")),
  "-fsdev": (value) => fsDrivers.has(headOf(value, "fsdriver")),
  "-spice": (_, capabilities) => hasOption(capabilities, "spice"),
  "-vnc": (_, capabilities) => hasOption(capabilities, "vnc")
}

/** Whether QEMU has every type that the words name. */
const isKnownToQemu = (words: readonly string[], capabilities: Capabilities): boolean =>
  words.every((word, at) => {
    const check = Object.hasOwn(checks, word) ? checks[word] : undefined
    return check === undefined || check(words[at + 1] ?? "", capabilities)
  })
