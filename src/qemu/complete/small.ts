/** Balloon, shared folders, inputs, and the mouse and keyboard that every PC has. */
import { devicesOf } from "../../model/device.ts"
import type { Input } from "../../model/device/small.ts"
import { addDevice, always, editDevices } from "./context.ts"

export const memballoon = always((domain) =>
  devicesOf(domain, "memballoon").length > 0
    ? domain
    : addDevice(domain, { kind: "memballoon", model: "virtio" })
)

/** A folder that we serve is served with the owners that it has. */
export const filesystems = always((domain) =>
  editDevices(domain, "filesystem", (filesystem) =>
    filesystem.source.dir === undefined
      ? filesystem
      : { ...filesystem, accessMode: filesystem.accessMode ?? "passthrough" }
  )
)

const usualBus = (input: Input): Input["bus"] => {
  if (input.type === "tablet") return "usb"
  if (input.type === "passthrough" || input.type === "evdev") {
    return input.type === "passthrough" ? "virtio" : "none"
  }
  if (input.address?.type === "usb") return "usb"
  return input.address?.type === "pci" ? "virtio" : "ps2"
}

/** The PS/2 pair comes last and is part of the board: it has an alias and no argument. */
export const inputs = always((domain) => {
  const completed = editDevices(domain, "input", (input) =>
    input.bus === undefined ? { ...input, bus: usualBus(input) ?? "ps2" } : input
  )
  const has = (type: Input["type"]) =>
    devicesOf(completed, "input").some((input) => input.type === type && input.bus === "ps2")
  return (["mouse", "keyboard"] as const)
    .filter((type) => !has(type))
    .reduce((all, type) => addDevice(all, { kind: "input", type, bus: "ps2" }), completed)
})
