/**
 * Arbitrary definitions as text: guests of the type `qemu` that can be defined, and started when
 * the host has what they name. Other definitions than these exist; none of these is wrong. They
 * shrink to a small guest without a device.
 */
import type { Arbitrary, FastCheck } from "./fast-check.ts"

export interface DomainXmlOptions {
  /** By default short names, of letters, digits, `-`, `.` and `_`. */
  readonly name?: Arbitrary<string>
  /** By default any. */
  readonly uuid?: Arbitrary<string>
  /** By default none is said, and the engine takes its own. */
  readonly emulator?: string
  /** Host devices that guests may want, as `0000:03:00.0`. By default none do. */
  readonly pciDevices?: readonly string[]
  /** Where images lie, without a slash at the end. */
  readonly images?: string
  readonly devicesMax?: number
}

export const domainXmlDefaults = { images: "/srv/images", devicesMax: 4 } as const

export const domainXml = (fc: FastCheck, options: DomainXmlOptions = {}): Arbitrary<string> => {
  const { images, devicesMax } = { ...domainXmlDefaults, ...options }
  const { name = nameOf(fc), uuid = fc.uuid(), emulator, pciDevices = [] } = options
  const hostdevs = pciDevices.length === 0 ? fc.constant([]) : fc.subarray([...pciDevices])
  return fc
    .record({
      name,
      uuid,
      title: fc.option(text(fc), { nil: undefined }),
      memoryMiB: fc.integer({ min: 16, max: 1024 }),
      vcpus: fc.integer({ min: 1, max: 4 }),
      machine: fc.constantFrom("q35", "pc"),
      onReboot: fc.option(fc.constantFrom("restart", "destroy"), { nil: undefined }),
      devices: fc.array(device(fc), { maxLength: devicesMax }),
      hostdevs
    })
    .map((guest) => written({ ...guest, images, emulator }))
}

interface Guest {
  readonly name: string
  readonly uuid: string
  readonly title: string | undefined
  readonly memoryMiB: number
  readonly vcpus: number
  readonly machine: string
  readonly onReboot: string | undefined
  readonly devices: readonly MakeDevice[]
  readonly hostdevs: readonly string[]
  readonly images: string
  readonly emulator: string | undefined
}

/** `at`: the place of the device among its kind's, so that no two want the same name or file. */
type MakeDevice = (at: number, images: string) => string

const written = (guest: Guest): string =>
  [
    `<domain type='qemu'><name>${escaped(guest.name)}</name><uuid>${guest.uuid}</uuid>`,
    guest.title === undefined ? "" : `<title>${escaped(guest.title)}</title>`,
    `<memory unit='MiB'>${guest.memoryMiB}</memory><vcpu>${guest.vcpus}</vcpu>`,
    `<os><type arch='x86_64' machine='${guest.machine}'>hvm</type></os>`,
    "<features><acpi/></features>",
    guest.onReboot === undefined ? "" : `<on_reboot>${guest.onReboot}</on_reboot>`,
    "<devices>",
    guest.emulator === undefined ? "" : `<emulator>${escaped(guest.emulator)}</emulator>`,
    ...guest.devices.map((make, at) => make(at, escaped(guest.images))),
    ...guest.hostdevs.map(hostdev),
    "</devices></domain>"
  ].join("")

const device = (fc: FastCheck): Arbitrary<MakeDevice> => {
  const bus = fc.constantFrom("virtio", "scsi")
  const cache = fc.constantFrom("none", "writeback", "unsafe")
  return fc.oneof(
    fc.constant<MakeDevice>(() => "<serial type='pty'/>"),
    fc.constant<MakeDevice>(
      () => "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>"
    ),
    fc.constant<MakeDevice>(() => "<interface type='user'><model type='virtio'/></interface>"),
    fc.constant<MakeDevice>(() => "<graphics type='vnc' autoport='yes'/>"),
    fc.constant<MakeDevice>(
      (at) =>
        "<channel type='unix'><source mode='bind'/>" +
        `<target type='virtio' name='org.example.channel.${at}'/></channel>`
    ),
    fc.tuple(bus, cache, fc.boolean()).map(([on, how, isReadonly]): MakeDevice => {
      const prefix = on === "virtio" ? "vd" : "sd"
      const readonly = isReadonly ? "<readonly/>" : ""
      return (at, images) =>
        `<disk type='file' device='disk'><driver name='qemu' type='raw' cache='${how}'/>` +
        `<source file='${images}/disk-${at}.img'/>` +
        `<target dev='${prefix}${letter(at)}' bus='${on}'/>${readonly}</disk>`
    })
  )
}

const hostdev = (address: string): string => {
  const [, domain, bus, slot, fn] =
    /^([0-9a-f]{4}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])$/.exec(address) ?? []
  if (domain === undefined) throw new Error(`'${address}' is no PCI address as 0000:03:00.0`)
  return (
    "<hostdev mode='subsystem' type='pci' managed='no'><source>" +
    `<address domain='0x${domain}' bus='0x${bus}' slot='0x${slot}' function='0x${fn}'/>` +
    "</source></hostdev>"
  )
}

const letter = (at: number): string => String.fromCharCode("a".charCodeAt(0) + at)

const nameOf = (fc: FastCheck): Arbitrary<string> => fc.stringMatching(/^[a-z][a-z0-9._-]{0,15}$/)

/** Words in any script, markup included; nothing that XML cannot hold, no space at the ends. */
const text = (fc: FastCheck): Arbitrary<string> =>
  fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
    .filter((value) => value.trim() === value && !/[\p{Cc}\p{Cs}\uFFFE\uFFFF]/u.test(value))

const escaped = (value: string): string =>
  value
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll("'", "&apos;")
