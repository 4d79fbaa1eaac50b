/**
 * Which host this is: its name, its uuid where the firmware gives it one that can be trusted, and
 * what the firmware says of its maker (SMBIOS, as the kernel shows it). Reads /proc and /sys only.
 */
import * as Effect from "effect/Effect"
import { listNames, readLine } from "./node-files.ts"

/** As gethostname(2) gives it. A host without a name is its own loop. */
export const readHostname = Effect.map(
  readLine("/proc/sys/kernel/hostname"),
  (name) => name ?? "localhost"
)

const smbiosAt = "/sys/class/dmi/id"

const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Firmware that was never given one says the same digit 32 times. */
const isGiven = (uuid: string): boolean => new Set(uuid.replaceAll("-", "")).size > 1

/** SMBIOS' system uuid, which only root may read; undefined when nobody has set it. */
export const readFirmwareUuid = Effect.map(readLine(`${smbiosAt}/product_uuid`), (text) => {
  const uuid = text?.toLowerCase()
  return uuid !== undefined && uuidPattern.test(uuid) && isGiven(uuid) ? uuid : undefined
})

/** A table of SMBIOS: entries by libvirt's names, in libvirt's order. */
export interface SmbiosBlock {
  readonly name: "bios" | "system" | "baseBoard" | "chassis"
  readonly entries: readonly { readonly name: string; readonly value: string }[]
}

/** libvirt's entry names, and the kernel's files behind them. */
const smbiosFiles: {
  readonly [block in SmbiosBlock["name"]]: { readonly [entry: string]: string }
} = {
  bios: {
    vendor: "bios_vendor",
    version: "bios_version",
    date: "bios_date",
    release: "bios_release"
  },
  system: {
    manufacturer: "sys_vendor",
    product: "product_name",
    version: "product_version",
    serial: "product_serial",
    uuid: "product_uuid",
    sku: "product_sku",
    family: "product_family"
  },
  baseBoard: {
    manufacturer: "board_vendor",
    product: "board_name",
    version: "board_version",
    serial: "board_serial",
    asset: "board_asset_tag"
  },
  chassis: {
    manufacturer: "chassis_vendor",
    version: "chassis_version",
    serial: "chassis_serial",
    asset: "chassis_asset_tag"
  }
}

const blockNames = ["bios", "system", "baseBoard", "chassis"] as const

/** The blocks that say anything; empty on a host without SMBIOS. */
export const readSmbios = Effect.gen(function* () {
  const blocks: SmbiosBlock[] = []
  for (const name of blockNames) {
    const entries: { readonly name: string; readonly value: string }[] = []
    for (const [entry, file] of Object.entries(smbiosFiles[name])) {
      const value = yield* readLine(`${smbiosAt}/${file}`)
      if (value !== undefined) entries.push({ name: entry, value })
    }
    if (entries.length > 0) blocks.push({ name, entries })
  }
  return blocks
})

/** Whether the host keeps its devices apart, so that they can be passed through. */
export const readHasIommu = Effect.map(
  listNames("/sys/kernel/iommu_groups"),
  (groups) => groups.length > 0
)
