/**
 * A QEMU command line, read as far as a simulated QEMU has to know it: board, switches, sockets,
 * character devices, the files that it opens. What QEMU would die of at once is told in its words.
 * Pure.
 */
import * as Result from "effect/Result"
import { isObject, type JsonObject, parseJson } from "../../qmp/json.ts"
import type { Actions } from "./model.ts"
import { type Device, deviceOf, type RootBus } from "./plugging.ts"

export interface Chardev {
  readonly id: string
  /** `socket`, `pty`, `file`, `null`, `stdio`, ... */
  readonly kind: string
  /** A listening socket that is inherited. */
  readonly fd: number | undefined
  /** A socket that QEMU binds itself, or a file. */
  readonly path: string | undefined
  readonly isServer: boolean
  /** A device of the guest uses it. */
  readonly isUsed: boolean
}

/** A file that is opened before the monitor is there, and the words that name it. */
export interface OpenedFile {
  readonly path: string
  readonly words: string
  /** The device that it goes with, where it goes with one. */
  readonly device?: string
}

export interface CommandLine {
  readonly hasBoard: boolean
  /** What a PCI device goes on that names no bus. */
  readonly rootBus: RootBus
  /** Devices that have a name. */
  readonly devices: readonly Device[]
  /** `-S` */
  readonly isStopped: boolean
  readonly actions: Partial<Actions>
  /** Chardev of the QMP monitor. */
  readonly monitor: string | undefined
  readonly chardevs: readonly Chardev[]
  readonly files: readonly OpenedFile[]
  /** Those that are made of the host's PCI functions and USB devices. */
  readonly hostDevices: readonly { readonly id: string; readonly words: JsonObject }[]
  /** Ids of network back-ends and of the devices on them: what `set_link` knows. */
  readonly links: readonly string[]
  /** Nodes of disks: what an I/O error may name. */
  readonly nodes: readonly string[]
  /** Descriptors of files that serial lines are written to (`-add-fd`). */
  readonly outputs: readonly number[]
  readonly hasVnc: boolean
  readonly hasSpice: boolean
  readonly cpuCount: number
  /** `-msg timestamp=on` */
  readonly hasTimestamps: boolean
}

/** What QEMU says before it ends with exit code 1. */
export type LastWords = string

/** Options that take no argument. */
const switches = ["-S", "-no-shutdown", "-no-reboot", "-no-user-config", "-nodefaults"]
const more = ["-no-acpi", "-no-hpet", "-enable-kvm", "-nographic"]

const known = new Set(
  (
    "-accel -add-fd -append -audiodev -bios -blockdev -boot -chardev -cpu -device -display -dtb " +
    "-drive -fsdev -global -initrd -kernel -k -m -machine -mon -msg -name -netdev -numa -object " +
    "-overcommit -rtc -sandbox -serial -smbios -smp -spice -tpmdev -uuid -vnc -fw_cfg " +
    "-watchdog-action -action -incoming -loadvm -pidfile -D -d -run-with -qmp"
  ).split(" ")
)

interface Option {
  readonly name: string
  readonly value: string
}

/** Whose argv it is: the words after the program's own name; an exec chain may stand before. */
export const ownWords = (argv: readonly string[]): readonly string[] => {
  const at = argv.findIndex((word) => /(^|\/)(qemu-system-[^/]+|qemu-kvm|kvm)$/.test(word))
  return argv.slice(at + 1)
}

const optionsOf = (words: readonly string[]): Result.Result<readonly Option[], LastWords> => {
  const options: Option[] = []
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ""
    const name = word.startsWith("--") ? word.slice(1) : word
    if ([...switches, ...more].includes(name)) options.push({ name, value: "" })
    else if (!known.has(name)) return Result.fail(`${word}: invalid option`)
    else if (at + 1 === words.length) return Result.fail(`${word}: requires an argument`)
    else options.push({ name, value: words[++at] ?? "" })
  }
  return Result.succeed(options)
}

