/**
 * What a delivery looked at and what it changed, as bits: two deliveries commute unless one of them
 * changed what the other one met. Names share bits where there are more than bits; that makes
 * deliveries dependent that are not, which costs runs and loses nothing.
 */

export interface Footprint {
  /** Bits of what was met at all, in two words: most scopes share fewer than sixty things. */
  readonly met: readonly [number, number]
  readonly changed: readonly [number, number]
}

export const everything: Footprint = { met: [-1, -1], changed: [-1, -1] }

export const dependent = (one: Footprint, other: Footprint): boolean =>
  ((one.changed[0] & other.met[0]) | (one.met[0] & other.changed[0])) !== 0 ||
  ((one.changed[1] & other.met[1]) | (one.met[1] & other.changed[1])) !== 0

/** Gives names their bits, the same for a whole exploration. */
export class Bits {
  private readonly known = new Map<string, number>()

  of(name: string): number {
    const bit = this.known.get(name) ?? this.known.size % 64
    this.known.set(name, bit)
    return bit
  }
}

/** The footprint of a delivery that is under way. */
export class Tracks {
  private readonly met: [number, number] = [0, 0]
  private readonly changed: [number, number] = [0, 0]
  private isEverything = false
  private isTold = false

  everything(): void {
    this.isEverything = true
  }

  add(bit: number, isWrite: boolean): void {
    this.isTold = true
    const word = bit < 32 ? 0 : 1
    const mask = 1 << (bit & 31)
    this.met[word] |= mask
    if (isWrite) this.changed[word] |= mask
  }

  /** A delivery that told nothing may have met anything. */
  get footprint(): Footprint {
    const isKnown = this.isTold && !this.isEverything
    return isKnown ? { met: [...this.met], changed: [...this.changed] } : everything
  }
}
