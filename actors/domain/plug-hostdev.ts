/** Host devices in a running guest: PCI functions and mediated devices by VFIO, USB devices. */
import * as Effect from "effect/Effect"
import { pciText } from "../../src/model/address.ts"
import type { Hostdev } from "../../src/model/device/hostdev.ts"
import { usbText } from "../../src/model/hostdev-wish.ts"
import { resolveHostdev } from "../../src/node/hostdev.ts"
import { fitHostdev, hostdevProperties } from "../../src/qemu/plug.ts"
import type { Pluggable, Taken } from "./pluggable.ts"

/** In a guest it is known by its place, whatever it had been asked for by. */
const holds = ({ source }: Hostdev): readonly Pick<Taken, "pool" | "device">[] => {
  switch (source.type) {
    case "pci":
      return [{ pool: "pci", device: pciText(source.address) }]
    case "usb": {
      const { bus, device } = source
      if (bus === undefined || device === undefined) return []
      return [{ pool: "usb", device: usbText({ bus, device }) }]
    }
    case "mdev":
      return [{ pool: "mdev", device: source.uuid }]
    // Its QEMU has it open to its end: `stays`.
    case "scsi":
    case "scsi_host":
      return []
  }
}

export const pluggableHostdev: Pluggable<Hostdev> = {
  find: (hostdev, options) =>
    Effect.map(resolveHostdev(hostdev, options), ({ device, kind, wish }) => ({
      device,
      takes: [{ pool: kind, ...wish }]
    })),
  fit: fitHostdev,
  properties: hostdevProperties,
  holds,
  stays: ({ source }) =>
    source.type === "scsi"
      ? "a SCSI device stays in a running guest, whose QEMU keeps it open"
      : undefined,
  pinsMemory: ({ source }) => source.type === "pci" || source.type === "mdev"
}
