/**
 * Statistics of domains as libvirt tells them: named, typed values in libvirt's names and types
 * (virConnectGetAllDomainStats; `man virsh`, domstats). Pure: the figures are read elsewhere.
 */

/** virTypedParameterType: what a value is on the wire. */
export const parameterType = {
  int: 1,
  unsigned: 2,
  long: 3,
  unsignedLong: 4,
  double: 5,
  boolean: 6,
  string: 7
} as const

/** One typed parameter, in the shape that goes over the wire. */
export interface TypedParameter {
  readonly field: string
  readonly value:
    | { readonly type: 1 | 2 | 5 | 6; readonly value: number }
    | { readonly type: 3 | 4; readonly value: bigint }
    | { readonly type: 7; readonly value: string }
}

export const int = (field: string, value: number): TypedParameter => ({
  field,
  value: { type: parameterType.int, value }
})

export const unsigned = (field: string, value: number): TypedParameter => ({
  field,
  value: { type: parameterType.unsigned, value }
})

const unsignedLongMax = 2n ** 64n - 1n

/** Whole, and within 64 bits: a counter of QEMU's that ran over stays a number. */
const whole = (value: number | bigint): bigint =>
  typeof value === "bigint" ? value : Number.isFinite(value) ? BigInt(Math.trunc(value)) : 0n

export const long = (field: string, value: number | bigint): TypedParameter => ({
  field,
  value: { type: parameterType.long, value: BigInt.asIntN(64, whole(value)) }
})

export const unsignedLong = (field: string, value: number | bigint): TypedParameter => {
  const wide = whole(value)
  const kept = wide < 0n ? 0n : wide > unsignedLongMax ? unsignedLongMax : wide
  return { field, value: { type: parameterType.unsignedLong, value: kept } }
}

export const boolean = (field: string, value: boolean): TypedParameter => ({
  field,
  value: { type: parameterType.boolean, value: value ? 1 : 0 }
})

export const text = (field: string, value: string): TypedParameter => ({
  field,
  value: { type: parameterType.string, value }
})

/** Groups of statistics: virDomainStatsTypes. */
export const statsGroup = {
  state: 1,
  "cpu-total": 2,
  balloon: 4,
  vcpu: 8,
  interface: 16,
  block: 32,
  perf: 64,
  iothread: 128,
  memory: 256,
  dirtyrate: 512,
  vm: 1024
} as const

export type StatsGroup = keyof typeof statsGroup

export const allGroups = Object.keys(statsGroup) as readonly StatsGroup[]

/** The groups of a mask; 0 is all of them. `undefined`: a bit that no group has. */
export const groupsOfMask = (mask: number): readonly StatsGroup[] | undefined => {
  const known = allGroups.filter((group) => (mask & statsGroup[group]) !== 0)
  const sum = known.reduce((bits, group) => bits | statsGroup[group], 0)
  if (sum !== mask) return undefined
  return mask === 0 ? allGroups : known
}
