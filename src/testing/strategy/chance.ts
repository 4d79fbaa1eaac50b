/**
 * Chance from a seed: sfc32, a small generator that passes PractRand, so that equal seeds give
 * equal runs on every machine. Not for secrets.
 */
export class Chance {
  private a: number
  private b = 0x9e3779b9
  private c = 0x243f6a88
  private counter = 1

  constructor(seed: number) {
    this.a = seed | 0
    this.b ^= Math.floor(seed / 2 ** 32) | 0
    // Its first numbers of neighbouring seeds are alike; a dozen steps part them.
    for (let step = 0; step < 12; step++) this.word()
  }

  /** A whole number from 0 to `count` - 1. */
  below(count: number): number {
    return Math.floor((this.word() / 2 ** 32) * count)
  }

  /** From 0 to 1, without 1. */
  fraction(): number {
    return this.word() / 2 ** 32
  }

  /** True once in `times`. */
  oneIn(times: number): boolean {
    return this.below(times) === 0
  }

  /** In random order. */
  shuffled<A>(items: readonly A[]): readonly A[] {
    const shuffled = [...items]
    for (let at = shuffled.length - 1; at > 0; at--) {
      const other = this.below(at + 1)
      const item = shuffled[at] as A
      shuffled[at] = shuffled[other] as A
      shuffled[other] = item
    }
    return shuffled
  }

  private word(): number {
    const sum = (this.a + this.b + this.counter) | 0
    this.counter = (this.counter + 1) | 0
    this.a = this.b ^ (this.b >>> 9)
    this.b = (this.c + (this.c << 3)) | 0
    this.c = (((this.c << 21) | (this.c >>> 11)) + sum) | 0
    return sum >>> 0
  }
}
