/** Video cards: the primary one, which the firmware uses, and further ones. */
import { devicesOf } from "../../model/device.ts"
import type { Video, VideoModel } from "../../model/device/small.ts"
import { type Arg, device, type JsonObject } from "./arg.ts"
import type { ArgvContext, DeviceArgs } from "./context.ts"
import { place } from "./place.ts"
import { virtioOptions } from "./virtio.ts"

const kib = 1024

const primaryDrivers: { readonly [type: string]: string } = {
  vga: "VGA",
  cirrus: "cirrus-vga",
  vmvga: "vmware-svga",
  qxl: "qxl-vga",
  virtio: "virtio-vga",
  bochs: "bochs-display",
  ramfb: "ramfb"
}

const furtherDrivers: { readonly [type: string]: string } = {
  qxl: "qxl",
  virtio: "virtio-gpu-pci",
  bochs: "bochs-display",
  vga: "secondary-vga",
  ramfb: "ramfb"
}

const is3d = ({ acceleration }: VideoModel): boolean => acceleration?.accel3d === true

/** The QEMU device of a video card; undefined for a type that QEMU has no such device for. */
export const videoDriver = (video: Video, isPrimary: boolean): string | undefined => {
  const { type = "" } = video.model
  const name = (isPrimary ? primaryDrivers : furtherDrivers)[type]
  if (type !== "virtio" || name === undefined || !is3d(video.model)) return name
  return name === "virtio-vga" ? "virtio-vga-gl" : "virtio-gpu-gl-pci"
}

const bytes = (kibs: number | undefined): number | undefined =>
  kibs === undefined ? undefined : kibs * kib

const megabytes = (kibs: number | undefined): number | undefined =>
  kibs === undefined ? undefined : Math.ceil(kibs / kib)

const memory = ({ type, heads, ...model }: VideoModel): JsonObject => {
  switch (type) {
    case "qxl":
      return {
        max_outputs: heads,
        ram_size: bytes(model.ramKiB),
        vram_size: bytes(model.vramKiB),
        vram64_size_mb: megabytes(model.vram64KiB ?? 0),
        vgamem_mb: megabytes(model.vgamemKiB)
      }
    case "virtio":
      return { max_outputs: heads, blob: model.blob }
    case "vga":
    case "vmvga":
      return { vgamem_mb: megabytes(model.vramKiB) }
    case "bochs":
      return { vgamem: bytes(model.vramKiB) }
    default:
      return {}
  }
}

const primaryOf = ({ domain }: ArgvContext): Video | undefined => devicesOf(domain, "video")[0]

export const videoArgs: DeviceArgs<Video> = (video, context): readonly Arg[] => {
  const { model, alias } = video
  const driver = videoDriver(video, video === primaryOf(context))
  if (model.type === "none" || driver === undefined) return []
  return [
    device({
      driver,
      ...(model.type === "virtio" ? virtioOptions(video.driver) : {}),
      id: alias,
      ...memory(model),
      xres: model.resolution?.x,
      yres: model.resolution?.y,
      ...place(video.address, context)
    })
  ]
}
