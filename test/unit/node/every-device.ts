/** A host with a device of every kind, in the places that they have on real ones. */
import type { Devices } from "../../../src/testing/host/sysfs.ts"

/** A PCI Express capability at 0x40: port 3, capable of 8 GT/s x16, running at 2.5 GT/s x4. */
export const expressConfig = (type: number): Uint8Array => {
  const bytes = new Uint8Array(4096)
  const view = new DataView(bytes.buffer)
  view.setUint16(0x06, 0x10, true)
  view.setUint8(0x34, 0x40)
  view.setUint8(0x40, 0x10)
  view.setUint16(0x42, type << 4, true)
  view.setUint32(0x4c, (3 << 24) | (16 << 4) | 3, true)
  view.setUint16(0x52, (4 << 4) | 1, true)
  return bytes
}

export const bridgeConfig = (headerType: number): Uint8Array => {
  const bytes = new Uint8Array(256)
  bytes[0x0e] = headerType
  return bytes
}

const textBytes = (text: string): readonly number[] => [...text].map((one) => one.charCodeAt(0))

const vpdField = (keyword: string, value: string): readonly number[] => [
  ...textBytes(keyword),
  value.length,
  ...textBytes(value)
]

const vpdPart = (tag: number, bytes: readonly number[]): readonly number[] => [
  tag,
  bytes.length % 256,
  Math.floor(bytes.length / 256),
  ...bytes
]

/** Vital product data whose checksum is right. */
export const vpdBytes = (
  name: string,
  readOnly: { readonly [keyword: string]: string },
  readWrite: { readonly [keyword: string]: string } = {}
): Uint8Array => {
  const fields = (values: { readonly [keyword: string]: string }) =>
    Object.entries(values).flatMap(([keyword, value]) => vpdField(keyword, value))
  const before = [
    ...vpdPart(0x82, textBytes(name)),
    ...vpdPart(0x90, [...fields(readOnly), ...textBytes("RV"), 1, 0])
  ]
  const sum = before.reduce((total, byte) => (total + byte) % 256, 0)
  before[before.length - 1] = (256 - sum) % 256
  return Uint8Array.from([...before, ...vpdPart(0x91, fields(readWrite)), 0x78])
}

const nic = { vendor: 0x8086, device: 0x10c9, class: 0x02_00_00, driver: "igb" } as const
const nicFunction = { vendor: 0x8086, device: 0x10ca, class: 0x02_00_00, driver: "igbvf" } as const

