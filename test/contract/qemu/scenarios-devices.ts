/** Devices that come and go: what `device_add` refuses and takes, and when a device leaves. */
import type { Scenario } from "./stage.ts"
import { ask, board, booted, hear, pause, status } from "./steps.ts"

const add = (words: object) => ask("device_add", words)
const del = (id: string) => ask("device_del", { id })
const usb = { driver: "qemu-xhci", id: "usb", bus: "pci.0", addr: "0x9" }
const tablet = { driver: "usb-tablet", id: "t0", bus: "usb.0", port: "1" }
const card = { driver: "i6300esb", id: "card9", bus: "pci.0", addr: "0xa" }
const vfio = { driver: "vfio-pci", id: "hostdev0", bus: "pci.0", addr: "0xb" }

/** From the deed to the event of a device that goes: only then is the next thing asked. */
const gone = hear("DEVICE_DELETED")

export const plugging: readonly Scenario[] = [
  board("what cannot be added", [
    add(usb),
    add({ id: "x" }),
    add({ driver: "nosuch", id: "x" }),
    add({ ...tablet, bus: "nobus.0" }),
    add({ ...vfio, host: "0000:3f:1f.7" }),
    add({ driver: "usb-host", id: "h0", bus: "usb.0", port: "2", hostbus: 99, hostaddr: 99 }),
    add({
      driver: "usb-host",
      id: "h0",
      bus: "usb.0",
      port: "2",
      hostdevice: "/dev/bus/usb/099/099"
    }),
    add(tablet),
    add({ ...tablet, port: "2" }),
    add({ ...tablet, id: "t1" }),
    add(card),
    add({ ...card, id: "card8" }),
    del("nope"),
    ask("device_del"),
    ask("qom-list", { path: "/nope" }),
    status
  ]),
  board("a USB device goes at once, also while the guest is paused", [
    add(usb),
    add(tablet),
    del("t0"),
    gone,
    del("t0"),
    add(tablet),
    ...booted,
    del("t0"),
    gone,
    status
  ]),
  board("a PCI device that the guest does not let go is asked for again, and goes at the reset", [
    add(card),
    ...booted,
    del("card9"),
    pause(100),
    del("card9"),
    pause(100),
    ask("stop"),
    del("card9"),
    del("card9"),
    ask("system_reset"),
    gone,
    del("card9"),
    status
  ]),
  board("asked for before it ever ran", [
    add(card),
    del("card9"),
    del("card9"),
    ...booted,
    del("card9"),
    ask("stop"),
    ask("system_reset"),
    gone,
    status
  ])
]
