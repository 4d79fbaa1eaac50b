/**
 * What domain capabilities offer besides processors and firmware: for every value that libvirt's
 * XML has, the guest that would have it. A table; which values are offered is decided by trial.
 */
import * as Effect from "effect/Effect"
import type { Enums } from "../xml/domain-capabilities.ts"
import { canHave, thoseHad, type TrialGround, type Wish } from "./trial.ts"

const device = (devices: string): Wish => ({ devices })

export interface Offer<A extends string = string> {
  readonly name: string
  readonly values: readonly A[]
  readonly wish: (value: A) => Wish
}

export interface DeviceOffers {
  readonly name: string
  readonly offers: readonly Offer[]
}

/** A name that a disk of the bus may have. */
const diskNames: { readonly [bus: string]: string } = { fdc: "fda", ide: "hda", virtio: "vda" }

interface DiskWish {
  readonly kind?: string
  readonly bus: string
  readonly model?: string
}

const disk = ({ kind = "disk", bus, model }: DiskWish): Wish => {
  const isBlock = kind === "lun"
  const source = isBlock ? "<source dev='/dev/image'/>" : "<source file='/image'/>"
  const what = `type='${isBlock ? "block" : "file"}' device='${kind}'`
  const ofModel = model === undefined ? "" : ` model='${model}'`
  const target = `<target dev='${diskNames[bus] ?? "sda"}' bus='${bus}'/>`
  return device(`<disk ${what}${ofModel}>${source}${target}</disk>`)
}

/** A bus that has such a device where anything has. */
const diskBuses: { readonly [kind: string]: string } = { disk: "virtio", floppy: "fdc" }

const virtioModels = ["virtio", "virtio-transitional", "virtio-non-transitional"] as const

const disks: DeviceOffers = {
  name: "disk",
  offers: [
    {
      name: "diskDevice",
      values: ["disk", "cdrom", "floppy", "lun"],
      wish: (kind) => disk({ kind, bus: diskBuses[kind] ?? "scsi" })
    },
    {
      name: "bus",
      values: ["ide", "fdc", "scsi", "virtio", "xen", "usb", "uml", "sata", "sd"],
      wish: (bus) => disk({ kind: bus === "fdc" ? "floppy" : "disk", bus })
    },
    { name: "model", values: virtioModels, wish: (model) => disk({ bus: "virtio", model }) }
  ]
}

const graphics: DeviceOffers = {
  name: "graphics",
  offers: [
    {
      name: "type",
      values: ["sdl", "vnc", "rdp", "desktop", "spice", "egl-headless", "dbus"],
      wish: (type) => device(`<graphics type='${type}'/>`)
    }
  ]
}

const video: DeviceOffers = {
  name: "video",
  offers: [
    {
      name: "modelType",
      values: ["vga", "cirrus", "vmvga", "qxl", "virtio", "none", "bochs", "ramfb"],
      wish: (type) => device(`<video><model type='${type}'/></video>`)
    }
  ]
}

const hostdevSources: { readonly [type: string]: string } = {
  usb: "<address bus='1' device='2'/>",
  pci: "<address domain='0' bus='3' slot='0' function='0'/>",
  scsi: "<adapter name='scsi_host0'/><address bus='0' target='0' unit='0'/>",
  scsi_host: "",
  mdev: "<address uuid='00000000-0000-4000-8000-000000000001'/>"
}

const hostdev = (type: string, rest = ""): Wish => {
  const model = type === "mdev" ? " model='vfio-pci'" : ""
  const source = hostdevSources[type] ?? ""
  const what = `mode='subsystem' type='${type}'${model}`
  return device(`<hostdev ${what}>${rest}<source>${source}</source></hostdev>`)
}

const policy = (startupPolicy: string): Wish =>
  device(
    `<hostdev mode='subsystem' type='usb'><source startupPolicy='${startupPolicy}'>` +
      `${hostdevSources["usb"]}</source></hostdev>`
  )

const hostdevs = (hasIommu: boolean): DeviceOffers => ({
  name: "hostdev",
  offers: [
    { name: "mode", values: ["subsystem"], wish: () => hostdev("usb") },
    {
      name: "startupPolicy",
      values: ["default", "mandatory", "requisite", "optional"],
      wish: policy
    },
    {
      name: "subsysType",
      values: ["usb", "pci", "scsi", "scsi_host", "mdev"],
      wish: (type) => hostdev(type)
    },
    { name: "capsType", values: [], wish: () => ({}) },
    {
      name: "pciBackend",
      // The kernel hands a device out only where an IOMMU keeps it apart.
      values: hasIommu ? ["vfio"] : [],
      wish: (name) => hostdev("pci", `<driver name='${name}'/>`)
    }
  ]
})

const rngBackends: { readonly [model: string]: string } = {
  random: "<backend model='random'>/dev/urandom</backend>",
  egd: "<backend model='egd' type='tcp'><source mode='connect' host='::1' service='1'/></backend>",
  builtin: "<backend model='builtin'/>"
}

const rng = (model: string, backend: string): Wish =>
  device(`<rng model='${model}'>${rngBackends[backend] ?? ""}</rng>`)

const rngs: DeviceOffers = {
  name: "rng",
  offers: [
    { name: "model", values: virtioModels, wish: (model) => rng(model, "random") },
    {
      name: "backendModel",
      values: ["random", "egd", "builtin"],
      wish: (backend) => rng("virtio", backend)
    }
  ]
}