export const everyDevice: Devices = {
  pci: [
    { address: "0000:00:00.0", vendor: 0x8086, device: 0x29c0, class: 0x06_00_00 },
    {
      address: "0000:00:02.0",
      vendor: 0x8086,
      device: 0x3e92,
      class: 0x03_00_00,
      driver: "i915",
      iommuGroup: 1,
      mdevTypes: { "i915-GVTg_V5_4": { name: "GVTg <4>", available: 1 } }
    },
    {
      address: "0000:00:1c.0",
      vendor: 0x8086,
      device: 0x2940,
      class: 0x06_04_00,
      driver: "pcieport",
      config: bridgeConfig(0x81)
    },
    { address: "0000:00:1f.2", vendor: 0x8086, device: 0x2922, class: 0x01_06_01, driver: "ahci" },
    {
      ...nic,
      address: "0000:03:00.0",
      behind: "0000:00:1c.0",
      subsystem: { vendor: 0x8086, device: 0xa03c },
      iommuGroup: 7,
      numaNode: 1,
      config: expressConfig(0),
      resetMethods: ["flr", "bus"],
      virtualFunctionsMax: 7,
      vpd: vpdBytes("A good card", { PN: "E12345", SN: "0099", V0: "first" }, { YA: "tag 5" })
    },
    { ...nic, address: "0000:03:00.1", behind: "0000:00:1c.0", iommuGroup: 7 },
    {
      ...nicFunction,
      address: "0000:03:10.0",
      behind: "0000:00:1c.0",
      iommuGroup: 8,
      physicalFunction: "0000:03:00.0"
    },
    {
      ...nicFunction,
      address: "0000:03:10.2",
      behind: "0000:00:1c.0",
      iommuGroup: 9,
      physicalFunction: "0000:03:00.0"
    },
    {
      address: "0000:00:1d.0",
      vendor: 0x8086,
      device: 0x2934,
      class: 0x0c_03_00,
      driver: "xhci_hcd"
    },
    {
      address: "0001:00:01.0",
      vendor: 0x1077,
      device: 0x2532,
      class: 0x0c_04_00,
      driver: "qla2xxx"
    }
  ],
  usb: [
    {
      port: "usb1",
      bus: 1,
      number: 1,
      vendor: 0x1d6b,
      product: 0x0002,
      name: "xHCI Host Controller",
      maker: "Linux 6.1 xhci-hcd",
      on: "0000:00:1d.0",
      interfaces: [{ class: 9, subclass: 0, protocol: 0, driver: "hub" }]
    },
    { port: "1-2", bus: 1, number: 2, vendor: 0x05e3, product: 0x0608 },
    {
      port: "1-2.3",
      bus: 1,
      number: 5,
      vendor: 0x0781,
      product: 0x5567,
      name: "Cruzer",
      serial: "4C53",
      interfaces: [{ class: 8, subclass: 6, protocol: 0x50, driver: "usb-storage" }],
      udev: {
        properties: { ID_VENDOR_FROM_DATABASE: "SanDisk Corp.", ID_MODEL_FROM_DATABASE: "Blade" }
      }
    }
  ],
  scsi: [
    {
      number: 0,
      on: "0000:00:1f.2",
      units: [
        {
          bus: 0,
          target: 0,
          lun: 0,
          type: 0,
          generic: 0,
          drive: {
            node: "sda",
            number: { major: 8, minor: 0 },
            sectors: 2000,
            vendor: "ATA     ",
            model: "DISK <1>        ",
            udev: {
              properties: { ID_TYPE: "disk", ID_BUS: "ata", ID_SERIAL: "Disk_1-S2" },
              links: ["disk/by-path/x", "disk/by-id/ata-Disk_1-S2"]
            }
          }
        },
        {
          bus: 0,
          target: 1,
          lun: 0,
          type: 5,
          generic: 1,
          drive: {
            node: "sr0",
            number: { major: 11, minor: 0 },
            sectors: 8,
            logicalBlockSize: 2048,
            isRemovable: true,
            udev: {
              properties: { ID_TYPE: "cd", ID_CDROM_MEDIA: "1", ID_FS_LABEL: "Debian 12" }
            }
          }
        }
      ]
    },
    {
      number: 5,
      uniqueId: 9,
      on: "0001:00:01.0",
      fibreChannel: {
        wwnn: "2001001b32a9da4e",
        wwpn: "2101001b32a9da4e",
        fabric: "2001000dec9877c1",
        vports: { max: 127, inUse: 2 },
        remotePort: { name: "rport-5:0-0", wwpn: "9d73bc45f0e21a86" }
      },
      units: [{ bus: 0, target: 0, lun: 1, type: 1, generic: 2 }]
    }
  ],
  drives: [
    { node: "vda", number: { major: 254, minor: 0 }, sectors: 4096, on: "0000:00:00.0" },
    { node: "loop0", number: { major: 7, minor: 0 }, sectors: 0 }
  ],
  cards: [
    { name: "lo", index: 1, address: "00:00:00:00:00:00" },
    {
      name: "eth0",
      index: 2,
      address: "52:54:00:aa:bb:01",
      on: "0000:03:00.0",
      state: "up",
      speed: 1000
    },
    { name: "wl0", index: 3, address: "52:54:00:aa:bb:02", state: "down", speed: -1, type: "wlan" },
    { name: "virbr0", index: 4, address: "52:54:00:aa:bb:03", state: "up", type: "bridge" }
  ],
  graphics: [
    { name: "card0", minor: 0, on: "0000:00:02.0" },
    { name: "renderD128", minor: 128, on: "0000:00:02.0" },
    { name: "card0-HDMI-A-1", minor: 0, on: "0000:00:02.0" }
  ],
  mediated: [
    {
      uuid: "4b20d080-1b54-4048-85b3-a6a62d165c01",
      on: "0000:00:02.0",
      type: "i915-GVTg_V5_4",
      iommuGroup: 20
    }
  ],
  firmware: { sys_vendor: "Maker & Sons", product_name: "Box", bios_date: "04/01/2014" }
}

/** Parents by name, as libvirt 9.0 makes both. */
export const everyParent: { readonly [name: string]: string | undefined } = {
  computer: undefined,
  pci_0000_00_00_0: "computer",
  pci_0000_00_02_0: "computer",
  pci_0000_00_1c_0: "computer",
  pci_0000_00_1d_0: "computer",
  pci_0000_00_1f_2: "computer",
  pci_0000_03_00_0: "pci_0000_00_1c_0",
  pci_0000_03_00_1: "pci_0000_00_1c_0",
  pci_0000_03_10_0: "pci_0000_00_1c_0",
  pci_0000_03_10_2: "pci_0000_00_1c_0",
  pci_0001_00_01_0: "computer",
  usb_usb1: "pci_0000_00_1d_0",
  usb_1_0_1_0: "usb_usb1",
  usb_1_2: "usb_usb1",
  usb_1_2_3: "usb_1_2",
  usb_1_2_3_1_0: "usb_1_2_3",
  scsi_host0: "pci_0000_00_1f_2",
  scsi_target0_0_0: "scsi_host0",
  scsi_0_0_0_0: "scsi_target0_0_0",
  scsi_generic_sg0: "scsi_0_0_0_0",
  block_sda_Disk_1_S2: "scsi_0_0_0_0",
  scsi_target0_0_1: "scsi_host0",
  scsi_0_0_1_0: "scsi_target0_0_1",
  scsi_generic_sg1: "scsi_0_0_1_0",
  block_sr0: "scsi_0_0_1_0",
  scsi_host5: "pci_0001_00_01_0",
  scsi_target5_0_0: "scsi_host5",
  scsi_5_0_0_1: "scsi_target5_0_0",
  scsi_generic_sg2: "scsi_5_0_0_1",
  block_vda: "pci_0000_00_00_0",
  net_lo_00_00_00_00_00_00: "computer",
  net_eth0_52_54_00_aa_bb_01: "pci_0000_03_00_0",
  net_wl0_52_54_00_aa_bb_02: "computer",
  drm_card0: "pci_0000_00_02_0",
  drm_renderD128: "pci_0000_00_02_0",
  mdev_4b20d080_1b54_4048_85b3_a6a62d165c01_0000_00_02_0: "pci_0000_00_02_0"
}
