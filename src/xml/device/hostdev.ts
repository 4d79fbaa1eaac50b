/** `<hostdev>` of mode subsystem. `mode='capabilities'` is for containers and refused. */
import * as Result from "effect/Result"
import type {
  Hostdev,
  HostdevSource,
  MdevSource,
  ScsiSource,
  UsbSource
} from "../../model/device/hostdev.ts"
import { pciAddress } from "../address.ts"
import { hex, integer, nonEmpty, onOff, oneOf, uuid, yesNo } from "../codec.ts"
import {
  attribute,
  changesGuest,
  changesNothing,
  changesSecurity,
  child,
  choice,
  constant,
  fields,
  flag,
  inside,
  orElse,
  type Part,
  required,
  type Sure
} from "../describe.ts"
import { boot, deviceInfo, rom } from "./info.ts"

const uint32Max = 0xffffffff

type PciSource = Extract<HostdevSource, { readonly type: "pci" }>

const pci = fields<PciSource>({
  type: constant("pci"),
  driver: inside("driver", attribute("name", oneOf("kvm", "vfio", "xen"))),
  address: required("address of the source", inside("source", child("address", pciAddress))),
  writeFiltering: inside("source", attribute("writeFiltering", yesNo))
})

const source = <A>(part: Part<A>) => inside("source", part)
const inAddress = <A>(part: Part<A>) => source(inside("address", part))

const usb = fields<UsbSource>({
  type: constant("usb"),
  startupPolicy: source(
    attribute("startupPolicy", oneOf("default", "mandatory", "requisite", "optional"))
  ),
  guestReset: source(attribute("guestReset", oneOf("off", "uninitialized", "on"))),
  vendor: source(inside("vendor", attribute("id", hex(4, 0xffff)))),
  product: source(inside("product", attribute("id", hex(4, 0xffff)))),
  bus: inAddress(attribute("bus", integer({ max: uint32Max }))),
  device: inAddress(attribute("device", integer({ max: uint32Max })))
})

const scsi = fields<ScsiSource>({
  type: constant("scsi"),
  sgio: attribute("sgio", oneOf("filtered", "unfiltered")),
  rawio: attribute("rawio", yesNo),
  adapter: source(inside("adapter", attribute("name", nonEmpty))),
  unit: inAddress(
    fields<NonNullable<ScsiSource["unit"]>>({
      bus: orElse(attribute("bus", integer({ max: uint32Max })), 0),
      target: orElse(attribute("target", integer({ max: uint32Max })), 0),
      unit: orElse(attribute("unit", integer()), 0)
    })
  ),
  isReadonly: flag("readonly"),
  isShareable: flag("shareable")
})

const mdev = fields<MdevSource>({
  type: constant("mdev"),
  model: required("model", attribute("model", oneOf("vfio-pci", "vfio-ccw", "vfio-ap"))),
  display: attribute("display", onOff),
  ramfb: attribute("ramfb", onOff),
  uuid: required("uuid of the source", inAddress(attribute("uuid", uuid)))
})

type ScsiHost = Extract<HostdevSource, { readonly type: "scsi_host" }>

const scsiHost = fields<ScsiHost>({
  type: constant("scsi_host"),
  "@model": changesGuest,
  "<source>": changesGuest
})

const types = oneOf("pci", "usb", "scsi", "scsi_host", "mdev")

const described = choice<HostdevSource>(required("type of the hostdev", attribute("type", types)), {
  pci,
  usb,
  scsi,
  scsi_host: scsiHost,
  mdev
})

const hostdevSource: Sure<HostdevSource> = {
  read: (from) => {
    const mode = from.attribute("mode")
    if (mode === undefined || mode.value === "subsystem") return described.read(from)
    const reason = `host devices of mode '${mode.value}' are for containers`
    return Result.fail(from.refuse("unsupported", reason, mode))
  },
  write: (value, to) => {
    to.attribute("mode", "subsystem")
    described.write(value, to)
  }
}

export const hostdev = fields<Hostdev>({
  kind: constant("hostdev"),
  source: hostdevSource,
  managed: orElse(attribute("managed", yesNo), false),
  "<teaming>": changesNothing,
  "<seclabel>": changesSecurity,
  boot,
  rom,
  ...deviceInfo
})
