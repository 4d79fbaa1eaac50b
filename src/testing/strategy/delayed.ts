/**
 * First come, first served, but for a few deliveries that are made to wait: delay-bounded
 * scheduling (Emmi, Qadeer, Rakamaric, POPL 2011). Most bugs need few delays, and all schedules
 * with few of them can be counted and run where all schedules cannot.
 */
import type { Candidate, Strategy } from "./strategy.ts"

/** At the choice of this number, counted from 0, so many of the first in line are put back. */
export interface Delay {
  readonly at: number
  readonly count: number
}

/**
 * How far one who is delayed falls back: behind those who wait now, or until nobody else is ready.
 */
export type Lag = "behind" | "last"

export interface DelayedOptions {
  /** In the order of their choices. */
  readonly delays: readonly Delay[]
  readonly lag: Lag
  /** Told at each choice among how many it was. */
  readonly onChoice?: (count: number) => void
}

/** Places in line of those who are served last. */
const last = 2 ** 40

export const delayed = ({ delays, lag, onChoice }: DelayedOptions): Strategy => {
  const places = new WeakMap<Candidate, number>()
  let place = 0
  let at = 0
  let done = 0
  const placeOf = (candidate: Candidate): number => {
    const known = places.get(candidate) ?? ++place
    places.set(candidate, known)
    return known
  }
  const first = (ready: readonly Candidate[]): number => {
    let best = 0
    for (let index = 1; index < ready.length; index++)
      if (placeOf(ready[index] as Candidate) < placeOf(ready[best] as Candidate)) best = index
    return best
  }
  return {
    next: (ready) => {
      // In their order, so that who came first has the first place.
      for (const candidate of ready) placeOf(candidate)
      onChoice?.(ready.length)
      const delay = delays[done]
      if (delay?.at === at++) {
        done++
        for (let count = 0; count < delay.count; count++)
          places.set(ready[first(ready)] as Candidate, ++place + (lag === "last" ? last : 0))
      }
      return first(ready)
    }
  }
}

/** The schedules with one delay more, at the last choice or after it: each comes up once. */
export const moreDelayed = (
  delays: readonly Delay[],
  counts: readonly number[]
): readonly (readonly Delay[])[] => {
  const more: (readonly Delay[])[] = []
  const end = delays.at(-1)
  if (end !== undefined && end.count + 1 < (counts[end.at] ?? 0))
    more.push([...delays.slice(0, -1), { ...end, count: end.count + 1 }])
  for (let at = (end?.at ?? -1) + 1; at < counts.length; at++)
    more.push([...delays, { at, count: 1 }])
  return more
}
