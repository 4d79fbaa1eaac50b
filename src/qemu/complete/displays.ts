/**
 * What the guest shows and sounds: video when there are graphics, its memory, and the sound back-
 * end.
 */
import { devicesOf } from "../../model/device.ts"
import type { Audio } from "../../model/device/audio.ts"
import type { Graphics } from "../../model/device/graphics.ts"
import type { Video, VideoModel } from "../../model/device/small.ts"
import type { Domain } from "../../model/domain.ts"
import { hasType } from "../capabilities.ts"
import { addDevice, always, type CompleteContext, editDevices, replaceDevices } from "./context.ts"

const videoMemoryKiB = 16 * 1024
const qxlMemoryKiB = 64 * 1024

/** Memory that libvirt gives a model that says nothing of it. */
const memoryOf = (type: string): Partial<VideoModel> => {
  if (type === "qxl") {
    return { ramKiB: qxlMemoryKiB, vramKiB: qxlMemoryKiB, vgamemKiB: videoMemoryKiB }
  }
  return ["vga", "cirrus", "vmvga", "bochs"].includes(type) ? { vramKiB: videoMemoryKiB } : {}
}

const usualType = ({ capabilities }: CompleteContext): string =>
  hasType(capabilities, "cirrus-vga") ? "cirrus" : "vga"

/** Only graphics make a video device of themselves; the first one is the primary. */
export const video = always((domain, context) => {
  const given = devicesOf(domain, "video")
  const needsOne = given.length === 0 && devicesOf(domain, "graphics").length > 0
  const made: readonly Video[] = needsOne ? [{ kind: "video", model: {} }] : given
  if (made.length === 0) return domain
  const primary = made.findIndex((device) => device.model.primary === true)
  const ordered =
    primary > 0 ? made.slice(primary, primary + 1).concat(made.toSpliced(primary, 1)) : made
  const completed = ordered.map((device, index): Video => {
    const type = device.model.type ?? usualType(context)
    const heads = type === "none" || type === "ramfb" ? {} : { heads: 1 }
    return {
      ...device,
      model: {
        ...heads,
        ...memoryOf(type),
        ...device.model,
        type,
        ...(index === 0 && type !== "none" ? { primary: true } : {})
      }
    }
  })
  return replaceDevices(domain, "video", completed)
})

/** Every remote display listens somewhere, if only at the configured default. */
export const listens = always((domain) =>
  editDevices(domain, "graphics", (device): Graphics => {
    if (!("listens" in device) || device.listens.length > 0) return device
    return { ...device, listens: [{ type: "address" }] }
  })
)

const audioType = (domain: Domain, { hostAudio }: CompleteContext): string | undefined => {
  const host = hostAudio ?? { vnc: false, none: false, driver: undefined }
  const graphics = devicesOf(domain, "graphics")
  for (const { type } of graphics) {
    if (type === "spice") return "spice"
    if (type === "sdl") return host.driver
    // D-Bus clients bring a back-end of their own.
    if (type === "dbus") return undefined
    if (type === "vnc") return host.vnc ? host.driver : "none"
  }
  if (graphics.length > 0) return "none"
  return host.none ? host.driver : "none"
}

/** A back-end for sound even without a sound card: libvirt's guests have one. */
export const audio = always((domain, context) => {
  if (devicesOf(domain, "audio").length > 0) return domain
  const type = audioType(domain, context)
  const device: Audio | undefined = type === undefined ? undefined : { kind: "audio", id: 1, type }
  return device === undefined ? domain : addDevice(domain, device)
})
