/**
 * What several device elements share: alias, address, boot order, ROM, virtio options, reconnect.
 */
import * as Result from "effect/Result"
import type {
  BootEntry,
  DeviceCommon,
  Reconnect,
  Rom,
  VirtioOptions
} from "../../model/device/info.ts"
import { address } from "../address.ts"
import { type Codec, integer, onOff, string, yesNo } from "../codec.ts"
import { attribute, changesGuest, child, fields, inside, live, required } from "../describe.ts"

/** Aliases of a user's own begin so; all others are assigned at start. */
const ownPrefix = "ua-"
const isOwn = (alias: string) => alias.startsWith(ownPrefix)

/** Letters that QEMU takes in an id, which is where an alias ends up. */
const aliasName: Codec<string> = {
  decode: (text) => {
    if (isOwn(text) && !/^[A-Za-z0-9_.:-]{1,200}$/.test(text)) return Result.fail("is not an alias")
    return Result.succeed(text)
  },
  encode: (value) => value
}

/** To be spread last into a device's fields, as libvirt writes these last. */
export const deviceInfo = {
  alias: live(inside("alias", attribute("name", aliasName)), isOwn),
  "<acpi>": changesGuest,
  address: child("address", address)
} as const satisfies Record<keyof Omit<DeviceCommon, "kept"> | "<acpi>", unknown>

export const virtioOptions = {
  iommu: attribute("iommu", onOff),
  ats: attribute("ats", onOff),
  packed: attribute("packed", onOff),
  pagePerVq: attribute("page_per_vq", onOff)
} as const

export const virtioDriver = fields<VirtioOptions>(virtioOptions)

export const boot = child(
  "boot",
  fields<BootEntry>({
    order: required("boot order", attribute("order", integer({ min: 1, max: 0x7fffffff }))),
    loadparm: attribute("loadparm", string)
  })
)

export const rom = child(
  "rom",
  fields<Rom>({
    enabled: attribute("enabled", yesNo),
    bar: attribute("bar", onOff),
    file: attribute("file", string)
  })
)

export const reconnect = child(
  "reconnect",
  fields<Reconnect>({
    enabled: required("'enabled' in reconnect", attribute("enabled", yesNo)),
    timeoutSeconds: attribute("timeout", integer({ max: 0x7fffffff }))
  })
)
