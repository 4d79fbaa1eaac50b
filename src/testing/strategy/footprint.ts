/**
 * What a delivery looked at and what it changed, as bits: two deliveries commute unless one of them
 * changed what the other one met. Names share bits where there are more than bits; that makes
 * deliveries dependent that are not, which costs runs and loses nothing.
 */

export interface Footprint {
  readonly isEverything: boolean
  /** Bits of what was met at all, as words; those that are missing are zero. */
  readonly met: readonly number[]
  readonly changed: readonly number[]
}

export const everything: Footprint = { isEverything: true, met: [], changed: [] }

const meet = (one: readonly number[], other: readonly number[]): boolean => {
  for (let word = Math.min(one.length, other.length) - 1; word >= 0; word--)
    if (((one[word] ?? 0) & (other[word] ?? 0)) !== 0) return true
  return false
}

export const dependent = (one: Footprint, other: Footprint): boolean =>
  one.isEverything ||
  other.isEverything ||
  meet(one.changed, other.met) ||
  meet(one.met, other.changed)

/** Most scopes share fewer than sixty things; those of the whole engine a few thousand. */
const bitsMax = 8192

/** Gives names their bits, the same for a whole exploration. */
export class Bits {
  private readonly known = new Map<string, number>()

  of(name: string): number {
    const bit = this.known.get(name) ?? this.known.size % bitsMax
    this.known.set(name, bit)
    return bit
  }
}

const mark = (words: number[], bit: number): void => {
  const word = bit >> 5
  while (words.length <= word) words.push(0)
  words[word] = (words[word] ?? 0) | (1 << (bit & 31))
}

/** The footprint of a delivery that is under way. */
export class Tracks {
  private readonly met: number[] = []
  private readonly changed: number[] = []
  private isEverything = false

  everything(): void {
    this.isEverything = true
  }

  add(bit: number, isWrite: boolean): void {
    mark(this.met, bit)
    if (isWrite) mark(this.changed, bit)
  }

  /** A delivery that told nothing may have met anything. */
  get footprint(): Footprint {
    if (this.isEverything || this.met.length === 0) return everything
    return { isEverything: false, met: this.met, changed: this.changed }
  }
}
