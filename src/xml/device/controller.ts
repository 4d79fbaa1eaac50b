/** `<controller>`: the buses of the guest, their models, and the numbers of PCI controllers. */
import * as Result from "effect/Result"
import type {
  Controller,
  ControllerDriver,
  PciControllerTarget
} from "../../model/device/controller.ts"
import { type Codec, hex, integer, nonEmpty, onOff, oneOf } from "../codec.ts"
import {
  attribute,
  changesGuest,
  checked,
  child,
  constant,
  fields,
  inside,
  required,
  type Sure,
  text
} from "../describe.ts"
import { sizeKiB } from "../size.ts"
import { deviceInfo, virtioOptions } from "./info.ts"

const types = oneOf(
  "ide",
  "fdc",
  "scsi",
  "sata",
  "virtio-serial",
  "ccid",
  "usb",
  "pci",
  "xenbus",
  "isa"
)

const driver = fields<ControllerDriver>({
  queues: attribute("queues", integer({ max: 0xffff })),
  cmdPerLun: attribute("cmd_per_lun", integer({ max: 0xffffffff })),
  maxSectors: attribute("max_sectors", integer({ max: 0xffffffff })),
  ioeventfd: attribute("ioeventfd", onOff),
  iothread: attribute("iothread", integer({ min: 1, max: 0xffffffff })),
  ...virtioOptions
})

const decimalOrHex: Codec<number> = { decode: hex(1, 0xff).decode, encode: String }

const target = fields<PciControllerTarget>({
  chassisNr: attribute("chassisNr", integer({ min: 1, max: 255 })),
  chassis: attribute("chassis", integer({ max: 255 })),
  port: attribute("port", hex(1, 255)),
  busNr: attribute("busNr", decimalOrHex),
  index: attribute("index", integer({ max: 30 })),
  hotplug: attribute("hotplug", onOff),
  node: inside("node", text(integer({ max: 1023 })))
})

const indexMax = 0x7fffffff

const described = fields<Controller>({
  kind: constant("controller"),
  type: required("type of the controller", attribute("type", types)),
  index: attribute("index", integer({ min: -1, max: indexMax })),
  model: attribute("model", nonEmpty),
  ports: attribute("ports", integer({ max: 0x7fffffff })),
  vectors: attribute("vectors", integer({ max: 0x7fffffff })),
  "@maxGrantFrames": changesGuest,
  "@maxEventChannels": changesGuest,
  modelName: inside("model", attribute("name", nonEmpty)),
  target: child("target", target),
  driver: child("driver", driver),
  pciHole64KiB: inside("pcihole64", sizeKiB),
  alias: deviceInfo.alias,
  masterStartPort: inside("master", attribute("startport", integer({ max: 255 }))),
  "<acpi>": changesGuest,
  address: deviceInfo.address
})

/** -1 asks for any index, as silence does. */
export const controller: Sure<Controller> = checked(described, (value) => {
  if (value.index !== -1) return Result.succeed(value)
  const { index: _, ...unnumbered } = value
  return Result.succeed(unnumbered)
})
