/** The small devices, a handful of attributes each. */
import type {
  Hub,
  Input,
  Iommu,
  Memballoon,
  Panic,
  Redirdev,
  Rng,
  Sound,
  Video,
  VideoModel,
  Watchdog
} from "../../model/device/small.ts"
import { integer, nonEmpty, onOff, oneOf, yesNo } from "../codec.ts"
import {
  attribute,
  changesGuest,
  child,
  choice,
  constant,
  dropped,
  fields,
  inside,
  orElse,
  required,
  text,
  unless,
  values
} from "../describe.ts"
import { chardev } from "./character.ts"
import { boot, deviceInfo, virtioDriver, virtioOptions } from "./info.ts"

const uint32 = integer({ max: 0xffffffff })
const virtioModels = oneOf("virtio", "virtio-transitional", "virtio-non-transitional")

const videoModel = fields<VideoModel>({
  type: attribute("type", nonEmpty),
  ramKiB: attribute("ram", uint32),
  vramKiB: attribute("vram", uint32),
  vram64KiB: attribute("vram64", uint32),
  vgamemKiB: attribute("vgamem", uint32),
  heads: attribute("heads", integer({ max: 255 })),
  primary: unless(attribute("primary", yesNo), false),
  blob: attribute("blob", onOff),
  acceleration: child(
    "acceleration",
    fields<NonNullable<VideoModel["acceleration"]>>({
      accel3d: attribute("accel3d", yesNo),
      accel2d: attribute("accel2d", yesNo),
      rendernode: attribute("rendernode", nonEmpty)
    })
  ),
  resolution: child(
    "resolution",
    fields<NonNullable<VideoModel["resolution"]>>({
      x: required("width", attribute("x", uint32)),
      y: required("height", attribute("y", uint32))
    })
  )
})

export const video = fields<Video>({
  kind: constant("video"),
  driver: child(
    "driver",
    fields<NonNullable<Video["driver"]>>({
      name: attribute("name", oneOf("qemu", "vhostuser")),
      "@vgaconf": changesGuest,
      ...virtioOptions
    })
  ),
  model: orElse(child("model", videoModel), {}),
  ...deviceInfo
})

export const input = fields<Input>({
  kind: constant("input"),
  type: required(
    "type of the input",
    attribute("type", oneOf("mouse", "tablet", "keyboard", "passthrough", "evdev"))
  ),
  bus: attribute("bus", oneOf("ps2", "usb", "virtio", "xen", "parallels", "none")),
  model: attribute("model", virtioModels),
  driver: child("driver", virtioDriver),
  source: child(
    "source",
    fields<NonNullable<Input["source"]>>({
      evdev: attribute("evdev", nonEmpty),
      dev: attribute("dev", nonEmpty),
      grab: attribute("grab", oneOf("all")),
      grabToggle: attribute("grabToggle", nonEmpty),
      repeat: attribute("repeat", onOff)
    })
  ),
  ...deviceInfo
})

type Backend = Rng["backend"]

const rngBackend = choice<Backend>(
  required("model of the back-end", attribute("model", oneOf("random", "egd", "builtin"))),
  {
    random: fields<Extract<Backend, { readonly type: "random" }>>({
      type: constant("random"),
      path: orElse(text(nonEmpty), "/dev/random")
    }),
    egd: fields<Extract<Backend, { readonly type: "egd" }>>({
      type: constant("egd"),
      chardev: chardev(
        attribute("type", oneOf("unix", "tcp", "udp", "pty", "dev", "file", "pipe"))
      ),
      "<protocol>": dropped
    }),
    builtin: fields<Extract<Backend, { readonly type: "builtin" }>>({ type: constant("builtin") })
  }
)

export const rng = fields<Rng>({
  kind: constant("rng"),
  model: required("model of the RNG", attribute("model", virtioModels)),
  rate: child(
    "rate",
    fields<NonNullable<Rng["rate"]>>({
      bytes: required("bytes of the rate", attribute("bytes", uint32)),
      periodMs: attribute("period", uint32)
    })
  ),
  backend: required("back-end of the RNG", child("backend", rngBackend)),
  driver: child("driver", virtioDriver),
  ...deviceInfo
})

export const memballoon = fields<Memballoon>({
  kind: constant("memballoon"),
  model: required(
    "model of the memory balloon",
    attribute(
      "model",
      oneOf("virtio", "virtio-transitional", "virtio-non-transitional", "xen", "none")
    )
  ),
  autodeflate: attribute("autodeflate", onOff),
  freePageReporting: attribute("freePageReporting", onOff),
  statsPeriodSeconds: inside("stats", attribute("period", integer({ max: 0x7fffffff }))),
  ...deviceInfo,
  driver: child("driver", virtioDriver)
})

const actions = oneOf("reset", "shutdown", "poweroff", "pause", "dump", "none", "inject-nmi")

export const watchdog = fields<Watchdog>({
  kind: constant("watchdog"),
  model: required(
    "model of the watchdog",
    attribute("model", oneOf("i6300esb", "ib700", "diag288", "itco"))
  ),
  action: orElse(attribute("action", actions), "reset"),
  ...deviceInfo
})

const codec = required("type of the codec", attribute("type", oneOf("duplex", "micro", "output")))

export const sound = fields<Sound>({
  kind: constant("sound"),
  model: required("model of the sound card", attribute("model", nonEmpty)),
  codecs: values("codec", codec),
  audioId: inside("audio", attribute("id", integer({ min: 1, max: 0x7fffffff }))),
  ...deviceInfo
})

export const redirdev = fields<Redirdev>({
  kind: constant("redirdev"),
  bus: orElse(attribute("bus", oneOf("usb")), "usb"),
  source: chardev(
    required(
      "type of the redirected device",
      attribute("type", oneOf("spicevmc", "tcp", "unix", "pty", "dev", "file", "pipe", "null"))
    )
  ),
  "<protocol>": dropped,
  boot,
  ...deviceInfo
})

export const iommu = fields<Iommu>({
  kind: constant("iommu"),
  model: required("model of the IOMMU", attribute("model", oneOf("intel", "smmuv3", "virtio"))),
  driver: child(
    "driver",
    fields<NonNullable<Iommu["driver"]>>({
      intremap: attribute("intremap", onOff),
      cachingMode: attribute("caching_mode", onOff),
      eim: attribute("eim", onOff),
      iotlb: attribute("iotlb", onOff),
      addressWidthBits: attribute("aw_bits", integer({ max: 64 }))
    })
  ),
  ...deviceInfo
})

export const panic = fields<Panic>({
  kind: constant("panic"),
  model: attribute("model", oneOf("isa", "pseries", "hyperv", "s390", "pvpanic")),
  ...deviceInfo
})

export const hub = fields<Hub>({
  kind: constant("hub"),
  type: required("type of the hub", attribute("type", oneOf("usb"))),
  ...deviceInfo
})
