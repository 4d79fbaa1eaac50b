/**
 * Which device of a definition is meant by an alias or by a description of it, by libvirt's rules
 * (`virDomainHostdevFind`, `virDomainDiskIndexByName`, `virDomainNetFindIdx` and their kin): each
 * kind has something by which it is known; of the others everything described has to be so. Pure.
 */
import type { Device, DeviceKind, DeviceOf } from "./device.ts"
import type { Hostdev } from "./device/hostdev.ts"
import type { Interface } from "./device/interface.ts"
import type { Domain } from "./domain.ts"

/** A device that is asked for: by its name in QEMU, or by what it is. */
export type DeviceWanted = { readonly alias: string } | { readonly device: Device }

const aliasOf = (device: Device): string | undefined =>
  "alias" in device ? device.alias : undefined

const isMember = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null

/** Everything that `wanted` says is so in `present`, which may say more. */
const says = (wanted: unknown, present: unknown): boolean => {
  if (!isMember(wanted) || !isMember(present)) return wanted === present
  return Object.entries(wanted).every(
    ([key, value]) => key === "kept" || value === undefined || says(value, present[key])
  )
}

/** An absent member of the description does not tell. */
const agrees = (wanted: unknown, present: unknown): boolean =>
  wanted === undefined || says(wanted, present)

/** The host's device, and not where the guest sees it. */
const hostdev = ({ source: wanted }: Hostdev, { source: present }: Hostdev): boolean => {
  switch (wanted.type) {
    case "pci":
      return present.type === "pci" && says(placeOf(wanted.address), placeOf(present.address))
    case "usb": {
      if (present.type !== "usb") return false
      const { vendor, product, bus, device } = wanted
      const isTold = vendor !== undefined || bus !== undefined
      return isTold && says({ vendor, product, bus, device }, present)
    }
    case "scsi":
      return present.type === "scsi" && says(unitOf(wanted), unitOf(present))
    case "mdev":
      return present.type === "mdev" && wanted.uuid === present.uuid
    case "scsi_host":
      return says(wanted, present)
  }
}

type PciPlace = Extract<Hostdev["source"], { readonly type: "pci" }>["address"]

const placeOf = ({ domain, bus, slot, function: part }: PciPlace) => ({ domain, bus, slot, part })

const unitOf = ({ adapter, unit }: Extract<Hostdev["source"], { readonly type: "scsi" }>) => ({
  adapter,
  unit
})

/** By its MAC address, and by all else that is told of where it is. */
const card = (wanted: Interface, present: Interface): boolean => {
  const { mac, model, address, connection } = wanted
  if (mac !== undefined && mac.toLowerCase() !== present.mac?.toLowerCase()) return false
  if (mac === undefined && !says(connection, present.connection)) return false
  return agrees(model, present.model) && agrees(address, present.address)
}

type Rules = {
  readonly [K in DeviceKind]?: (wanted: DeviceOf<K>, present: DeviceOf<K>) => boolean
}

const rules: Rules = {
  disk: (wanted, present) => wanted.target.dev === present.target.dev,
  interface: card,
  hostdev,
  controller: (wanted, present) => wanted.type === present.type && wanted.index === present.index,
  filesystem: (wanted, present) => wanted.target.dir === present.target.dir
}

/** Whether a description, which may tell less, is one of this device. */
export const isMeant = (wanted: Device, present: Device): boolean => {
  if (wanted.kind !== present.kind) return false
  const alias = aliasOf(wanted)
  if (alias !== undefined && aliasOf(present) !== undefined && alias !== aliasOf(present))
    return false
  const rule = rules[wanted.kind] as ((wanted: Device, present: Device) => boolean) | undefined
  return rule === undefined ? says({ ...wanted, alias: undefined }, present) : rule(wanted, present)
}

/** The first device of the definition that is meant. */
export const findDevice = (
  { devices }: Pick<Domain, "devices">,
  wanted: DeviceWanted
): Device | undefined =>
  devices.find((present) =>
    "alias" in wanted ? aliasOf(present) === wanted.alias : isMeant(wanted.device, present)
  )

/** The definition without this one device. */
export const withoutDevice = (domain: Domain, device: Device): Domain => ({
  ...domain,
  devices: domain.devices.filter((one) => one !== device)
})

/** Its name in QEMU, of a device that has one. */
export { aliasOf as aliasOfDevice }

/** Kinds that a definition may get one more of, as libvirt has it; the others are the machine's. */
const addable: readonly DeviceKind[] = [
  "disk",
  "controller",
  "interface",
  "serial",
  "parallel",
  "console",
  "channel",
  "input",
  "sound",
  "hostdev",
  "watchdog",
  "rng",
  "filesystem",
  "redirdev",
  "iommu"
]

export const isAddable = ({ kind }: Device): boolean => addable.includes(kind)

/** Of these two that look alike are one and the same. */
const unique: readonly DeviceKind[] = ["disk", "hostdev", "controller", "filesystem"]

/** The definition has this very device already; of most kinds it may have several alike. */
export const hasDevice = (domain: Pick<Domain, "devices">, device: Device): boolean => {
  const isNumbered = device.kind !== "controller" || device.index !== undefined
  return unique.includes(device.kind) && isNumbered && findDevice(domain, { device }) !== undefined
}

/** The element of a device, for messages. */
export const elementName = (device: Device): string =>
  `<${device.kind === "kept" ? device.name : device.kind}>`
