/** The board: name, machine options, accelerator, firmware, start-up switches, identity. */
import { assert } from "../../base/assert.ts"
import { devicesOf } from "../../model/device.ts"
import type { Domain } from "../../model/domain.ts"
import { hasOption, hasProperty, machineNamed } from "../capabilities.ts"
import { type Arg, blockdev, device, keyValues, type KeyValue, object } from "./arg.ts"
import type { ArgvContext, GuestArgs } from "./context.ts"

export const name: GuestArgs = ({ domain, resources, config }) => [
  [
    "-name",
    keyValues(undefined, [
      ["guest", domain.name],
      ["process", config.setProcessName ? `qemu:${domain.name}` : undefined],
      ["debug-threads", true]
    ])
  ],
  ["-S"],
  ...(resources.masterKeyPath === undefined
    ? []
    : [
        object({
          "qom-type": "secret",
          id: "masterKey0",
          format: "raw",
          file: resources.masterKeyPath
        })
      ])
]

interface Flash {
  readonly node: string
  readonly path: string
  readonly format: string
  readonly isReadonly: boolean
}

const flashes = ({ os }: Domain): readonly Flash[] => {
  const { loader, nvram } = os
  if (loader?.type !== "pflash" || loader.path === undefined) return []
  const code: Flash = {
    node: "libvirt-pflash0",
    path: loader.path,
    format: loader.format ?? "raw",
    isReadonly: loader.isReadonly === true
  }
  if (nvram?.path === undefined) return [code]
  const variables: Flash = {
    node: "libvirt-pflash1",
    path: nvram.path,
    format: nvram.format ?? "raw",
    isReadonly: false
  }
  return [code, variables]
}

/** Firmware images as block nodes; the machine options name them. */
export const flash: GuestArgs = ({ domain }) =>
  flashes(domain).flatMap(({ node, path, format, isReadonly }) => [
    blockdev({
      driver: "file",
      filename: path,
      "node-name": `${node}-storage`,
      "auto-read-only": true,
      discard: "unmap"
    }),
    blockdev({
      "node-name": `${node}-format`,
      "read-only": isReadonly,
      driver: format,
      file: `${node}-storage`
    })
  ])

/** Main memory is one back-end unless the guest's NUMA cells have one each. */
export const mainMemoryId = ({ capabilities, domain }: ArgvContext): string =>
  machineNamed(capabilities, domain.os.machine)?.defaultRamId ?? "pc.ram"

export const hasCells = ({ cpu }: Domain): boolean => (cpu?.numa?.cells.length ?? 0) > 0

const irqchips = { kvm: "on", qemu: "split" } as const

const hpetState = ({ clock }: Domain): boolean | undefined =>
  clock.timers.find((timer) => timer.name === "hpet")?.present

export const machine: GuestArgs = (context) => {
  const { domain, capabilities, config } = context
  const { features, memory, memoryBacking, os } = domain
  assert(os.machine !== undefined, "a prepared domain has a machine")
  const flash = flashes(domain).map(
    ({ node }, index): KeyValue => [`pflash${index}`, `${node}-format`]
  )
  const hasHpet = hasOption(capabilities, "machine", "hpet")
  const { ioapicDriver } = features
  const options: readonly KeyValue[] = [
    ["usb", false],
    ["vmport", features.vmport],
    ["smm", features.smm === undefined ? undefined : (features.smm.state ?? true)],
    ["kernel_irqchip", ioapicDriver === undefined ? undefined : irqchips[ioapicDriver]],
    ["dump-guest-core", memory.dumpCore ?? config.dumpGuestCore],
    ["mem-merge", memoryBacking?.nosharepages === true ? false : undefined],
    ["graphics", os.bios?.useSerial === true ? false : undefined],
    ["memory-backend", hasCells(domain) ? undefined : mainMemoryId(context)],
    ...flash,
    ["hpet", hasHpet ? hpetState(domain) : undefined],
    ["acpi", !features.acpi && hasOption(capabilities, "machine", "acpi") ? false : undefined]
  ]
  return [["-machine", keyValues(os.machine, options)], ...accelerator(context)]
}

const accelerator = ({ domain }: ArgvContext): readonly Arg[] => {
  if (domain.type === "qemu") return [["-accel", "tcg"]]
  const ring = domain.features.kvm?.dirtyRing
  const size = ring?.state === true ? ring.size : undefined
  return [["-accel", keyValues("kvm", [["dirty-ring-size", size]])]]
}

export const romFirmware: GuestArgs = ({ domain }) => {
  const { loader } = domain.os
  const isRom = loader?.path !== undefined && (loader.type ?? "rom") === "rom"
  return isRom && loader.path !== undefined ? [["-bios", loader.path]] : []
}

