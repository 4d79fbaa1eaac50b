/**
 * USB addresses: every USB device gets a port, from the first controller with a free one, through
 * hubs where the root's ports are used. Hubs are added when the ports do not suffice.
 */
import * as Result from "effect/Result"
import type { UsbAddress } from "../../model/address.ts"
import { type Device, devicesOf } from "../../model/device.ts"
import type { Controller } from "../../model/device/controller.ts"
import type { Domain } from "../../model/domain.ts"
import { Conflict } from "../refusal.ts"
import type { Step } from "./context.ts"
import { elementOf } from "./element.ts"

/** One hub: the root of a controller, or a device. Its ports begin at 1. */
interface Hub {
  readonly ports: Map<number, Hub | "device">
  readonly count: number
}

const hubPorts = 8
const depthMax = 4

const portsByModel: { readonly [model: string]: number } = {
  "piix3-uhci": 2,
  "piix4-uhci": 2,
  "vt82c686b-uhci": 2,
  ehci: 6,
  "ich9-ehci1": 6,
  "pci-ohci": 3,
  // Companions share the ports of their master.
  "ich9-uhci1": 0,
  "ich9-uhci2": 0,
  "ich9-uhci3": 0,
  none: 0
}

const xhciPorts = 4

const portsOf = (controller: Controller): number => {
  const { model = "" } = controller
  if (model === "qemu-xhci" || model === "nec-xhci") return controller.ports ?? xhciPorts
  return portsByModel[model] ?? 0
}

/** Hubs come before everything else; then these, each kind in the definition's order. */
const order: readonly ((device: Device) => boolean)[] = [
  (device) => device.kind === "hub",
  (device) => device.kind === "hostdev" && device.source.type === "usb",
  (device) => device.kind === "disk" && device.target.bus === "usb",
  (device) => device.kind === "controller" && device.type === "ccid",
  (device) => device.kind === "input" && device.bus === "usb",
  (device) => device.kind === "serial" && device.target.type === "usb-serial",
  (device) => device.kind === "sound" && device.model === "usb",
  (device) => device.kind === "redirdev"
]

export const isUsb = (device: Device): boolean => order.some((isOfKind) => isOfKind(device))

const positions = (domain: Domain): readonly number[] =>
  order.flatMap((isOfKind) =>
    domain.devices.flatMap((device, position) => (isOfKind(device) ? [position] : []))
  )

const addressOf = (device: Device): UsbAddress | undefined =>
  "address" in device && device.address?.type === "usb" ? device.address : undefined

const isPlaced = (device: Device): boolean => {
  if (!("address" in device) || device.address === undefined) return false
  return device.address.type !== "usb" || device.address.port !== undefined
}

const makeHub = (count: number): Hub => ({ ports: new Map(), count })

const rootsOf = (domain: Domain): Map<number, Hub> => {
  const roots = new Map<number, Hub>()
  for (const controller of devicesOf(domain, "controller")) {
    const count = controller.type === "usb" ? portsOf(controller) : 0
    if (count > 0 && controller.index !== undefined) roots.set(controller.index, makeHub(count))
  }
  return roots
}

/** Takes a given port; its hubs must be there. Returns what is wrong, or undefined. */
const take = (
  roots: Map<number, Hub>,
  address: UsbAddress,
  what: Hub | "device"
): string | undefined => {
  const root = roots.get(address.bus)
  if (root === undefined) return `there is no USB bus ${address.bus} with ports`
  const path = (address.port ?? "").split(".").map(Number)
  const last = path.pop() ?? 0
  let hub: Hub = root
  for (const port of path) {
    const next = hub.ports.get(port)
    if (next === undefined || next === "device") return `no hub is at port ${path.join(".")}`
    hub = next
  }
  if (!(last >= 1 && last <= hub.count)) return `USB port ${last} does not exist there`
  if (hub.ports.has(last)) return `USB port ${address.port} of bus ${address.bus} is used twice`
  hub.ports.set(last, what)
  return undefined
}

const freePort = (hub: Hub, what: Hub | "device", depth = 0): string | undefined => {
  for (let port = 1; port <= hub.count; port += 1) {
    if (hub.ports.has(port)) continue
    hub.ports.set(port, what)
    return String(port)
  }
  if (depth >= depthMax) return undefined
  for (const [port, inner] of [...hub.ports].toSorted(([left], [right]) => left - right)) {
    if (inner === "device") continue
    const found = freePort(inner, what, depth + 1)
    if (found !== undefined) return `${port}.${found}`
  }
  return undefined
}

const takeFree = (
  roots: Map<number, Hub>,
  wished: UsbAddress | undefined,
  what: Hub | "device"
): UsbAddress | undefined => {
  for (const [bus, root] of [...roots].toSorted(([left], [right]) => left - right)) {
    if (wished !== undefined && wished.bus !== bus) continue
    const port = freePort(root, what)
    if (port !== undefined) return { ...wished, type: "usb", bus, port }
  }
  return undefined
}

/** As many hubs as the ports of the controllers fall short by, with a port to spare. */
const withHubs = (domain: Domain): Domain => {
  const devices = positions(domain).flatMap((position) => domain.devices[position] ?? [])
  const requests = devices.filter((device) => device.kind !== "hub").length
  const hubs = devices.length - requests
  const roots = [...rootsOf(domain).values()].reduce((sum, root) => sum + root.count, 0)
  const ports = roots + hubs * (hubPorts - 1)
  if (requests <= ports) return domain
  const missing = Math.ceil((requests - ports + 1) / (hubPorts - 1))
  const hub: Device = { kind: "hub", type: "usb" }
  return { ...domain, devices: [...domain.devices, ...Array.from({ length: missing }, () => hub)] }
}

/** A controller that the binary chooses has ports that are not known here; QEMU deals them out. */
const hasUnknownPorts = (domain: Domain): boolean =>
  devicesOf(domain, "controller").some(({ type, model }) => type === "usb" && model === undefined)

export const usbAddresses: Step = (given) => {
  if (hasUnknownPorts(given)) return Result.succeed(given)
  const domain = withHubs(given)
  const roots = rootsOf(domain)
  const fail = (device: Device, reason: string) =>
    Result.fail(new Conflict({ domain: domain.name, element: elementOf(device), reason }))
  const devices = [...domain.devices]
  const all = positions(domain)
  const placed = all.filter((position) => {
    const device = devices[position]
    return device !== undefined && isPlaced(device) && addressOf(device) !== undefined
  })
  // Hubs nearest to the root first, so that a device finds the hub it is plugged into.
  const depth = (position: number) => {
    const device = devices[position]
    return (device && addressOf(device)?.port?.split(".").length) ?? 0
  }
  const isHub = (position: number) => (devices[position]?.kind === "hub" ? 0 : 1)
  placed.sort((left, right) => isHub(left) - isHub(right) || depth(left) - depth(right))
  for (const position of placed) {
    const device = devices[position]
    const address = device && addressOf(device)
    if (device === undefined || address === undefined) continue
    const problem = take(roots, address, device.kind === "hub" ? makeHub(hubPorts) : "device")
    if (problem !== undefined) return fail(device, problem)
  }
  for (const position of all) {
    const device = devices[position]
    if (device === undefined || isPlaced(device)) continue
    const what = device.kind === "hub" ? makeHub(hubPorts) : "device"
    const address = takeFree(roots, addressOf(device), what)
    if (address === undefined) return fail(device, "no USB port is free for it")
    devices[position] = { ...device, address } as Device
  }
  return Result.succeed({ ...domain, devices })
}
