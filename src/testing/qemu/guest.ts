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

/** From being asked to let a device go to having done so: 0.1 to 0.4 s of a Linux with ACPI. */
export const ejectMs = 150
/** From the deed that lets a device go to the event. */
export const vanishMs = 1

type Errand = "settle" | "boot" | "echo" | "obey" | "eject" | "vanish" | "look"
const errands = ["settle", "boot", "echo", "obey", "eject", "vanish", "look"] as const

const delayMs: { readonly [E in Errand]: number } = {
  settle: settleMs,
  boot: bootMs,
  echo: echoMs,
  obey: obeyMs,
  eject: ejectMs,
  vanish: vanishMs,
  look: lookMs
}

export interface GuestHost {
  readonly machine: () => Machine
  readonly after: (ms: number, run: () => void) => () => void
  readonly act: (act: Act) => void
  /** What the plan has the guest do at this point. */
  readonly whim: (where: string) => FaultsBySeam["guest"] | undefined
  readonly node: string
  /** Whether it lets devices go when it is asked: our boot sector knows nothing of that. */
  readonly ejects: boolean
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
    for (const errand of errands) {
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
    const what = this.actOn(errand)
    if (what === undefined || !mayAct(machine, what)) return false
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

  /** What comes of an errand now; a look comes to nothing by itself. */
  private actOn(errand: Errand): Act | undefined {
    const { devices } = this.host.machine()
    switch (errand) {
      case "look":
        return { act: "poweroff" }
      case "eject": {
        const asked = this.host.ejects ? devices.find(({ isAsked }) => isAsked) : undefined
        return asked && { act: "eject", id: asked.id }
      }
      case "vanish": {
        const going = devices.find(({ isGoing }) => isGoing)
        return going && { act: "vanish", id: going.id }
      }
      default:
        return { act: errand }
    }
  }

  private perform(errand: Errand): void {
    const what = this.actOn(errand)
    if (errand !== "look") return what === undefined ? undefined : this.host.act(what)
    this.looks++
    this.mayAct("look")
  }
}
