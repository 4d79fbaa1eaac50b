/**
 * `hostdev list`: devices that can be given to guests, as a daemon of ours tells them. From another
 * daemon the same is put together of its devices and its guests, as far as those say it: what the
 * host itself uses, and what went wrong, they do not.
 */
import * as Effect from "effect/Effect"
import type { Remote } from "../../rpc/client/connect.ts"
import { type Element, parseElement } from "../../xml/element.ts"
import type { Answer } from "./answer.ts"
import { listFlags } from "./flags.ts"
import { capabilityFlags } from "./node-device-kinds.ts"
import { isNoProgram } from "./programs.ts"

/** A row, with the fields in the order in which programs get them. */
interface Row {
  readonly name: string | undefined
  readonly kind: string
  readonly device: string
  readonly product: string | undefined
  readonly state: string
  readonly driver: string | undefined
  readonly group: number | undefined
  readonly holder: string | undefined
  readonly whyNot: string | undefined
}

const ofOurs = (remote: Remote) =>
  Effect.map(remote.call("troupe", "HOST_DEVICES_LIST", { flags: 0 }), ({ devices }) =>
    devices.map(
      (one): Row => ({
        name: one.name ?? undefined,
        kind: one.kind,
        device: one.device,
        product: one.product ?? undefined,
        state: one.state,
        driver: one.driver ?? undefined,
        group: one.iommuGroup < 0 ? undefined : one.iommuGroup,
        holder: one.holder ?? undefined,
        whyNot: one.whyNot ?? undefined
      })
    )
  )

const isElement = (child: Element | string): child is Element => typeof child !== "string"

const childrenOf = (element: Element | undefined, name: string): readonly Element[] =>
  (element?.children ?? []).filter(isElement).filter((child) => child.name === name)

const child = (element: Element | undefined, name: string): Element | undefined =>
  childrenOf(element, name)[0]

const textOf = (element: Element | undefined): string | undefined => {
  const text = element?.children
    .filter((one) => typeof one === "string")
    .join("")
    .trim()
  return text === "" ? undefined : text
}

const attribute = (element: Element | undefined, name: string): string | undefined =>
  element?.attributes.find((one) => one.name === name)?.value

/** Decimal or with `0x`, as both kinds of XML have them. */
const numberOf = (text: string | undefined): number => Number(text ?? Number.NaN)

const hex = (value: number, width: number): string => value.toString(16).padStart(width, "0")
const digits = (value: number): string => String(value).padStart(3, "0")

const placeOf = (address: Element | undefined): string => {
  const part = (name: string) => numberOf(attribute(address, name) ?? "0")
  const [domain, bus, slot] = [hex(part("domain"), 4), hex(part("bus"), 2), hex(part("slot"), 2)]
  return `${domain}:${bus}:${slot}.${part("function")}`
}

/** `scsi_host2`, and the unit behind it: `2:0:1:3`. */
const unitOf = (source: Element | undefined): readonly string[] => {
  const adapter = attribute(child(source, "adapter"), "name")
  const host = /^scsi_host(\d+)$/.exec(adapter ?? "")?.[1]
  const address = child(source, "address")
  const numbers = ["bus", "target", "unit"].map((name) => attribute(address, name))
  const isNamed = host !== undefined && numbers.every((one) => one !== undefined)
  return isNamed ? [[Number(host), ...numbers.map(numberOf)].join(":")] : []
}

const deviceAt = (kind: string | undefined, source: Element | undefined): readonly string[] => {
  const address = child(source, "address")
  switch (kind) {
    case "pci":
      return [placeOf(address)]
    case "usb": {
      const [bus, device] = [attribute(address, "bus"), attribute(address, "device")]
      const isPlaced = bus !== undefined && device !== undefined
      return isPlaced ? [`${digits(numberOf(bus))}:${digits(numberOf(device))}`] : []
    }
    case "scsi":
      return unitOf(source)
    case "mdev":
      return [attribute(address, "uuid") ?? ""]
    default:
      return []
  }
}

/** What a guest has of the host, by the names of devices: host devices, and cards that are one. */
const heldBy = (domain: Element): readonly string[] => {
  const devices = child(domain, "devices")
  const cards = childrenOf(devices, "interface").filter(
    (card) => attribute(card, "type") === "hostdev"
  )
  return [
    ...childrenOf(devices, "hostdev").flatMap((hostdev) =>
      deviceAt(attribute(hostdev, "type"), child(hostdev, "source"))
    ),
    ...cards.flatMap((card) => {
      const source = child(card, "source")
      return deviceAt(attribute(child(source, "address"), "type") ?? "pci", source)
    })
  ]
}

