/**
 * Hosts with devices as they are found, by name: for tests of whoever binds, chooses or shows
 * devices. Each is the plain data of a fixture; some behave badly. Addresses are in the comments,
 * as tests name them.
 */
import type { Devices, PciDevice, PciQuirks } from "./sysfs.ts"

const network = 0x02_00_00
const display = 0x03_00_00
const audio = 0x04_03_00
const bridge = 0x06_04_00

/** `0000:03:00.0`, alone in group 7, with driver `e1000e`. */
export const card: PciDevice = {
  address: "0000:03:00.0",
  vendor: 0x80_86,
  device: 0x10_d3,
  class: network,
  driver: "e1000e",
  iommuGroup: 7,
  resetMethods: ["flr", "bus"]
}

/** Another of the same make: `0000:04:00.0` in group 8. */
export const twin: PciDevice = { ...card, address: "0000:04:00.0", iommuGroup: 8 }

/** `nodedev` tests need a root port: `0000:00:1c.0` in group 3, with `0000:05:00.0` behind it. */
const rootPort: PciDevice = {
  address: "0000:00:1c.0",
  vendor: 0x80_86,
  device: 0x9d_10,
  class: bridge,
  driver: "pcieport",
  iommuGroup: 3
}

const withQuirks = (quirks: PciQuirks): Devices => ({ pci: [{ ...card, quirks }, twin] })

const { iommuGroup: _, resetMethods: __, ...plain } = card

/** By name. `card` and `twin` are in all of the badly behaved ones. */
export const deviceShapes = {
  /** Two cards, a group each. */
  twoCards: { pci: [card, twin] },

  /** A graphics card of two functions in group 11: `0000:01:00.0` (nouveau), `.1` (sound). */
  twoFunctions: {
    pci: [
      {
        address: "0000:01:00.0",
        vendor: 0x10_de,
        device: 0x1b_80,
        class: display,
        driver: "nouveau",
        iommuGroup: 11,
        resetMethods: ["bus"]
      },
      {
        address: "0000:01:00.1",
        vendor: 0x10_de,
        device: 0x10_f0,
        class: audio,
        driver: "snd_hda_intel",
        iommuGroup: 11
      }
    ]
  },

  /** A root port shares group 3 with the card behind it, `0000:05:00.0`; bridges are harmless. */
  behindBridge: {
    pci: [rootPort, { ...card, address: "0000:05:00.0", behind: "0000:00:1c.0", iommuGroup: 3 }]
  },

  /**
   * A card of many: `0000:03:00.0` (igb), and behind it `0000:03:10.0` and `0000:03:10.1` (igbvf)
   * in groups 20 and 21. Up to seven can be had.
   */
  virtualFunctions: {
    pci: [
      {
        ...card,
        device: 0x10_c9,
        driver: "igb",
        virtualFunctionsMax: 7,
        virtual: { device: 0x10_ca, nativeDriver: "igbvf", iommuGroup: 20, offset: 128 }
      },
      ...[0, 1].map(
        (index): PciDevice => ({
          ...card,
          address: `0000:03:10.${index}`,
          device: 0x10_ca,
          driver: "igbvf",
          physicalFunction: "0000:03:00.0",
          iommuGroup: 20 + index,
          resetMethods: ["flr"]
        })
      )
    ]
  },

  /** A host without an IOMMU: vfio-pci refuses all. */
  noIommu: { pci: [plain] },

  /** No way to reset the card. */
  noReset: { pci: [{ ...plain, iommuGroup: 7 }, twin] },

  /** vfio-pci is not loaded. */
  noVfio: { pci: [card, twin], pciDrivers: [] },

  /** Nobody has the card, and a driver would. */
  unbound: { pci: [{ ...card, driver: undefined, nativeDriver: "e1000e" }, twin] },

  /** No driver of this host knows the card. */
  unknown: { pci: [{ ...plain, driver: undefined, iommuGroup: 7 }, twin] },

  /** Somebody meant the card for another driver. */
  overridden: { pci: [{ ...card, driver: "pci-stub", override: "pci-stub" }, twin] },

  /** vfio-pci does not take the card. */
  vfioRefuses: withQuirks({ refusedBy: { "vfio-pci": "EINVAL" } }),

  /** vfio-pci takes it, and its own driver does not take it back. */
  driverRefuses: withQuirks({ refusedBy: { e1000e: "ENODEV" } }),

  /** The driver says that the card is busy. */
  busy: withQuirks({ refusedBy: { "vfio-pci": "EBUSY" } }),

  /** Its driver lets go of it after 5 s. */
  slowUnbind: withQuirks({ unbindMs: 5_000 }),

  /** Its driver never lets go of it: whoever asks is in uninterruptible sleep. */
  endlessUnbind: withQuirks({ unbindMs: Number.POSITIVE_INFINITY }),

  /** A reset is tried, and fails. */
  resetFails: withQuirks({ resetError: "ENOTTY" }),

  /** A stick of two alike, and a serial adapter: `001:004`, `001:005`, `001:006`. */
  usbSticks: {
    usb: [
      { port: "1-1", bus: 1, number: 4, vendor: 0x07_81, product: 0x55_67, name: "Cruzer" },
      { port: "1-2", bus: 1, number: 5, vendor: 0x07_81, product: 0x55_67, name: "Cruzer" },
      { port: "1-3", bus: 1, number: 6, vendor: 0x04_03, product: 0x60_01, name: "Serial" }
    ]
  }
} as const satisfies { readonly [name: string]: Devices }

export type DeviceShape = keyof typeof deviceShapes

/** So many cards of one function, a group each, `0000:00:00.0` and on: for measures and tables. */
export const manyCards = (count: number): readonly PciDevice[] =>
  Array.from({ length: count }, (_item, index) => {
    const [bus, slot] = [Math.floor(index / 32), index % 32]
    const two = (value: number) => value.toString(16).padStart(2, "0")
    return { ...card, address: `0000:${two(bus)}:${two(slot)}.0`, iommuGroup: index }
  })