export const identity: GuestArgs = ({ domain }) => [
  ["-uuid", domain.hwuuid ?? domain.uuid],
  ...(domain.genid === undefined
    ? []
    : [
        device({
          driver: "vmgenid",
          guid: domain.genid === "generate" ? "auto" : domain.genid,
          id: "vmgenid0"
        })
      ])
]

/**
 * Nothing that the definition does not name: no default devices, no file of the user's settings.
 */
export const nothingElse: GuestArgs = ({ domain }) => [
  ...(devicesOf(domain, "graphics").length === 0 ? [["-display", "none"] as const] : []),
  ["-no-user-config"],
  ["-nodefaults"]
]

export const monitor: GuestArgs = ({ resources }) => {
  const { monitor } = resources
  if (monitor === undefined) return []
  const at: KeyValue = "fd" in monitor ? ["fd", monitor.fd] : ["path", monitor.path]
  return [
    ["-chardev", keyValues("socket", [["id", monitor.id], at, ["server", true], ["wait", false]])],
    [
      "-mon",
      keyValues(undefined, [
        ["chardev", monitor.id],
        ["id", "monitor"],
        ["mode", "control"]
      ])
    ]
  ]
}

/** What the guest may do by itself. Actions on reboot and crash are set over the monitor. */
export const power: GuestArgs = ({ domain, capabilities, board }) => {
  const { features, pm } = domain
  const global = board === "q35" ? "ICH9-LPC" : "PIIX4_PM"
  const sleep = (property: string, enabled: boolean | undefined): readonly Arg[] =>
    enabled === undefined || !hasProperty(capabilities, global, property)
      ? []
      : [["-global", `${global}.${property}=${enabled ? 0 : 1}`]]
  const hasHpet = hasOption(capabilities, "machine", "hpet")
  return [
    ...(hpetState(domain) === false && !hasHpet ? [["-no-hpet"] as const] : []),
    ["-no-shutdown"],
    ...(features.acpi || hasOption(capabilities, "machine", "acpi") ? [] : [["-no-acpi"] as const]),
    ...sleep("disable_s3", pm?.suspendToMem),
    ...sleep("disable_s4", pm?.suspendToDisk)
  ]
}

const timeoutMax = 65535

export const boot: GuestArgs = ({ domain }) => {
  const { bootmenu, bios, kernel, initrd, cmdline, dtb } = domain.os
  const timeout = bootmenu?.timeoutMs
  const pairs: readonly KeyValue[] = [
    ["menu", bootmenu?.enable],
    ["reboot-timeout", bios?.rebootTimeoutMs],
    ["splash-time", timeout === undefined ? undefined : Math.min(timeout, timeoutMax)],
    ["strict", true]
  ]
  const file = (option: string, value: string | undefined): readonly Arg[] =>
    value === undefined ? [] : [[option, value]]
  return [
    ["-boot", keyValues(undefined, pairs)],
    ...file("-kernel", kernel),
    ...file("-initrd", initrd),
    ...file("-append", cmdline),
    ...file("-dtb", dtb)
  ]
}

/** Flags of system management mode; the flash's secure property needs them. */
export const globals: GuestArgs = ({ domain, board, capabilities }) => {
  const { features, os } = domain
  const secure = os.loader?.isSecure === true
  const tsegKiB = features.smm?.tsegKiB
  const hasTseg = board === "q35" && hasProperty(capabilities, "mch", "extended-tseg-mbytes")
  return [
    ...(secure ? [["-global", "driver=cfi.pflash01,property=secure,value=on"] as const] : []),
    ...(tsegKiB !== undefined && hasTseg
      ? [["-global", `mch.extended-tseg-mbytes=${tsegKiB / kibPerMib}`] as const]
      : []),
    ...rootHotplug(domain)
  ]
}

const kibPerMib = 1024

const rootHotplug = (domain: Domain): readonly Arg[] => {
  const root = devicesOf(domain, "controller").find((one) => one.model === "pci-root")
  const hotplug = root?.target?.hotplug
  if (hotplug === undefined) return []
  return [["-global", `PIIX4_PM.acpi-root-pci-hotplug=${hotplug ? "on" : "off"}`]]
}

export const sandbox: GuestArgs = ({ capabilities, config }) => {
  if (config.seccompSandbox === 0 || !hasOption(capabilities, "sandbox")) return []
  const denied = ["obsolete", "elevateprivileges", "spawn", "resourcecontrol"]
  return [
    [
      "-sandbox",
      keyValues(
        "on",
        denied.map((what): KeyValue => [what, "deny"])
      )
    ]
  ]
}

export const messages: GuestArgs = ({ config }) =>
  config.logTimestamp ? [["-msg", "timestamp=on"]] : []
