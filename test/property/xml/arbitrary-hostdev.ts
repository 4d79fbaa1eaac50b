/** Arbitrary devices of the host, of every kind that a definition can ask for. */
import * as fc from "fast-check"
import type { Hostdev } from "../../../src/model/device/hostdev.ts"
import { boot, info, int, partial, plain } from "./arbitrary-part.ts"

export const hostdev = partial<Hostdev>(
  {
    kind: fc.constant("hostdev"),
    managed: fc.boolean(),
    source: fc.oneof(
      plain({
        type: fc.constant("pci" as const),
        driver: fc.constant("vfio" as const),
        address: fc.constant({
          type: "pci" as const,
          domain: 0,
          bus: 3,
          slot: 0,
          function: 1
        })
      }),
      partial<Extract<Hostdev["source"], { type: "usb" }>>(
        { type: fc.constant("usb") },
        { vendor: int(0xffff), product: int(0xffff), bus: int(9), device: int(99) }
      ),
      partial<Extract<Hostdev["source"], { type: "scsi" }>>(
        {
          type: fc.constant("scsi"),
          adapter: fc.constantFrom("scsi_host0", "scsi_host12"),
          unit: plain({ bus: int(3), target: int(15), unit: int(255) }),
          isReadonly: fc.boolean(),
          isShareable: fc.boolean()
        },
        { sgio: fc.constantFrom("filtered", "unfiltered"), rawio: fc.boolean() }
      ),
      partial<Extract<Hostdev["source"], { type: "mdev" }>>(
        {
          type: fc.constant("mdev"),
          model: fc.constantFrom("vfio-pci", "vfio-ap"),
          uuid: fc.uuid()
        },
        { display: fc.boolean(), ramfb: fc.boolean() }
      )
    )
  },
  { ...boot, ...info }
)
