/**
 * Which delivery is next. This one-method seam makes the order of deliveries a test input: the
 * simulated world implements it over its list of choices; the live one below is first come, first
 * served. A dispatcher never runs a delivery on the stack of whoever scheduled it.
 */
import { turnsPerBreath } from "./limits.ts"

export interface Dispatcher {
  /** `label` names what is delivered, for traces; `run` is called once, in a later turn. */
  readonly schedule: (label: string, run: () => void) => void
  /**
   * Where somebody wants to know which deliveries commute: told that the present one looks at or
   * changes (by default) an actor; without a name, anything.
   */
  readonly touch?: Touch | undefined
}

export type Touch = (what: string | undefined, isWrite?: boolean) => void

/** How the live dispatcher gets onto the event loop; the composing file knows the platform. */
export interface Loop {
  readonly microtask: (run: () => void) => void
  /** After pending input and output had their turn (`setImmediate`). */
  readonly breathe: (run: () => void) => void
}

/** Served items are cut off the front of the list when there are this many. */
const gapMax = 1024

/**
 * Deliveries as microtasks. After `turnsPerBreath` of them the event loop gets room, also when the
 * list ran empty in between: Effect resumes fibers synchronously and promises resume as microtasks,
 * so that a ping-pong of asks would never give way. A delivery that throws is a bug and surfaces as
 * an uncaught exception; the deliveries after it are made all the same.
 */
export const liveDispatcher = (loop: Loop): Dispatcher => {
  const ready: (() => void)[] = []
  let next = 0
  let isArmed = false
  let turns = 0
  const arm = () => {
    isArmed = true
    if (turns < turnsPerBreath) return loop.microtask(flush)
    turns = 0
    loop.breathe(flush)
  }
  const flush = () => {
    try {
      while (next < ready.length && turns < turnsPerBreath) {
        turns++
        ready[next++]?.()
      }
    } finally {
      if (next === ready.length || next >= gapMax) {
        ready.splice(0, next)
        next = 0
      }
      if (ready.length > 0) arm()
      else isArmed = false
    }
  }
  return {
    schedule: (_label, run) => {
      ready.push(run)
      if (!isArmed) arm()
    }
  }
}