/** `kind,key=value,flag` or JSON, as one object; the leading word under `first`. */
export const keyValues = (text: string, first = "driver"): JsonObject => {
  if (text.startsWith("{")) {
    const parsed = parseJson(text)
    return Result.isSuccess(parsed) && isObject(parsed.success) ? parsed.success : {}
  }
  // A doubled comma is one that belongs to the value.
  const parts = text.replaceAll(",,", "\0").split(",")
  const pairs = parts.map((part, index) => {
    const [name = "", ...value] = part.replaceAll("\0", ",").split("=")
    if (value.length > 0) return [name, value.join("=")] as const
    return index === 0 ? ([first, name] as const) : ([name, "on"] as const)
  })
  return Object.fromEntries(pairs)
}

const textIn = (object: JsonObject, name: string): string | undefined => {
  const value = object[name]
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : undefined
}

const valuesOf = (options: readonly Option[], name: string): readonly string[] =>
  options.filter((option) => option.name === name).map(({ value }) => value)

const chardevOf = (text: string, users: ReadonlySet<string>): Chardev => {
  const words = keyValues(text, "kind")
  const id = textIn(words, "id") ?? ""
  const fd = textIn(words, "fd")
  return {
    id,
    kind: textIn(words, "kind") ?? "null",
    fd: fd === undefined ? undefined : Number(fd),
    path: textIn(words, "path"),
    isServer: textIn(words, "server") === "on",
    isUsed: users.has(id)
  }
}

const isOn = (text: string | undefined): boolean => text === "on" || text === "true"

const usbNodeOf = (value: string): readonly OpenedFile[] => {
  const words = keyValues(value)
  const path = textIn(words, "driver") === "usb-host" ? textIn(words, "hostdevice") : undefined
  const device = textIn(words, "id") ?? ""
  return path === undefined ? [] : [{ path, words: `-device ${value}`, device }]
}

/** Files of block nodes and of firmware; QEMU opens them all before it serves its monitor. */
const filesOf = (options: readonly Option[]): readonly OpenedFile[] =>
  options.flatMap(({ name, value }) => {
    if (name === "-device") return usbNodeOf(value)
    const words = keyValues(value, name === "-bios" ? "filename" : "driver")
    const isFile = ["file", "host_device"].includes(textIn(words, "driver") ?? "file")
    const path =
      name === "-blockdev" && isFile
        ? textIn(words, "filename")
        : name === "-drive"
          ? textIn(words, "file")
          : ["-kernel", "-initrd", "-dtb"].includes(name) || (name === "-bios" && value[0] === "/")
            ? value
            : undefined
    return path === undefined || path.startsWith("/dev/fdset/")
      ? []
      : [{ path, words: `${name} ${value}` }]
  })

const actionsOf = (options: readonly Option[]): Partial<Actions> => {
  const has = (name: string) => options.some((option) => option.name === name)
  const watchdog = valuesOf(options, "-watchdog-action").at(-1)
  const told = valuesOf(options, "-action").map((value) => keyValues(value))
  return {
    ...(has("-no-shutdown") ? { shutdown: "pause" as const } : {}),
    ...(has("-no-reboot") ? { reboot: "shutdown" as const } : {}),
    ...(watchdog === undefined ? {} : { watchdog: watchdog as Actions["watchdog"] }),
    ...Object.assign({}, ...told)
  }
}

/** KVM alone cannot be had here: the simulated host has no processor that it could give. */
const acceleratorOf = (options: readonly Option[], machine: JsonObject): LastWords | undefined => {
  const wanted = [
    ...(textIn(machine, "accel")?.split(":") ?? []),
    ...valuesOf(options, "-accel").map((value) => textIn(keyValues(value, "accel"), "accel") ?? "")
  ]
  const isKvmOnly = wanted.length > 0 && wanted.every((one) => one === "kvm")
  if (!isKvmOnly && !options.some(({ name }) => name === "-enable-kvm")) return undefined
  return "Could not access KVM kernel module: No such file or directory"
}

