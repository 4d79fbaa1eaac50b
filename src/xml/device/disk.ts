/** `<disk>`: what the guest sees, the image, and its backing chain. */
import * as Result from "effect/Result"
import type {
  BackingStore,
  Disk,
  DiskBus,
  DiskDriver,
  DiskSource,
  DiskTarget,
  NetworkHost
} from "../../model/device/disk.ts"
import { integer, nonEmpty, onOff, oneOf, string, yesNo } from "../codec.ts"
import {
  attribute,
  changesGuest,
  changesNothing,
  changesSecurity,
  child,
  children,
  choice,
  constant,
  dropped,
  fields,
  flag,
  inside,
  live,
  ofRunning,
  orElse,
  type Part,
  type Read,
  readWhole,
  required,
  type Sure,
  text,
  unless,
  writeWhole
} from "../describe.ts"
import type { Reading } from "../reading.ts"
import { boot, deviceInfo, virtioOptions } from "./info.ts"

const driver = fields<DiskDriver>({
  name: attribute("name", nonEmpty),
  type: attribute("type", nonEmpty),
  cache: attribute(
    "cache",
    oneOf("default", "none", "writethrough", "writeback", "directsync", "unsafe")
  ),
  errorPolicy: attribute("error_policy", oneOf("default", "stop", "report", "ignore", "enospace")),
  rerrorPolicy: attribute("rerror_policy", oneOf("default", "stop", "report", "ignore")),
  io: attribute("io", oneOf("default", "native", "threads", "io_uring")),
  ioeventfd: attribute("ioeventfd", onOff),
  eventIdx: attribute("event_idx", onOff),
  copyOnRead: attribute("copy_on_read", onOff),
  discard: attribute("discard", oneOf("default", "unmap", "ignore")),
  iothread: attribute("iothread", integer({ min: 1, max: 0x7fffffff })),
  detectZeroes: attribute("detect_zeroes", oneOf("default", "off", "on", "unmap")),
  queues: attribute("queues", integer({ max: 0xffff })),
  queueSize: attribute("queue_size", integer({ max: 0xffff })),
  "@discard_no_unref": changesNothing,
  "<metadata_cache>": changesNothing,
  ...virtioOptions
})

const host = fields<NetworkHost>({
  name: attribute("name", string),
  port: attribute("port", integer({ max: 0xffff })),
  transport: attribute("transport", oneOf("tcp", "unix", "rdma")),
  socket: attribute("socket", nonEmpty)
})

const common = {
  "<address>": changesGuest,
  startupPolicy: attribute("startupPolicy", oneOf("default", "mandatory", "requisite", "optional")),
  index: live(attribute("index", integer({ min: 1, max: 0xffffffff }))),
  "<reservations>": changesGuest,
  "<auth>": changesGuest,
  "<cookies>": changesGuest,
  "<snapshot>": changesGuest,
  "<config>": changesGuest,
  "<slices>": changesGuest,
  "<initiator>": changesGuest,
  "<reconnect>": changesNothing,
  "<identity>": changesSecurity,
  "<ssl>": changesSecurity,
  "<seclabel>": changesSecurity,
  "<encryption>": changesSecurity,
  "<privateData>": dropped
} as const

const types = [
  "file",
  "block",
  "dir",
  "network",
  "volume",
  "nvme",
  "vhostuser",
  "vhostvdpa"
] as const

/** The content of `<source>`; its type stands on the element around it. */
function sourceOf(type: DiskSource["type"]): Sure<DiskSource> {
  return choice<DiskSource>(constant(type), {
    file: fields({ type: constant("file"), file: attribute("file", nonEmpty), ...common }),
    block: fields({ type: constant("block"), dev: attribute("dev", nonEmpty), ...common }),
    dir: fields({ type: constant("dir"), dir: attribute("dir", nonEmpty), ...common }),
    network: fields({
      type: constant("network"),
      protocol: attribute("protocol", nonEmpty),
      name: attribute("name", string),
      query: attribute("query", string),
      tls: attribute("tls", yesNo),
      tlsHostname: attribute("tlsHostname", nonEmpty),
      hosts: children("host", host),
      ...common
    }),
    volume: fields({
      type: constant("volume"),
      pool: attribute("pool", nonEmpty),
      volume: attribute("volume", nonEmpty),
      mode: attribute("mode", oneOf("default", "host", "direct")),
      ...common
    }),
    nvme: fields({
      type: constant("nvme"),
      "@type": changesGuest,
      "@managed": changesGuest,
      "@namespace": changesGuest,
      ...common
    }),
    vhostuser: fields({
      type: constant("vhostuser"),
      "@type": changesGuest,
      "@path": changesGuest,
      "@mode": changesGuest,
      ...common
    }),
    vhostvdpa: fields({ type: constant("vhostvdpa"), dev: attribute("dev", nonEmpty), ...common })
  })
}

/** `type` of the element around, then `<source>`; without one the drive is empty. */
const source: Sure<DiskSource> = {
  read: (from) => {
    const type = orElse(attribute("type", oneOf(...types)), "file").read(from)
    return Result.flatMap(type, (known) =>
      orElse(child("source", sourceOf(known)), emptySource(known)).read(from)
    )
  },
  write: (value, to) => {
    to.attribute("type", value.type)
    const element = writeWhole(sourceOf(value.type), value, {
      name: "source",
      context: to.context
    })
    if (element.attributes.length + element.children.length > 0) to.child(element)
  }
}

