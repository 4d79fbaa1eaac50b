/**
 * Whole-model checks that need neither QEMU nor the host. What a binary or a host cannot do is
 * found out where it is used.
 */
import * as Result from "effect/Result"
import { pciText } from "./address.ts"
import { type Device, devicesOf } from "./device.ts"
import type { Domain } from "./domain.ts"
import { InvalidDomain } from "./error.ts"
import { usbIdText, usbText } from "./hostdev-wish.ts"
import { vcpusMax, memoryKiBMax, nameBytesMax } from "./limits.ts"

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/**
 * What is wrong with a name, or undefined. A name becomes a file name and part of a command line.
 */
export function nameProblem(name: string): string | undefined {
  if (name === "") return "the name is empty"
  if (name === "." || name === "..") return "the name is a directory's"
  if (name.includes("/")) return "the name contains a slash"
  if (/\p{Cc}/u.test(name)) return "the name contains a control character"
  if (!name.isWellFormed()) return "the name is not well-formed Unicode"
  if (name.trim() === "") return "the name is blank"
  const bytes = new TextEncoder().encode(name).length
  if (bytes > nameBytesMax) return `the name has ${bytes} bytes, more than ${nameBytesMax}`
  return undefined
}

/** Whether `uuid` has the canonical form: lower case, with hyphens. */
export function isUuid(uuid: string): boolean {
  return uuidPattern.test(uuid)
}

type Problem = { readonly path: string; readonly reason: string }
type Check = (domain: Domain) => readonly Problem[]

const problem = (path: string, reason: string | undefined | false): readonly Problem[] =>
  reason === undefined || reason === false ? [] : [{ path, reason }]

const identity: Check = (domain) => [
  ...problem("name", nameProblem(domain.name)),
  ...problem("uuid", !isUuid(domain.uuid) && `'${domain.uuid}' is not a UUID`)
]

const memory: Check = ({ memory }) => {
  const { maximumKiB, currentKiB = maximumKiB, hotplug } = memory
  return [
    ...problem("memory", maximumKiB <= 0 && "a guest needs memory"),
    ...problem("memory", maximumKiB > memoryKiBMax && `${maximumKiB} KiB is beyond any machine`),
    ...problem("memory.currentKiB", currentKiB > maximumKiB && "more than the maximum"),
    ...problem(
      "memory.hotplug",
      hotplug !== undefined && hotplug.maximumKiB < maximumKiB && "less than the memory at boot"
    )
  ]
}

const vcpus: Check = ({ vcpus, cpu }) => {
  const { maximum, current = maximum } = vcpus
  const topology = cpu?.topology
  const cpus =
    topology === undefined
      ? maximum
      : topology.sockets *
        topology.dies *
        (topology.clusters ?? 1) *
        topology.cores *
        topology.threads
  return [
    ...problem("vcpus", maximum < 1 && "a guest needs a virtual CPU"),
    ...problem("vcpus", maximum > vcpusMax && `${maximum} is more than ${vcpusMax}`),
    ...problem(
      "vcpus.current",
      (current < 1 || current > maximum) && "not between 1 and the maximum"
    ),
    ...problem("cpu.topology", cpus !== maximum && `has room for ${cpus} CPUs, not ${maximum}`)
  ]
}

const boot: Check = (domain) => {
  const orders = domain.devices.flatMap((device) =>
    "boot" in device && device.boot !== undefined ? [device.boot.order] : []
  )
  return [
    ...duplicates(
      "devices",
      orders,
      (order) => `boot order ${order} is used for more than one device`
    ),
    ...problem(
      "os.boot",
      orders.length > 0 && domain.os.boot.length > 0 && "excludes a boot order at a device"
    )
  ]
}

const disks: Check = (domain) => {
  const all = devicesOf(domain, "disk")
  return duplicates(
    "devices",
    all.map((disk) => disk.target.dev),
    (dev) => `target '${dev}' is used twice`
  )
}

const controllers: Check = (domain) => {
  const all = devicesOf(domain, "controller").filter(
    // ICH9 companions share their master's index.
    ({ index, masterStartPort, model }) =>
      index !== undefined && masterStartPort === undefined && !(model ?? "").startsWith("ich9-uhci")
  )
  const names = all.map(({ type, index }) => `${type} controller ${index}`)
  return duplicates("devices", names, (name) => `there are two of ${name}`)
}

const aliases: Check = (domain) => {
  const all = domain.devices.flatMap((device) =>
    "alias" in device && device.alias !== undefined ? [device.alias] : []
  )
  return duplicates("devices", all, (alias) => `alias '${alias}' is used twice`)
}

/** What of the host a device is, as the definition says it; undefined for what says nothing. */
const hostNameOf = (device: Device): string | undefined => {
  if (device.kind === "interface") {
    const { connection } = device
    const source = connection.type === "hostdev" ? connection.source : undefined
    return source?.type === "pci" ? `PCI ${pciText(source)}` : undefined
  }
  if (device.kind !== "hostdev") return undefined
  const { source } = device
  switch (source.type) {
    case "pci":
      return `PCI ${pciText(source.address)}`
    case "usb": {
      const { bus = 0, device: number = 0, vendor = 0, product = 0 } = source
      if (bus !== 0 && number !== 0) return `USB ${usbText({ bus, device: number })}`
      return vendor === 0 ? undefined : `USB ${usbIdText({ vendor, product })}`
    }
    case "scsi": {
      const { adapter, unit } = source
      return unit && adapter && `SCSI ${adapter} ${unit.bus}:${unit.target}:${unit.unit}`
    }
    case "mdev":
      return `mediated device ${source.uuid}`
    default:
      return undefined
  }
}

const hostdevs: Check = (domain) =>
  duplicates(
    "devices",
    domain.devices.flatMap((device) => hostNameOf(device) ?? []),
    (name) => `host device ${name} is there twice`
  )

const single: Check = (domain) =>
  (["memballoon"] as const).flatMap((kind) =>
    problem("devices", devicesOf(domain, kind).length > 1 && `there can be only one ${kind}`)
  )

function duplicates<A>(
  path: string,
  values: readonly A[],
  say: (value: A) => string
): readonly Problem[] {
  const seen = new Set<A>()
  return values.flatMap((value) => {
    if (seen.has(value)) return [{ path, reason: say(value) }]
    seen.add(value)
    return []
  })
}

/** A guest that powers off is reset to boot again, and the reset would be its end. */
const actions: Check = ({ onPoweroff, onReboot }) =>
  problem(
    "onReboot",
    onPoweroff === "restart" &&
      (onReboot === "destroy" || onReboot === "preserve") &&
      `on_poweroff 'restart' and on_reboot '${onReboot}' exclude each other`
  )

const checks: readonly Check[] = [
  identity,
  memory,
  vcpus,
  boot,
  disks,
  controllers,
  aliases,
  hostdevs,
  single,
  actions
]

/** The domain itself when it is sound, or the first thing that is wrong with it. */
export const validateDomain = (domain: Domain) => passes(domain, checks)

/** Only what becomes of the guest when it ends: also of what a guest has, with its aliases. */
export const validateActions = (domain: Domain) => passes(domain, [actions])

function passes(domain: Domain, required: readonly Check[]): Result.Result<Domain, InvalidDomain> {
  const [first] = required.flatMap((check) => check(domain))
  if (first === undefined) return Result.succeed(domain)
  return Result.fail(new InvalidDomain({ domain: domain.name, ...first }))
}
