/** Serial and parallel ports, consoles and channels: the guest's end of character devices. */
import type { Channel, Console, Parallel, Serial } from "../../model/device/character.ts"
import { type Arg, device, jsonArg, type JsonObject } from "./arg.ts"
import { chardevArgs, chardevId } from "./chardev.ts"
import type { ArgvContext, DeviceArgs, Resources } from "./context.ts"
import { controllerAlias, place } from "./place.ts"

const serialDrivers: { readonly [model: string]: string } = {
  "isa-serial": "isa-serial",
  "usb-serial": "usb-serial",
  "pci-serial": "pci-serial",
  "isa-debug": "isa-debugcon"
}

export const serialArgs: DeviceArgs<Serial> = (serial, context) => {
  const { alias = "", target, address } = serial
  const type = target.type ?? "isa-serial"
  const index = type === "isa-serial" ? target.port : undefined
  return [
    ...chardevArgs(serial.source, { alias }, context),
    device({
      driver: serialDrivers[type],
      chardev: chardevId({ alias }),
      id: alias,
      index,
      ...place(address, context)
    })
  ]
}

export const parallelArgs: DeviceArgs<Parallel> = (parallel, context) => {
  const { alias = "", address } = parallel
  return [
    ...chardevArgs(parallel.source, { alias }, context),
    device({
      driver: "isa-parallel",
      chardev: chardevId({ alias }),
      id: alias,
      ...place(address, context)
    })
  ]
}

const portPlace = (port: Console | Channel, context: ArgvContext): JsonObject => {
  const { address } = port
  if (address?.type !== "virtio-serial") return {}
  const bus = controllerAlias(context, "virtio-serial", address.controller)
  return { bus: `${bus}.${address.bus}`, nr: address.port }
}

/** A console that mirrors the first serial port is that port. */
export const consoleArgs: DeviceArgs<Console> = (console, context) => {
  const { alias = "" } = console
  if (console.target.type !== "virtio") return []
  return [
    ...chardevArgs(console.source, { alias }, context),
    device({
      driver: "virtconsole",
      ...portPlace(console, context),
      chardev: chardevId({ alias }),
      id: alias
    })
  ]
}

/** What libvirt calls the port of SPICE's own agent. */
const agentPort = "com.redhat.spice.0"

const virtioChannel = (channel: Channel, context: ArgvContext): readonly Arg[] => {
  const { alias = "", target, source } = channel
  const name = target.type === "virtio" ? target.name : undefined
  const isAgent = source.type === "spicevmc" || source.type === "qemu-vdagent"
  return [
    ...chardevArgs(source, { alias, defaultPath: channelPath(channel, context) }, context),
    device({
      driver: "virtserialport",
      ...portPlace(channel, context),
      chardev: chardevId({ alias }),
      id: alias,
      name: name ?? (isAgent ? agentPort : undefined)
    })
  ]
}

/**
 * Where a channel without a path has its socket: its port's name, or its place, made a file name.
 */
export const channelPath = (
  { target, address }: Channel,
  { resources }: { readonly resources: Pick<Resources, "channelDirectory"> }
): string => {
  const place = address?.type === "virtio-serial" ? address : undefined
  const pad = (value: number | undefined) => String(value ?? 0).padStart(2, "0")
  const numbers = [place?.controller, place?.bus, place?.port].map(pad).join("-")
  const name = target.type === "virtio" ? target.name : undefined
  const file = name === undefined ? `vioser-${numbers}.sock` : name.replaceAll("/", "_")
  return `${resources.channelDirectory}/${file}`
}

const forwarded = (channel: Channel, context: ArgvContext): readonly Arg[] => {
  const { alias = "", target } = channel
  if (target.type !== "guestfwd") return []
  const rule = `tcp:${target.address}:${target.port}-chardev:${chardevId({ alias })}`
  return [
    ...chardevArgs(channel.source, { alias }, context),
    jsonArg("-netdev", { type: "user", guestfwd: [{ str: rule }], id: alias })
  ]
}

export const channelArgs: DeviceArgs<Channel> = (channel, context) =>
  channel.target.type === "virtio" ? virtioChannel(channel, context) : forwarded(channel, context)
