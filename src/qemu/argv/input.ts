/** Mice, tablets and keyboards on USB and virtio, and host input devices. PS/2 is the board's. */
import type { Input } from "../../model/device/small.ts"
import { type Arg, device, type JsonObject, object } from "./arg.ts"
import type { ArgvContext, DeviceArgs } from "./context.ts"
import { place } from "./place.ts"
import { virtioDriver, virtioOptions } from "./virtio.ts"

const usbDrivers: { readonly [type: string]: string } = {
  mouse: "usb-mouse",
  tablet: "usb-tablet",
  keyboard: "usb-kbd"
}

const virtioBases: { readonly [type: string]: string } = {
  mouse: "virtio-mouse",
  tablet: "virtio-tablet",
  keyboard: "virtio-keyboard",
  passthrough: "virtio-input-host"
}

const properties = (input: Input, context: ArgvContext): JsonObject | undefined => {
  if (input.bus === "usb") return { driver: usbDrivers[input.type] }
  const base = virtioBases[input.type]
  if (input.bus !== "virtio" || base === undefined) return undefined
  return {
    ...virtioDriver(base, input.model, context),
    ...virtioOptions(input.driver),
    evdev: input.source?.evdev
  }
}

const hostInput = ({ alias, source }: Input): Arg =>
  object({
    "qom-type": "input-linux",
    id: alias,
    evdev: source?.dev ?? source?.evdev,
    repeat: source?.repeat,
    grab_all: source?.grab === "all" ? true : undefined,
    "grab-toggle": source?.grabToggle
  })

export const inputArgs: DeviceArgs<Input> = (input, context): readonly Arg[] => {
  if (input.type === "evdev") return [hostInput(input)]
  const made = properties(input, context)
  return made === undefined
    ? []
    : [device({ ...made, id: input.alias, ...place(input.address, context) })]
}
