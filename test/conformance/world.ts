/**
 * The pretended worlds of the conformance corpus: which QEMU, which settings and which resources a
 * case was computed with. Reads the corpus; knows nothing of command lines.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { basename, dirname, join, resolve } from "node:path"
import * as Result from "effect/Result"
import { type Domain } from "../../src/model/domain.ts"
import { devicesOf } from "../../src/model/device.ts"
import { type ArgvConfig, defaultArgvConfig, type Resources } from "../../src/qemu/argv/context.ts"
import {
  type Capabilities,
  capabilitiesFromReplies,
  type QmpAnswer
} from "../../src/qemu/capabilities.ts"
import { type FirmwareDescriptor, firmwaresFrom } from "../../src/qemu/firmware.ts"
import type { CompleteOptions } from "../../src/qemu/complete.ts"

/** The folder of shared material; it is not part of the repository. */
export const sharedFolder = resolve(
  import.meta.dirname,
  "../..",
  process.env["TROUPE_SHARED"] ?? "../shared"
)

export const corpusFolder = join(sharedFolder, "corpus")

/** Why conformance cannot be measured here, or undefined. */
export const whyAbsent = (): string | undefined =>
  existsSync(join(corpusFolder, "tools", "score.mjs"))
    ? undefined
    : `no conformance corpus at ${corpusFolder}: set TROUPE_SHARED to the folder that has corpus/`

/** A recorded conversation: pairs of a command and its answer, with empty lines in between. */
const readReplies = (file: string): readonly QmpAnswer[] => {
  const texts = readFileSync(file, "utf8").split(/\n\n+/)
  const messages: readonly QmpAnswer[] = texts
    .filter((text) => text.trim() !== "")
    .map((text) => JSON.parse(text))
  return messages.flatMap((message, position) =>
    message.execute === undefined ? [] : [{ ...message, ...messages[position + 1] }]
  )
}

/**
 * libvirt asks a first process under KVM and a second one under TCG; each begins with a greeting.
 */
const recordedCapabilities = (version: string, binary: string): Capabilities => {
  const answers = readReplies(join(corpusFolder, "env", `caps_${version}.x86_64.replies`))
  const second = answers.findLastIndex((answer) => answer.execute === "qmp_capabilities")
  const [common, tcg] = [answers.slice(0, second), answers.slice(second)]
  return Result.getOrThrow(
    capabilitiesFromReplies({ binary, kvm: "usable", common, cpus: { kvm: common, tcg } })
  )
}

export type Kind = "argv" | "native" | "live"

/** The kind is the folder that a case's file is in. */
export const kindOf = (path: string): Kind => {
  const folder = basename(dirname(path))
  return folder === "native" || folder === "native-xml"
    ? "native"
    : folder === "live"
      ? "live"
      : "argv"
}

const capabilitiesOf = new Map<Kind, Capabilities>()

export const capabilitiesFor = (kind: Kind): Capabilities => {
  const known = capabilitiesOf.get(kind)
  if (known !== undefined) return known
  const version = kind === "argv" ? "8.0.0" : "7.2.0"
  const capabilities = recordedCapabilities(version, "/usr/bin/qemu-system-x86_64")
  capabilitiesOf.set(kind, capabilities)
  return capabilities
}

const descriptorFiles = (folder: string) =>
  readdirSync(join(corpusFolder, "env", folder)).map((name) => ({
    name,
    text: readFileSync(join(corpusFolder, "env", folder, name), "utf8")
  }))

/** The host's firmware: pretended for libvirt's own tests, as Debian has it otherwise. */
let firmwares: readonly FirmwareDescriptor[] | undefined

const firmwaresFor = (): readonly FirmwareDescriptor[] => {
  firmwares ??= firmwaresFrom([
    descriptorFiles("firmware-usr-share"),
    descriptorFiles("firmware-etc")
  ])
  return firmwares
}

/** What differs for one case: `NAME.env.json` beside it. */
export interface CaseSettings {
  readonly config?: { readonly [name: string]: unknown }
  readonly environment?: { readonly [name: string]: string }
}

export const settingsOf = (path: string): CaseSettings => {
  const file = path.replace(/\.xml$/, ".env.json")
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {}
}

