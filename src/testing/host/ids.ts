/**
 * Identity that counts: distinct for the life of a host, whichever engine asks, and the same in
 * each run of a plan.
 */
import * as Effect from "effect/Effect"
import type { Ids } from "../../base/ids.ts"

const hex = (count: number, digits: number): string => count.toString(16).padStart(digits, "0")

export const countingIds = (): Ids["Service"] => {
  let count = 0
  const next = (format: (count: number) => string) => Effect.sync(() => format(++count))
  return {
    token: next((n) => `t${n}`),
    uuid: next((n) => `1d000000-0000-4000-8000-${hex(n, 12)}`),
    mac: next((n) => `52:54:00:${hex(n, 6).replaceAll(/(..)(?=.)/g, "$1:")}`)
  }
}
