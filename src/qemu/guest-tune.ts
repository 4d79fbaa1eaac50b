/**
 * Limits on a disk's traffic: libvirt's names (VIR_DOMAIN_BLOCK_IOTUNE_*) and QEMU's for the same
 * thing, how a change of some of them becomes the whole row that QEMU takes, and the orders
 * themselves.
 */
import type { Json, JsonObject } from "../qmp/json.ts"
import { blockResize, command } from "../qmp/command.ts"
import { type Ask, numberAt, textAt } from "./guest-ask.ts"
import type { TunedParameter } from "../model/event.ts"
import { text, type TypedParameter, unsignedLong } from "./stats.ts"

/** libvirt's name -> QEMU's in `query-block` and `block_set_io_throttle` (qapi/block-core.json). */
const limits: { readonly [name: string]: string } = {
  total_bytes_sec: "bps",
  read_bytes_sec: "bps_rd",
  write_bytes_sec: "bps_wr",
  total_iops_sec: "iops",
  read_iops_sec: "iops_rd",
  write_iops_sec: "iops_wr",
  total_bytes_sec_max: "bps_max",
  read_bytes_sec_max: "bps_rd_max",
  write_bytes_sec_max: "bps_wr_max",
  total_iops_sec_max: "iops_max",
  read_iops_sec_max: "iops_rd_max",
  write_iops_sec_max: "iops_wr_max",
  size_iops_sec: "iops_size",
  total_bytes_sec_max_length: "bps_max_length",
  read_bytes_sec_max_length: "bps_rd_max_length",
  write_bytes_sec_max_length: "bps_wr_max_length",
  total_iops_sec_max_length: "iops_max_length",
  read_iops_sec_max_length: "iops_rd_max_length",
  write_iops_sec_max_length: "iops_wr_max_length"
}

const groupName = "group_name"
/** A group's members share its limits. */
const groupInQemu = "group"

/** The six that QEMU demands in each command. */
const demanded = new Set(["bps", "bps_rd", "bps_wr", "iops", "iops_rd", "iops_wr"])

/** All limits of a disk, 0 for none, in libvirt's order. */
export const tuneOf = (inserted: Json | undefined): readonly TypedParameter[] => {
  const numbers = Object.entries(limits).map(([name, inQemu]) =>
    unsignedLong(name, numberAt(inserted, inQemu) ?? 0)
  )
  const group = textAt(inserted, groupInQemu)
  const before = numbers.slice(0, 13)
  return [...before, text(groupName, group ?? ""), ...numbers.slice(13)]
}

type Value = TypedParameter["value"]

const isWhole = (value: Value): value is Exclude<Value, { readonly type: 7 }> =>
  typeof value.value === "bigint" ||
  (typeof value.value === "number" && Number.isSafeInteger(value.value))

export type Tuned =
  | { readonly words: JsonObject }
  | { readonly argument: string; readonly why: string }

const isTotalWithParts = (changed: ReadonlyMap<string, bigint>, kind: string, end: string) =>
  (changed.get(`total_${kind}${end}`) ?? 0n) > 0n &&
  ((changed.get(`read_${kind}${end}`) ?? 0n) > 0n ||
    (changed.get(`write_${kind}${end}`) ?? 0n) > 0n)

const clash = (changed: ReadonlyMap<string, bigint>): string | undefined => {
  for (const kind of ["bytes_sec", "iops_sec"])
    for (const end of ["", "_max"])
      if (isTotalWithParts(changed, kind, end)) return `total_${kind}${end}`
  return undefined
}

/** A total that is asked for ends the limits of its parts, and the other way round. */
const isEnded = (name: string, changed: ReadonlyMap<string, bigint>): boolean => {
  if (changed.has(name)) return false
  const [, part, rest] = /^(total|read|write)_(.*)$/.exec(name) ?? []
  if (part === undefined || rest === undefined) return false
  const isSet = (other: string) => (changed.get(`${other}_${rest}`) ?? 0n) > 0n
  return part === "total" ? isSet("read") || isSet("write") : isSet("total")
}

/** The command's words for these changes of what the disk has now. */
export const tuned = (
  { qdev, inserted }: { readonly qdev: string; readonly inserted: Json | undefined },
  params: readonly TypedParameter[]
): Tuned => {
  const changed = new Map<string, bigint>()
  let group = textAt(inserted, groupInQemu)
  for (const { field, value } of params) {
    if (field === groupName && value.type === 7) group = value.value
    else if (Object.hasOwn(limits, field) && isWhole(value)) changed.set(field, BigInt(value.value))
    else return { argument: field, why: "is no limit of a disk, or of another type" }
  }
  const both = clash(changed)
  if (both !== undefined)
    return { argument: both, why: "a total and one of its parts cannot be limited both" }
  const words: { [name: string]: Json } = { id: qdev }
  for (const [name, inQemu] of Object.entries(limits)) {
    const now = isEnded(name, changed) ? 0n : BigInt(numberAt(inserted, inQemu) ?? 0)
    const value = changed.get(name) ?? now
    if (value < 0n) return { argument: name, why: "is negative" }
    // Left out is none; a length without its maximum is refused.
    if (value > 0n || demanded.has(inQemu)) words[inQemu] = value
  }
  if (group !== undefined && group !== "") words[groupInQemu] = group
  return { words }
}

export const setTune = (ask: Ask, words: JsonObject) => ask(command("block_set_io_throttle", words))

/** Shrinking cuts what the guest has there, and QEMU does not ask. */
export const resizeDisk = (ask: Ask, node: string, sizeBytes: number) =>
  ask(blockResize(node, sizeBytes))

/** What was changed, as listeners are told: VIR_DOMAIN_TUNABLE_BLKDEV_*. */
export const tuneTold = (
  target: string,
  params: readonly TypedParameter[]
): readonly TunedParameter[] => [
  { field: "blkdeviotune.disk", value: { type: 7, value: target } },
  ...params.map(({ field, value }): TunedParameter => {
    const name = `blkdeviotune.${field}`
    return value.type === 7
      ? { field: name, value }
      : { field: name, value: { type: 4, value: BigInt(value.value) } }
  })
]