const boards = /^(none|pc|q35|microvm|pc-i440fx-[0-9.]+|pc-q35-[0-9.]+)$/

const linksOf = (options: readonly Option[], devices: readonly JsonObject[]): readonly string[] => [
  ...valuesOf(options, "-netdev").map((value) => textIn(keyValues(value, "type"), "id") ?? ""),
  ...devices.flatMap((device) =>
    device["netdev"] === undefined ? [] : [textIn(device, "id") ?? ""]
  )
]

/** The host's PCI function that a device of the guest is made of. */
export const hostDeviceOf = (device: JsonObject): string | undefined =>
  (textIn(device, "driver") ?? "").startsWith("vfio-pci") ? textIn(device, "host") : undefined

const nodesOf = (devices: readonly JsonObject[]): readonly string[] =>
  devices.flatMap((device) => textIn(device, "drive") ?? [])

const outputsOf = (options: readonly Option[], users: ReadonlySet<string>): readonly number[] => {
  const sets = valuesOf(options, "-add-fd").map((value) => keyValues(value, "fd"))
  const paths = valuesOf(options, "-chardev")
    .map((value) => chardevOf(value, users))
    .flatMap(({ kind, path, isUsed }) => (kind === "file" && isUsed ? (path ?? []) : []))
  return sets.flatMap((set) =>
    paths.includes(`/dev/fdset/${textIn(set, "set")}`) ? [Number(textIn(set, "fd"))] : []
  )
}

/** Reads the words of QEMU's own command line, or tells what it dies of. */
export const readCommandLine = (
  words: readonly string[]
): Result.Result<CommandLine, LastWords> => {
  const read = optionsOf(words)
  if (Result.isFailure(read)) return Result.fail(read.failure)
  const options = read.success
  const last = (name: string) => valuesOf(options, name).at(-1)
  const has = (name: string) => options.some((option) => option.name === name)
  const machine = keyValues(last("-machine") ?? "pc", "type")
  const board = textIn(machine, "type") ?? "pc"
  if (!boards.test(board))
    return Result.fail("unsupported machine type\nUse -machine help to list supported machines")
  const refused = acceleratorOf(options, machine)
  if (refused !== undefined) return Result.fail(refused)
  const devices = valuesOf(options, "-device").map((value) => keyValues(value))
  const serials = valuesOf(options, "-serial").map((value) => value.replace(/^chardev:/, ""))
  const users = new Set([...devices.flatMap((one) => textIn(one, "chardev") ?? []), ...serials])
  return Result.succeed({
    hasBoard: board !== "none",
    rootBus: board.includes("q35") ? "pcie.0" : "pci.0",
    devices: devices.flatMap((words) => deviceOf(words) ?? []),
    isStopped: has("-S"),
    actions: actionsOf(options),
    monitor: valuesOf(options, "-mon")
      .map((value) => keyValues(value, "chardev"))
      .filter((monitor) => monitor["mode"] === "control")
      .flatMap((monitor) => textIn(monitor, "chardev") ?? [])[0],
    chardevs: valuesOf(options, "-chardev").map((value) => chardevOf(value, users)),
    files: filesOf(options),
    hostDevices: devices.flatMap((device) => {
      const isUsb = device["driver"] === "usb-host"
      const name = isUsb ? "usb-host" : hostDeviceOf(device)
      return name === undefined ? [] : [{ id: textIn(device, "id") ?? name, words: device }]
    }),
    links: linksOf(options, devices),
    nodes: nodesOf(devices),
    outputs: outputsOf(options, users),
    hasVnc: has("-vnc"),
    hasSpice: has("-spice"),
    cpuCount: Number.parseInt(last("-smp") ?? "1", 10) || 1,
    hasTimestamps: isOn(textIn(keyValues(last("-msg") ?? ""), "timestamp"))
  })
}
