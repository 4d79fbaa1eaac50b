/** Choices from a list: what replays a run, and what shrinks. */
import type { Strategy } from "./strategy.ts"

/** First come, first served. */
export const fifo: Strategy = { next: () => 0 }

/** The i-th choice of n is `choices[i] % n`; past the end, first come first served. */
export const listed = (choices: readonly number[]): Strategy => {
  let at = 0
  return {
    next: (ready) => (choices[at++] ?? 0) % ready.length,
    pick: (count) => (choices[at++] ?? 0) % count
  }
}
