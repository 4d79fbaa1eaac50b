/** What all virtio devices share: the device's name by model, and the options of the transport. */
import type { VirtioOptions } from "../../model/device/info.ts"
import { hasType } from "../capabilities.ts"
import type { JsonObject } from "./arg.ts"
import type { ArgvContext } from "./context.ts"

/** `virtio-blk-pci`, `virtio-blk-pci-transitional`, ...; without such types, their meaning. */
export const virtioDriver = (
  base: string,
  model: string | undefined,
  { capabilities }: Pick<ArgvContext, "capabilities">
): JsonObject => {
  const driver = `${base}-pci`
  const suffix = /-(non-)?transitional$/.exec(model ?? "")?.[0]
  if (suffix === undefined) return { driver }
  if (hasType(capabilities, `${driver}${suffix}`)) return { driver: `${driver}${suffix}` }
  return {
    driver,
    "disable-legacy": suffix === "-transitional" ? "off" : "on",
    "disable-modern": false
  }
}

export const virtioOptions = (options: VirtioOptions | undefined): JsonObject => ({
  iommu_platform: options?.iommu,
  ats: options?.ats,
  packed: options?.packed,
  "page-per-vq": options?.pagePerVq
})
