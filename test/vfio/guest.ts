/**
 * Definitions of the inner guests, and what their QEMU says of the devices in them. Text in, text
 * out.
 */
import { inside } from "./inside.ts"
import { hardware } from "./outer.ts"

/** A PCI device for a guest, by its address `0000:01:00.0`. */
export const pciHostdev = (device: string, isManaged = true): string => {
  const [domain, bus, slot, unit] = device.split(/[:.]/)
  return `<hostdev mode='subsystem' type='pci' managed='${isManaged ? "yes" : "no"}'>
      <source>
        <address domain='0x${domain}' bus='0x${bus}' slot='0x${slot}' function='0x${unit}'/>
      </source>
      <rom bar='off'/>
    </hostdev>`
}

export const usbById = ({ vendor, product }: { vendor: string; product: string }): string =>
  `<hostdev mode='subsystem' type='usb'>
      <source><vendor id='0x${vendor}'/><product id='0x${product}'/></source>
    </hostdev>`

/** By its place `001:002`. */
export const usbByPlace = (place: string): string => {
  const [bus, device] = place.split(":").map(Number)
  return `<hostdev mode='subsystem' type='usb'>
      <source><address bus='${bus}' device='${device}'/></source>
    </hostdev>`
}

/** A guest that has nothing to boot from: its firmware numbers the buses, which is enough. */
export const guestXml = (name: string, ...devices: readonly string[]): string => `
<domain type='qemu'>
  <name>${name}</name>
  <memory unit='MiB'>64</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <controller type='usb' model='qemu-xhci'/>
    <memballoon model='none'/>
    ${devices.join("\n    ")}
  </devices>
</domain>
`

const linuxWords = "console=ttyS0 quiet panic=-1 no_timer_check mitigations=off"

/** A guest with a Linux that uses its devices, and says so in a file of the outer guest. */
export const linuxXml = (name: string, log: string, ...devices: readonly string[]): string =>
  guestXml(name, `<serial type='file'><source path='${log}'/></serial>`, ...devices)
    .replace("<memory unit='MiB'>64", "<memory unit='MiB'>192")
    .replace("<vcpu>", "<features><acpi/><apic/></features>\n  <vcpu>")
    .replace(
      "</os>",
      `<kernel>${inside.kernel}</kernel><initrd>${inside.initrd}</initrd>
      <cmdline>${linuxWords}</cmdline></os>`
    )

interface PciFunction {
  readonly id: { readonly vendor: number; readonly device: number }
  readonly regions: readonly { readonly address: number }[]
  readonly pci_bridge?: { readonly devices?: readonly PciFunction[] }
}

const withThoseBehind = (one: PciFunction): readonly PciFunction[] => [
  one,
  ...(one.pci_bridge?.devices ?? []).flatMap(withThoseBehind)
]

const hex = (value: number): string => value.toString(16).padStart(4, "0")

/** `vendor:device` of all PCI functions that the firmware of the guest has numbered. */
export function pciIdsIn(reply: string): readonly string[] {
  const { return: buses } = JSON.parse(reply) as {
    return: readonly { devices: readonly PciFunction[] }[]
  }
  return buses
    .flatMap(({ devices }) => devices.flatMap(withThoseBehind))
    .map(({ id }) => `${hex(id.vendor)}:${hex(id.device)}`)
}

/** As `pciIdsIn` tells the network cards. */
export const cardId = `${hex(hardware.card.vendor)}:${hex(hardware.card.product)}`
