/** Writes USB devices into /sys: root hubs, devices behind hubs, their interfaces. */
import type { MemoryDisk } from "./disk.ts"
import {
  hex,
  link,
  placeBelow,
  putAll,
  putRecord,
  putUevent,
  type UdevRecord
} from "./sysfs-put.ts"

export interface UsbInterface {
  readonly class: number
  readonly subclass: number
  readonly protocol: number
  readonly driver?: string
  /** That the kernel chooses; by default the one that it is with. */
  readonly nativeDriver?: string
}

export interface UsbDevice {
  /** Where it is plugged in: `1-2`, `1-2.3`; `usb1` is the root hub of a bus. */
  readonly port: string
  readonly bus: number
  /** Changes when it is plugged in again. */
  readonly number: number
  readonly vendor: number
  readonly product: number
  readonly name?: string
  readonly maker?: string
  readonly serial?: string
  readonly interfaces?: readonly UsbInterface[]
  /** Of a root hub: the PCI address of its controller. */
  readonly on?: string
  readonly udev?: UdevRecord
}

export const usbAt = "/sys/bus/usb"

const busAt = `${usbAt}/devices`

/** `1-2:1.0`; of a root hub `1-0:1.0`. */
export const interfaceName = (port: string, index: number): string =>
  `${port.startsWith("usb") ? `${port.slice("usb".length)}-0` : port}:1.${index}`

/** Below the hub that has the port, and at last below the bus: `usb1/1-2/1-2.3`. */
const placeOf = (disk: MemoryDisk, { port, bus, on }: UsbDevice): string => {
  const root = disk.has(`${busAt}/usb${bus}`) ? disk.node(`${busAt}/usb${bus}`) : undefined
  if (port.startsWith("usb")) return `${placeBelow(disk, on)}/${port}`
  const above =
    root?.kind === "symlink"
      ? `/sys/${root.target.replaceAll("../", "")}`
      : `/sys/devices/usb${bus}`
  const [path = "", ...deeper] = port.split(".")
  const chain = deeper.reduce<readonly string[]>(
    (hubs, last) => [...hubs, `${hubs.at(-1) ?? path}.${last}`],
    [path]
  )
  return [above, ...chain].join("/")
}

const writeInterface = (
  disk: MemoryDisk,
  at: string,
  {
    port,
    one,
    index
  }: { readonly port: string; readonly one: UsbInterface; readonly index: number }
): void => {
  const name = interfaceName(port, index)
  putAll(disk, `${at}/${name}`, {
    bInterfaceNumber: hex(index, 2),
    bInterfaceClass: hex(one.class, 2),
    bInterfaceSubClass: hex(one.subclass, 2),
    bInterfaceProtocol: hex(one.protocol, 2)
  })
  putUevent(disk, `${at}/${name}`, { DEVTYPE: "usb_interface", DRIVER: one.driver })
  if (one.driver !== undefined)
    link(disk, `${at}/${name}/driver`, `/sys/bus/usb/drivers/${one.driver}`)
  link(disk, `${busAt}/${name}`, `${at}/${name}`)
}

const minorOf = ({ bus, number }: UsbDevice): number => (bus - 1) * 128 + number - 1

export const writeUsb = (disk: MemoryDisk, device: UsbDevice): void => {
  const { port, bus, number } = device
  const at = placeOf(disk, device)
  const node = (value: number) => String(value).padStart(3, "0")
  const devname = `bus/usb/${node(bus)}/${node(number)}`
  putAll(disk, at, {
    busnum: bus,
    devnum: number,
    idVendor: hex(device.vendor, 4),
    idProduct: hex(device.product, 4),
    manufacturer: device.maker,
    product: device.name,
    serial: device.serial
  })
  putUevent(disk, at, {
    MAJOR: 189,
    MINOR: minorOf(device),
    DEVNAME: devname,
    DEVTYPE: "usb_device",
    DRIVER: "usb",
    BUSNUM: node(bus),
    DEVNUM: node(number)
  })
  link(disk, `${busAt}/${port}`, at)
  for (const [index, one] of (device.interfaces ?? []).entries())
    writeInterface(disk, at, { port, one, index })
  putRecord(disk, `c189:${minorOf(device)}`, device.udev)
  disk.makeDirectories(`/dev/${devname.slice(0, devname.lastIndexOf("/"))}`)
  disk.special(`/dev/${devname}`, "character")
}
