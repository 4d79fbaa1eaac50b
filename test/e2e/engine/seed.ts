/**
 * Instants of a test that are random and can be repeated: `TROUPE_SEED=N` gives the same ones. Real
 * processes keep their own time, so a repeat is likely to meet the same interleaving, not sure to.
 */
import { randomInt } from "node:crypto"

export interface Seeded {
  /** The next number from 0 up to 1. */
  (): number
  /** For a failure: how to see it again. */
  readonly told: string
}

/** mulberry32: small, and even enough for instants. */
export const seeded = (what: string): Seeded => {
  const seed = Number(process.env.TROUPE_SEED ?? randomInt(2 ** 31))
  let state = seed
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
  return Object.assign(next, { told: `${what}: TROUPE_SEED=${seed}` })
}