const parsed = (text: string) => Effect.fromResult(parseElement(text))

/** Device -> the guest that has it. */
const readHolders = Effect.fnUntraced(function* ({ call }: Remote) {
  const { domains } = yield* call("remote", "CONNECT_LIST_ALL_DOMAINS", {
    need_results: 1,
    flags: listFlags.active
  })
  const all = yield* Effect.forEach(domains, (dom) =>
    Effect.map(
      Effect.flatMap(call("remote", "DOMAIN_GET_XML_DESC", { dom, flags: 0 }), ({ xml }) =>
        parsed(xml)
      ),
      (domain) => heldBy(domain).map((device) => [device, dom.name] as const)
    )
  )
  return new Map(all.flat())
})

const deviceOf = (kind: string, capability: Element): string | undefined => {
  const number = (name: string) => numberOf(textOf(child(capability, name)))
  switch (kind) {
    case "pci": {
      const [domain, bus, slot] = [number("domain"), number("bus"), number("slot")]
      return `${hex(domain, 4)}:${hex(bus, 2)}:${hex(slot, 2)}.${number("function")}`
    }
    case "usb_device":
      return `${digits(number("bus"))}:${digits(number("device"))}`
    case "scsi":
      return ["host", "bus", "target", "lun"].map(number).join(":")
    case "mdev":
      return textOf(child(capability, "uuid"))
    default:
      return undefined
  }
}

/** By its names; by its numbers where it has none. */
const productOf = (capability: Element): string | undefined => {
  const parts = ["vendor", "product"].map((name) => child(capability, name))
  const names = parts.map(textOf).filter((name) => name !== undefined)
  if (names.length > 0) return names.join(" ")
  const ids = parts.flatMap((part) => attribute(part, "id") ?? [])
  return ids.length === 0 ? undefined : ids.map((id) => hex(numberOf(id), 4)).join(":")
}

/** What the XML of a device says of it, with whoever has it. */
const rowOf = (device: Element, holders: ReadonlyMap<string, string>): readonly Row[] => {
  const capability = child(device, "capability")
  const kind = attribute(capability, "type")
  const name = capability && kind && deviceOf(kind, capability)
  if (capability === undefined || kind === undefined || name === undefined) return []
  // A USB device's own is the same for all; those of its interfaces are not in its XML.
  const isUsb = kind === "usb_device"
  const driver = isUsb ? undefined : textOf(child(child(device, "driver"), "name"))
  const group = attribute(child(capability, "iommuGroup"), "number")
  const holder = holders.get(name)
  const isBridge = childrenOf(capability, "capability").some(
    (one) => attribute(one, "type") === "pci-bridge"
  )
  const problem = isBridge ? "it is a bridge, which other devices are behind" : undefined
  const outside = kind === "pci" && group === undefined ? "it is in no IOMMU group" : undefined
  return [
    {
      name: textOf(child(device, "name")),
      kind: isUsb ? "usb" : kind,
      device: name,
      product: productOf(capability),
      state: holder !== undefined ? "assigned" : driver === "vfio-pci" ? "detached" : "host",
      driver,
      group: group === undefined ? undefined : Number(group),
      holder,
      whyNot: holder === undefined ? (problem ?? outside) : `guest '${holder}' has it`
    }
  ]
}

const ofOthers = Effect.fnUntraced(function* (remote: Remote) {
  const { pci, usb_device: usb, scsi, mdev } = capabilityFlags
  const flags = pci | usb | scsi | mdev
  const listed = yield* remote.call("remote", "CONNECT_LIST_ALL_NODE_DEVICES", {
    need_results: 1,
    flags
  })
  const holders = yield* readHolders(remote)
  const rows = yield* Effect.forEach(
    listed.devices,
    ({ name }) =>
      Effect.flatMap(
        remote.call("remote", "NODE_DEVICE_GET_XML_DESC", { name, flags: 0 }),
        ({ xml }) => parsed(xml)
      ),
    { concurrency: "unbounded" }
  )
  return rows.flatMap((device) => rowOf(device, holders))
})

export const hostdevs = (remote: Remote, { isUsable }: { readonly isUsable: boolean }) =>
  Effect.gen(function* () {
    const rows = yield* Effect.catchIf(ofOurs(remote), isNoProgram, () => ofOthers(remote))
    const answer: Answer = {
      value: isUsable ? rows.filter(({ whyNot }) => whyNot === undefined) : rows
    }
    return answer
  })
