/** `<address>` of a device, and the `<address>` below a `<source>`. */
import type {
  Address,
  CcidAddress,
  DimmAddress,
  DriveAddress,
  IsaAddress
} from "../model/address.ts"
import type { OtherAddress, PciAddress, UsbAddress, VirtioSerialAddress } from "../model/address.ts"
import * as Result from "effect/Result"
import { type Codec, hex, integer, onOff, oneOf } from "./codec.ts"
import { attribute, changesGuest, choice, constant, fields, orElse, required } from "./describe.ts"

const uint32Max = 0xffffffff

export const pciAddress = fields<PciAddress>({
  type: constant("pci"),
  domain: orElse(attribute("domain", hex(4, uint32Max)), 0),
  bus: orElse(attribute("bus", hex(2, 0xff)), 0),
  slot: orElse(attribute("slot", hex(2, 0x1f)), 0),
  function: orElse(attribute("function", hex(1, 7)), 0),
  multifunction: attribute("multifunction", onOff),
  "<zpci>": changesGuest
})

export const driveAddress = fields<DriveAddress>({
  type: constant("drive"),
  controller: orElse(attribute("controller", integer({ max: uint32Max })), 0),
  bus: orElse(attribute("bus", integer({ max: uint32Max })), 0),
  target: orElse(attribute("target", integer({ max: uint32Max })), 0),
  unit: orElse(attribute("unit", integer({ max: uint32Max })), 0)
})

const virtioSerialAddress = fields<VirtioSerialAddress>({
  type: constant("virtio-serial"),
  controller: orElse(attribute("controller", integer({ max: uint32Max })), 0),
  bus: orElse(attribute("bus", integer({ max: uint32Max })), 0),
  port: attribute("port", integer({ max: uint32Max }))
})

const ccidAddress = fields<CcidAddress>({
  type: constant("ccid"),
  controller: orElse(attribute("controller", integer({ max: uint32Max })), 0),
  slot: orElse(attribute("slot", integer({ max: uint32Max })), 0)
})

/** At most four ports deep, as USB allows below a root hub with the hubs that QEMU has. */
const usbPort: Codec<string> = {
  decode: (text) =>
    /^\d{1,3}(\.\d{1,3}){0,3}$/.test(text)
      ? Result.succeed(text)
      : Result.fail("is not a USB port"),
  encode: (value) => value
}

const usbAddress = fields<UsbAddress>({
  type: constant("usb"),
  bus: orElse(attribute("bus", integer({ max: uint32Max })), 0),
  port: attribute("port", usbPort)
})

const isaAddress = fields<IsaAddress>({
  type: constant("isa"),
  iobase: attribute("iobase", hex(1, uint32Max)),
  irq: attribute("irq", hex(1, uint32Max))
})

const wideHex: Codec<bigint> = {
  decode: (text) =>
    /^(0x[0-9a-f]{1,16}|\d{1,19})$/i.test(text)
      ? Result.succeed(BigInt(text))
      : Result.fail("is not a number"),
  encode: (value) => `0x${value.toString(16)}`
}

const dimmAddress = fields<DimmAddress>({
  type: constant("dimm"),
  slot: orElse(attribute("slot", integer({ max: uint32Max })), 0),
  base: attribute("base", wideHex)
})

const elsewhere = <T extends OtherAddress["type"]>(type: T) =>
  fields<OtherAddress>({
    type: constant(type),
    "@reg": changesGuest,
    "@cssid": changesGuest,
    "@ssid": changesGuest,
    "@devno": changesGuest
  })

const types = [
  "pci",
  "drive",
  "virtio-serial",
  "ccid",
  "usb",
  "isa",
  "dimm",
  "virtio-mmio",
  "unassigned",
  "spapr-vio",
  "ccw",
  "virtio-s390"
] as const

export const address = choice<Address>(
  required("address type", attribute("type", oneOf(...types))),
  {
    pci: pciAddress,
    drive: driveAddress,
    "virtio-serial": virtioSerialAddress,
    ccid: ccidAddress,
    usb: usbAddress,
    isa: isaAddress,
    dimm: dimmAddress,
    "virtio-mmio": elsewhere("virtio-mmio"),
    unassigned: elsewhere("unassigned"),
    "spapr-vio": elsewhere("spapr-vio"),
    ccw: elsewhere("ccw"),
    "virtio-s390": elsewhere("virtio-s390")
  }
)
