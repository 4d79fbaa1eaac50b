/**
 * Sizes in words. libvirt counts memory in KiB, QEMU in bytes or MiB; a conversion that is not
 * exact says in which direction it rounds.
 */

export const bytesPerKib = 1024
export const kibPerMib = 1024
export const bytesPerMib = bytesPerKib * kibPerMib

export const bytesOfKib = (kib: number): number => kib * bytesPerKib

export const bytesOfMib = (mib: number): number => mib * bytesPerMib

export const kibOfMib = (mib: number): number => mib * kibPerMib

/** Rounds up: whoever asked for the bytes gets them all. */
export const kibOfBytes = (bytes: number): number => Math.ceil(bytes / bytesPerKib)

/** Rounds up, as libvirt does for guest memory. */
export const mibOfKib = (kib: number): number => Math.ceil(kib / kibPerMib)

/** Units of libvirt's XML: a lone letter or `KiB` is binary, `KB` is decimal (virScaleInteger). */
const unitBytes: { readonly [unit: string]: number } = {
  b: 1,
  byte: 1,
  bytes: 1,
  KB: 1e3,
  k: 1024,
  KiB: 1024,
  MB: 1e6,
  M: 1024 ** 2,
  MiB: 1024 ** 2,
  GB: 1e9,
  G: 1024 ** 3,
  GiB: 1024 ** 3,
  TB: 1e12,
  T: 1024 ** 4,
  TiB: 1024 ** 4,
  PB: 1e15,
  P: 1024 ** 5,
  PiB: 1024 ** 5,
  EB: 1e18,
  E: 1024 ** 6,
  EiB: 1024 ** 6
}

/**
 * Bytes in one such unit of libvirt's XML; case does not matter. `undefined` when there is none.
 */
export const bytesOfUnit = (unit: string): number | undefined => byLowerCase.get(unit.toLowerCase())

const byLowerCase = new Map(
  Object.entries(unitBytes).map(([unit, bytes]) => [unit.toLowerCase(), bytes] as const)
)
