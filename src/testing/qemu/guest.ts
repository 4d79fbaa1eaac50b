/**
 * The guest's own time: it boots, its firmware resets once more, it sees the power button, it looks
 * around now and then. Owns its timers, which run only while the machine does; what comes of an act
 * is the machine's.
 */
import type { FaultsBySeam } from "../fault.ts"
import { type Act, echoesMax, type Machine, mayAct } from "./model.ts"

/** SeaBIOS and our boot sector take 30 to 60 ms under TCG. */
export const bootMs = 60
/** From a reset to the one that SeaBIOS adds. */
export const echoMs = 25
/** How many it adds here: 1 or 2 were seen. */
const echoesMade = 2
/** From the power button to the end of the guest. */
export const obeyMs = 200
/** Between two looks of a guest that has nothing to do, at each of which it may act. */
export const lookMs = 3_000
/** So many for a whole life, so that a world comes to rest. */
export const looksMax = 6

/** A stop that was asked for waits for the main loop's next turn. */
const settleMs = 0

type Errand = "settle" | "boot" | "echo" | "obey" | "look"

const delayMs: { readonly [E in Errand]: number } = {
  settle: settleMs,
  boot: bootMs,
  echo: echoMs,
  obey: obeyMs,
  look: lookMs
}

export interface GuestHost {
  readonly machine: () => Machine
  readonly after: (ms: number, run: () => void) => () => void
  readonly act: (act: Act) => void
  /** What the plan has the guest do at this point. */
  readonly whim: (where: string) => FaultsBySeam["guest"] | undefined
  readonly node: string
}

/** The planned acts, in the machine's words. */
const actOf = (whim: FaultsBySeam["guest"], node: string): Act => {
  if (whim === "ioerror") return { act: "ioerror", node }
  return whim === "ignore" ? { act: "hang" } : { act: whim }
}

export class Guest {
  private readonly host: GuestHost
  private readonly timers = new Map<Errand, () => void>()
  private looks = 0

  constructor(host: GuestHost) {
    this.host = host
  }

  /** To be called after each change of the machine. */
  follow(): void {
    for (const errand of ["settle", "boot", "echo", "obey", "look"] as const) {
      const isDue = this.hasErrand(errand)
      const cancel = this.timers.get(errand)
      if (isDue && cancel === undefined) this.arm(errand)
      if (!isDue && cancel !== undefined) {
        cancel()
        this.timers.delete(errand)
      }
    }
  }

  /** A point at which it may do something by itself. */
  mayAct(where: string): void {
    if (!mayAct(this.host.machine(), { act: "poweroff" })) return
    const whim = this.host.whim(where)
    if (whim !== undefined) this.host.act(actOf(whim, this.host.node))
  }

  private hasErrand(errand: Errand): boolean {
    const machine = this.host.machine()
    if (!mayAct(machine, { act: errand === "look" ? "poweroff" : errand })) return false
    if (errand === "echo") return machine.echoes > echoesMax - echoesMade
    return errand !== "look" || this.looks < looksMax
  }

  private arm(errand: Errand): void {
    const run = () => {
      this.timers.delete(errand)
      this.perform(errand)
      this.follow()
    }
    this.timers.set(errand, this.host.after(delayMs[errand], run))
  }

  private perform(errand: Errand): void {
    if (errand !== "look") return this.host.act({ act: errand })
    this.looks++
    this.mayAct("look")
  }
}
