/** Virtual functions of a physical one: where they stand, and what they are. Pure. */
import type { PciDevice } from "./sysfs-pci.ts"
import { hex } from "./sysfs-put.ts"

/** How many numbers the first one is behind the physical one, as an Intel card has it. */
const offsetDefault = 16

export const virtualOf = (physical: PciDevice, index: number): PciDevice => {
  const { virtual, address, numaNode, behind } = physical
  const [domain = "0000", bus = "00", rest = "00.0"] = address.split(":")
  const [slot = "00", fn = "0"] = rest.split(".")
  const own = Number.parseInt(bus, 16) * 256 + Number.parseInt(slot, 16) * 8 + Number(fn)
  const at = own + (virtual?.offset ?? offsetDefault) + index
  const group = virtual?.iommuGroup
  return {
    address: `${domain}:${hex(at >> 8, 2)}:${hex((at >> 3) & 0x1f, 2)}.${at & 7}`,
    vendor: physical.vendor,
    device: virtual?.device ?? physical.device,
    class: physical.class,
    resetMethods: ["flr"],
    physicalFunction: address,
    ...(virtual?.nativeDriver === undefined ? {} : { nativeDriver: virtual.nativeDriver }),
    ...(group === undefined ? {} : { iommuGroup: group + index }),
    ...(numaNode === undefined ? {} : { numaNode }),
    ...(behind === undefined ? {} : { behind })
  }
}