const filesystems: DeviceOffers = {
  name: "filesystem",
  offers: [
    {
      name: "driverType",
      values: ["path", "handle", "virtiofs"],
      wish: (driver) => ({
        ...device(
          `<filesystem type='mount'><driver type='${driver}'/>` +
            "<source dir='/folder'/><target dir='tag'/></filesystem>"
        ),
        // A daemon beside QEMU needs the guest's memory.
        ...(driver === "virtiofs"
          ? { rest: "<memoryBacking><access mode='shared'/></memoryBacking>" }
          : {})
      })
    }
  ]
}

const tpmBackends: { readonly [type: string]: string } = {
  passthrough: "<backend type='passthrough'><device path='/dev/tpm0'/></backend>",
  emulator: "<backend type='emulator'/>",
  external: "<backend type='external'><source type='unix' mode='connect' path='/s'/></backend>"
}

const tpm = (model: string, backend: string): Wish =>
  device(`<tpm model='${model}'>${backend}</tpm>`)

const tpms: DeviceOffers = {
  name: "tpm",
  offers: [
    {
      name: "model",
      values: ["tpm-tis", "tpm-crb"],
      wish: (model) => tpm(model, tpmBackends["emulator"] ?? "")
    },
    {
      name: "backendModel",
      values: ["passthrough", "emulator", "external"],
      wish: (type) => tpm("tpm-tis", tpmBackends[type] ?? "")
    },
    {
      name: "backendVersion",
      values: ["1.2", "2.0"],
      wish: (version) => tpm("tpm-tis", `<backend type='emulator' version='${version}'/>`)
    }
  ]
}

const redirdevs: DeviceOffers = {
  name: "redirdev",
  offers: [
    {
      name: "bus",
      values: ["usb"],
      wish: (bus) => device(`<redirdev bus='${bus}' type='spicevmc'/>`)
    }
  ]
}

const channelSources: { readonly [type: string]: string } = {
  "qemu-vdagent": "<source><clipboard copypaste='yes'/></source>"
}

const channels: DeviceOffers = {
  name: "channel",
  offers: [
    {
      name: "type",
      // One of D-Bus is nobody's without a display of D-Bus, which is not built.
      values: ["pty", "unix", "spicevmc", "qemu-vdagent"],
      wish: (type) =>
        device(
          `<channel type='${type}'>${channelSources[type] ?? ""}` +
            "<target type='virtio' name='org.channel'/></channel>"
        )
    }
  ]
}

/** In the order of libvirt's schema. */
export const deviceOffers = (hasIommu: boolean): readonly DeviceOffers[] => [
  disks,
  graphics,
  video,
  hostdevs(hasIommu),
  rngs,
  filesystems,
  tpms,
  redirdevs,
  channels
]

/** One device with the values that a guest of this ground may have. */
const offered = (ground: TrialGround, { name, offers }: DeviceOffers): OfferedDevice => ({
  name,
  enums: Object.fromEntries(
    offers.map((offer) => [offer.name, thoseHad(ground, offer.values, offer.wish)])
  )
})

export interface OfferedDevice {
  readonly name: string
  readonly enums: Enums
}

/** All devices; others have their turn between one device and the next. */
export const offeredDevices = Effect.fnUntraced(function* (ground: TrialGround, hasIommu: boolean) {
  const devices: OfferedDevice[] = []
  for (const one of deviceOffers(hasIommu)) {
    devices.push(offered(ground, one))
    yield* Effect.yieldNow
  }
  return devices
})

export const offeredMemorySources = (ground: TrialGround): readonly string[] =>
  thoseHad(ground, ["file", "anonymous", "memfd"], (type) => ({
    rest: `<memoryBacking><source type='${type}'/></memoryBacking>`
  }))

/** Enlightenments are KVM's: TCG takes the words and does nothing. */
export const offeredHyperv = (ground: TrialGround): readonly string[] => {
  if (ground.domain !== "kvm") return []
  const attributes: { readonly [name: string]: string } = {
    spinlocks: " retries='8191'",
    vendor_id: " value='vendor'"
  }
  const values =
    "relaxed vapic spinlocks vpindex runtime synic stimer reset vendor_id frequencies " +
    "reenlightenment tlbflush ipi evmcs avic"
  return thoseHad(ground, values.split(" "), (name) => ({
    features: `<hyperv><${name} state='on'${attributes[name] ?? ""}/></hyperv>`
  }))
}

const backedDisk =
  "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/image'/>" +
  "<backingStore type='file'><format type='raw'/><source file='/base'/><backingStore/>" +
  "</backingStore><target dev='vda' bus='virtio'/></disk>"

/** In the order of libvirt's schema. What nothing here builds is `no`. */
export const offeredFeatures = (
  ground: TrialGround
): readonly { readonly name: string; readonly isSupported: boolean }[] => [
  // An interrupt controller of ARM.
  { name: "gic", isSupported: false },
  { name: "vmcoreinfo", isSupported: canHave(ground, { features: "<vmcoreinfo state='on'/>" }) },
  { name: "genid", isSupported: canHave(ground, { rest: "<genid/>" }) },
  { name: "backingStoreInput", isSupported: canHave(ground, device(backedDisk)) },
  { name: "backup", isSupported: false },
  { name: "sev", isSupported: false },
  { name: "sgx", isSupported: false }
]

export const offersIothreads = (ground: TrialGround): boolean =>
  canHave(ground, { rest: "<iothreads>1</iothreads>" })
