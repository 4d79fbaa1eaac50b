/**
 * Which delivery is next. This one-method seam makes the order of deliveries a test input: the
 * simulated world implements it over its list of choices; the live one below is first come, first
 * served. A dispatcher never runs a delivery on the stack of whoever scheduled it.
 */
import { turnsPerBreath } from "./limits.ts"

export interface Dispatcher {
  /** `label` names what is delivered, for traces; `run` is called once, in a later turn. */
  readonly schedule: (label: string, run: () => void) => void
}

/** How the live dispatcher gets onto the event loop; the composing file knows the platform. */
export interface Loop {
  readonly microtask: (run: () => void) => void
  /** After pending input and output had their turn (`setImmediate`). */
  readonly breathe: (run: () => void) => void
}

/**
 * Deliveries as microtasks, in batches. After `turnsPerBreath` deliveries in a row the event loop
 * gets room: Effect resumes fibers synchronously, so a ping-pong of asks would never give way.
 */
export const liveDispatcher = (loop: Loop): Dispatcher => {
  let ready: (() => void)[] = []
  let spare: (() => void)[] = []
  let isArmed = false
  let turns = 0
  const flush = () => {
    const batch = ready
    ready = spare
    spare = batch
    for (const run of batch) run()
    turns += batch.length
    batch.length = 0
    if (ready.length === 0) {
      isArmed = false
      turns = 0
    } else if (turns >= turnsPerBreath) {
      turns = 0
      loop.breathe(flush)
    } else loop.microtask(flush)
  }
  return {
    schedule: (_label, run) => {
      ready.push(run)
      if (isArmed) return
      isArmed = true
      loop.microtask(flush)
    }
  }
}