export const configFor = (kind: Kind, settings: CaseSettings): ArgvConfig => {
  const given = settings.config ?? {}
  const is = (name: string) => given[name] === true
  const folder = (key: string, name: string) =>
    typeof given[name] === "string" ? { [key]: given[name] } : {}
  return {
    ...defaultArgvConfig,
    vncTls: is("vncTLS"),
    vncTlsX509Verify: is("vncTLSx509verify"),
    ...folder("vncSaslDir", "vncSASLdir"),
    ...folder("spiceSaslDir", "spiceSASLdir"),
    vncSasl: is("vncSASL"),
    vncAutoUnixSocket: is("vncAutoUnixSocket"),
    spiceTls: true,
    spiceSasl: is("spiceSASL"),
    spiceAutoUnixSocket: is("spiceAutoUnixSocket"),
    hasSpicePassword: true,
    chardevTls: is("chardevTLS"),
    hugepageMounts: [
      { path: "/dev/hugepages2M", sizeKiB: 2048, isDefault: true },
      { path: "/dev/hugepages1G", sizeKiB: 1_048_576 }
    ],
    memoryBackingDir:
      kind === "argv" ? "/var/lib/libvirt/qemu/ram" : "/var/lib/libvirt/qemu/ram/libvirt/qemu"
  }
}

/** Fresh values that are the same in every run. */
export const completeOptionsFor = (kind: Kind, settings: CaseSettings): CompleteOptions => {
  const driver = settings.environment?.["QEMU_AUDIO_DRV"]
  return {
    capabilities: capabilitiesFor(kind),
    macs: Array.from({ length: 64 }, (_, n) => `52:54:00:00:00:${n.toString(16).padStart(2, "0")}`),
    firmwares: firmwaresFor(),
    nvramDirectory: "/var/lib/libvirt/qemu/nvram",
    generationId: "00010203-0405-4607-8809-0a0b0c0d0e0f",
    hostAudio: { vnc: settings.config?.["vncAllowHostAudio"] === true, none: false, driver }
  }
}

const pretendedNow = 1_234_567_890

const short = (name: string): string => name.slice(0, 20)

/** Descriptors are made up: the comparator ignores their numbers. */
export const resourcesFor = (kind: Kind, domain: Domain): Resources => {
  const library = kind === "argv" ? "/tmp/lib" : "/var/lib/libvirt/qemu"
  const stateDirectory = `${library}/domain--1-${short(domain.name)}`
  const channels = kind === "argv" ? "/tmp/channel" : "/var/lib/libvirt/qemu/channel/target"
  const cards = devicesOf(domain, "interface")
  const alias = (device: { readonly alias?: string }) => device.alias ?? ""
  const listeners = domain.devices.flatMap((device) =>
    "alias" in device && device.alias !== undefined ? [device.alias] : []
  )
  const graphics = devicesOf(domain, "graphics").map((device, position) => {
    const isAuto = "autoport" in device && device.autoport
    const ports = device.type === "spice" ? { port: 5901, tlsPort: 5902 } : { port: 5900 }
    return [position, isAuto ? ports : {}]
  })
  return {
    monitor: { id: "charmonitor", fd: 1729 },
    masterKeyPath: `${stateDirectory}/master-key.aes`,
    stateDirectory,
    shortName: `-1-${short(domain.name)}`,
    listeners:
      kind === "native" ? {} : Object.fromEntries(listeners.map((name) => [name, { fd: 1729 }])),
    logs: kind === "argv" ? Object.fromEntries(listeners.map((name) => [name, { fd: 6 }])) : {},
    outputs: kind === "argv" ? Object.fromEntries(listeners.map((name) => [name, { fd: 5 }])) : {},
    taps: Object.fromEntries(
      cards.map((card) => {
        const queues = Array.from({ length: card.driver?.queues ?? 1 }, (_, queue) => queue)
        const isVirtio = card.model?.startsWith("virtio") === true
        const hasVhost = isVirtio && card.driver?.name !== "qemu" && kind === "argv"
        return [
          alias(card),
          {
            fds: queues.map((queue) => 3 + queue),
            vhostFds: hasVhost ? queues.map((queue) => 44 + queue) : []
          }
        ]
      })
    ),
    graphics: Object.fromEntries(graphics),
    channelDirectory: `${channels}/domain--1-${short(domain.name)}`,
    nowSeconds: pretendedNow,
    localOffsetSeconds: -1800,
    genericNodes: Object.fromEntries(
      devicesOf(domain, "hostdev").map((device) => [alias(device), "/dev/sg0"])
    ),
    cdDrives: kind === "native" ? [] : ["/dev/cdrom"],
    backingChains:
      kind === "live"
        ? Object.fromEntries(
            devicesOf(domain, "disk").map((disk) => [alias(disk), { type: "none" as const }])
          )
        : {}
  }
}
