/**
 * Character devices: the first console and the first serial port are one device, ports are
 * numbered, virtio ports get their place on a virtio-serial bus.
 */
import * as Result from "effect/Result"
import type { VirtioSerialAddress } from "../../model/address.ts"
import { devicesOf } from "../../model/device.ts"
import type { Channel, Console, Parallel, Serial } from "../../model/device/character.ts"
import type { Controller } from "../../model/device/controller.ts"
import type { Domain } from "../../model/domain.ts"
import { Conflict } from "../refusal.ts"
import { always, editDevices, replaceDevices, type Step } from "./context.ts"

const isMirror = (console: Console): boolean =>
  console.target.type === undefined || console.target.type === "serial"

const mirrorOf = (serial: Serial): Console => ({
  kind: "console",
  source: serial.source,
  target: { type: "serial", port: serial.target.port ?? 0 },
  ...(serial.alias === undefined ? {} : { alias: serial.alias })
})

const isOnBoard = (serial: Serial): boolean =>
  serial.target.type === undefined || serial.target.type === "isa-serial"

/** A guest has one serial device behind both elements, whichever of them was written. */
export const consoleMirror = always((domain) => {
  const [serial] = devicesOf(domain, "serial")
  const [console, ...consoles] = devicesOf(domain, "console")
  if (console !== undefined && isMirror(console)) {
    if (serial !== undefined) {
      return replaceDevices(domain, "console", [mirrorOf(serial), ...consoles])
    }
    const { alias, address, source } = console
    const made: Serial = {
      kind: "serial",
      source,
      target: { type: "isa-serial", port: 0 },
      ...(alias === undefined ? {} : { alias }),
      ...(address?.type === "isa" ? { address } : {})
    }
    const withSerial = replaceDevices(domain, "serial", [made])
    return replaceDevices(withSerial, "console", [mirrorOf(made), ...consoles])
  }
  if (console === undefined && serial !== undefined && isOnBoard(serial)) {
    return replaceDevices(domain, "console", [mirrorOf(serial)])
  }
  return domain
})

const withPorts = <D extends Serial | Parallel | Console>(devices: readonly D[]): readonly D[] => {
  const taken = devices.flatMap(({ target }) => (target.port === undefined ? [] : [target.port]))
  let next = 0
  return devices.map((device) => {
    if (device.target.port !== undefined) return device
    while (taken.includes(next)) next += 1
    taken.push(next)
    return { ...device, target: { ...device.target, port: next } }
  })
}

const modelOfType: { readonly [type: string]: string } = {
  "isa-serial": "isa-serial",
  "usb-serial": "usb-serial",
  "pci-serial": "pci-serial",
  "isa-debug": "isa-debugcon"
}

const typeOf = ({ target, address }: Serial): string => {
  if (target.type !== undefined) return target.type
  if (address?.type === "usb") return "usb-serial"
  return address?.type === "pci" ? "pci-serial" : "isa-serial"
}

export const ports = always((domain) => {
  const serials = withPorts(
    devicesOf(domain, "serial").map((serial): Serial => {
      const type = typeOf(serial)
      const model = serial.target.model ?? modelOfType[type]
      const target = { ...serial.target, type: type as NonNullable<Serial["target"]["type"]> }
      return { ...serial, target: { ...target, ...(model === undefined ? {} : { model }) } }
    })
  )
  const withSerials = replaceDevices(domain, "serial", serials)
  const parallels = withPorts(devicesOf(domain, "parallel"))
  const withParallels = replaceDevices(withSerials, "parallel", parallels)
  return replaceDevices(withParallels, "console", withPorts(devicesOf(domain, "console")))
})

/** An unnamed socket is one of ours to listen on. */
export const sockets = always((domain) =>
  editDevices(domain, "channel", (channel) => {
    const { source } = channel
    if (source.type !== "unix" || source.mode !== undefined) return channel
    return {
      ...channel,
      source: { ...source, mode: source.path === undefined ? "bind" : "connect" }
    }
  })
)

/** QEMU gives a controller 31 ports unless told otherwise. */
const portsOfController = 31

/** The ports of every virtio-serial controller, while they are given out. */
class PortTable {
  readonly #taken = new Map<number, Set<number>>()
  readonly #counts = new Map<number, number>()
  readonly added: number[] = []

  constructor(domain: Domain) {
    for (const { type, index, ports } of devicesOf(domain, "controller")) {
      if (type === "virtio-serial" && index !== undefined) this.#add(index, ports)
    }
  }

  #add(index: number, ports: number | undefined) {
    this.#taken.set(index, new Set())
    this.#counts.set(index, ports ?? portsOfController)
  }

  /** Takes a given port. Returns what is wrong with it, or undefined. */
  take(controller: number, port: number): string | undefined {
    const taken = this.#taken.get(controller)
    if (taken === undefined) return `there is no virtio-serial controller ${controller}`
    const count = this.#counts.get(controller) ?? 0
    if (port >= count) return `controller ${controller} has ports up to ${count - 1}`
    if (taken.has(port)) return `port ${port} of controller ${controller} is used twice`
    taken.add(port)
    return undefined
  }

  /** A free port from `first` on; a controller is added when all are full. */
  takeFree(wished: number | undefined, first: number): VirtioSerialAddress | undefined {
    for (const [controller, taken] of this.#taken) {
      if (wished !== undefined && wished !== controller) continue
      const count = this.#counts.get(controller) ?? 0
      for (let port = first; port < count; port += 1) {
        if (taken.has(port)) continue
        taken.add(port)
        return { type: "virtio-serial", controller, bus: 0, port }
      }
    }
    if (wished !== undefined) return undefined
    const controller = Math.max(-1, ...this.#taken.keys()) + 1
    this.#add(controller, undefined)
    this.added.push(controller)
    return this.takeFree(controller, first)
  }
}

type Port = Console | Channel

const isPort = (device: { readonly target: { readonly type?: string } }): boolean =>
  device.target.type === "virtio"

const placeOfPort = ({ address }: Port): VirtioSerialAddress | undefined =>
  address?.type === "virtio-serial" ? address : undefined

const takeGiven = (domain: Domain, table: PortTable): Conflict | undefined => {
  for (const device of [...devicesOf(domain, "console"), ...devicesOf(domain, "channel")]) {
    const place = isPort(device) ? placeOfPort(device) : undefined
    if (place?.port === undefined) continue
    const reason = table.take(place.controller, place.port)
    if (reason === undefined) continue
    return new Conflict({ domain: domain.name, element: `a virtio ${device.kind}`, reason })
  }
  return undefined
}

/**
 * Channels begin at port 1, which leaves 0 to a console; consoles without a place are QEMU's
 * matter.
 */
export const virtioPorts: Step = (domain) => {
  const table = new PortTable(domain)
  let problem = takeGiven(domain, table)
  const place = (device: Channel, first: number): Channel => {
    const given = placeOfPort(device)
    if (!isPort(device) || given?.port !== undefined) return device
    const address = table.takeFree(given?.controller, first)
    if (address !== undefined) return { ...device, address }
    const element = "a virtio channel"
    problem ??= new Conflict({ domain: domain.name, element, reason: "no port is free for it" })
    return device
  }
  const channels = editDevices(domain, "channel", (channel) => place(channel, 1))
  if (problem !== undefined) return Result.fail(problem)
  return Result.succeed(withControllers(channels, table.added))
}

const withControllers = (domain: Domain, added: readonly number[]): Domain =>
  replaceDevices(domain, "controller", [
    ...devicesOf(domain, "controller"),
    ...added.map((index): Controller => ({ kind: "controller", type: "virtio-serial", index }))
  ])