function emptySource(type: DiskSource["type"]): DiskSource {
  return type === "network" ? { type, hosts: [] } : { type }
}

type Image = Extract<BackingStore, { readonly type: "image" }>

const image: Sure<Image> = fields<Image>({
  type: constant("image"),
  index: live(attribute("index", integer({ min: 1, max: 0xffffffff }))),
  format: inside("format", attribute("type", nonEmpty)),
  source,
  // Read through a function, as the chain describes itself.
  backingStore: {
    read: (from) => backingStore.read(from),
    write: (v, to) => backingStore.write(v, to)
  }
})

const endOfChain = fields<Extract<BackingStore, { readonly type: "none" }>>({
  type: constant("none")
})

/** `<backingStore/>` without a type says that the chain ends here. */
const backingStore: Part<BackingStore> = {
  read: (from) => {
    const element = from.takeOne("backingStore")
    if (element === undefined) return Result.succeed(undefined)
    const reading = from.below(element)
    const isEnd = reading.attribute("type") === undefined
    return isEnd ? readWhole(endOfChain, reading) : readWhole(image, reading)
  },
  write: (value, to) => {
    const part: Part<BackingStore> = value.type === "image" ? image : endOfChain
    to.child(writeWhole(part, value, { name: "backingStore", context: to.context }))
  }
}

const buses = oneOf("ide", "fdc", "scsi", "virtio", "xen", "usb", "uml", "sata", "sd")

const target = fields<DiskTarget>({
  dev: required("device of the target", attribute("dev", nonEmpty)),
  bus: attribute("bus", buses),
  tray: unless(attribute("tray", oneOf("closed", "open")), "closed"),
  removable: attribute("removable", onOff),
  rotationRate: attribute("rotation_rate", integer({ min: 1, max: 65534 }))
})

const described = fields<Disk>({
  kind: constant("disk"),
  device: orElse(attribute("device", oneOf("disk", "cdrom", "floppy", "lun")), "disk"),
  model: attribute("model", oneOf("virtio", "virtio-transitional", "virtio-non-transitional")),
  rawio: attribute("rawio", yesNo),
  sgio: attribute("sgio", oneOf("filtered", "unfiltered")),
  snapshot: attribute("snapshot", oneOf("no", "internal", "external", "manual")),
  driver: child("driver", driver),
  "<auth>": changesGuest,
  source,
  backingStore,
  "<geometry>": changesGuest,
  "<blockio>": changesGuest,
  "<mirror>": ofRunning,
  target: required("target", child("target", target)),
  "<iotune>": changesNothing,
  "<throttlefilters>": changesNothing,
  isReadonly: flag("readonly"),
  isShareable: flag("shareable"),
  isTransient: flag("transient"),
  serial: inside("serial", text(string)),
  wwn: inside("wwn", text(nonEmpty)),
  vendor: inside("vendor", text(string)),
  product: inside("product", text(string)),
  "<encryption>": changesSecurity,
  boot,
  ...deviceInfo
})

/** What the target's name says of the bus, where none is written. SATA is never guessed. */
const busByPrefix: readonly (readonly [string, DiskBus])[] = [
  ["fd", "fdc"],
  ["hd", "ide"],
  ["sd", "scsi"],
  ["vd", "virtio"],
  ["xvd", "xen"],
  ["ubd", "uml"]
]

const targetName = /^(fd|hd|sd|vd|xvd|ubd)[a-z]{1,4}\d{0,3}$/

export const disk: Sure<Disk> = {
  read: (from) => Result.flatMap(described.read(from), (value) => completed(value, from)),
  write: (value, to) => {
    to.attribute("type", value.source.type)
    described.write(value, to)
  }
}

function completed(value: Disk, from: Reading): Read<Disk> {
  const { target, device, source } = value
  const guessed =
    device === "floppy" ? "fdc" : busByPrefix.find(([prefix]) => target.dev.startsWith(prefix))?.[1]
  const bus = target.bus ?? guessed
  if (!targetName.test(target.dev) || bus === undefined) {
    return Result.fail(from.refuse("invalid", `'${target.dev}' is not the name of a disk target`))
  }
  if ((device === "floppy") !== (bus === "fdc")) {
    return Result.fail(from.refuse("invalid", `a ${device} cannot be on bus '${bus}'`))
  }
  const isNowhere = source.type === "network" && source.protocol === undefined
  return Result.succeed({
    ...value,
    // The content of a vhost-user disk is another process's: no snapshot of ours can hold it.
    ...(source.type === "vhostuser" && value.snapshot === undefined ? { snapshot: "no" } : {}),
    isReadonly: value.isReadonly || device === "cdrom",
    driver: { ...defaultDriver(source.type), ...value.driver },
    source: isNowhere ? { type: "file" } : source,
    target: { ...target, bus }
  })
}

/** A volume's format is its pool's to say, and a vhost-user disk has none. */
function defaultDriver(type: DiskSource["type"]): DiskDriver {
  if (type === "vhostuser") return {}
  return type === "volume" ? { name: "qemu" } : { name: "qemu", type: "raw" }
}
