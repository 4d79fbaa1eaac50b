/**
 * Faults as choices: a plan says at which occurrence of which seam what goes wrong. A list of such
 * lines is all that a run adds to its schedule; it shrinks line by line, and reads as a story.
 */

/**
 * Where the simulated world may go wrong, and how. `kill` ends the whole engine process there, with
 * the deed undone or done: the kernel finishes what it has begun.
 */
export interface FaultsBySeam {
  /** A primitive of the file system. */
  readonly file: "ENOSPC" | "EIO" | "EMFILE" | "EACCES" | "kill-before" | "kill-after" | "slow"
  /** A process is started. */
  readonly spawn: "EAGAIN" | "ENOENT" | "ENOMEM" | "kill-before" | "kill-after"
  /** A signal is sent. `stuck`: its process goes into uninterruptible sleep first, for a while. */
  readonly signal: "stuck" | "kill-before" | "kill-after"
  /** A socket is bound or connected to. */
  readonly socket: "EMFILE" | "ECONNREFUSED" | "kill-before" | "kill-after"
  /** Bytes arrive at the engine. `split`: one byte first, the rest later. */
  readonly data: "split" | "reset" | "slow"
  /**
   * A driver is to take a PCI function or to let go of it, or one is reset. `refuse`: it does not;
   * `slow`: it takes its time; `stuck`: far longer than anybody waits; `vanish`: the function is
   * gone.
   */
  readonly pci: "refuse" | "slow" | "stuck" | "vanish"
  /**
   * A command has come to a QEMU. `die-before`/`die-after`: its process ends before or after it was
   * carried out; `hang`: it answers nothing more; `late`: it answers after the deadline; `refuse`:
   * an error; `no-id`: an error without id; `garbage`: bytes that are no QMP; `flood`: thousands of
   * events first; `closed`: the monitor closes and QEMU lives on; `double`: an event comes twice.
   */
  readonly qmp:
    | "die-before"
    | "die-after"
    | "hang"
    | "late"
    | "refuse"
    | "no-id"
    | "garbage"
    | "flood"
    | "closed"
    | "double"
  /**
   * QEMU starts up: `die` before its monitor answers, `die-late` after it has greeted; `mute`: it
   * never greets; `slow`: it takes its time.
   */
  readonly qemu: "die" | "die-late" | "mute" | "slow"
  /** The guest does something by itself. */
  readonly guest: "poweroff" | "reset" | "panic" | "ioerror" | "suspend" | "ignore"
  /**
   * A client's call is under way, and the client goes. `vanish`: whoever waits for the answer for
   * it, too; `hang-up`: the call runs on, and nobody hears what came of it.
   */
  readonly client: "vanish" | "hang-up"
  /** At this delivery of the world, whatever it is. */
  readonly world: "kill" | "power-cut" | "clock-forward" | "clock-back" | "terminate" | "reload"
}

export type Seam = keyof FaultsBySeam
export type FaultName = FaultsBySeam[Seam]

/** One line of a plan: at the `nth` occurrence of the seam, counted from 0. */
export type PlannedFault = {
  readonly [S in Seam]: { readonly seam: S; readonly nth: number; readonly fault: FaultsBySeam[S] }
}[Seam]

/** A fault that came to pass. */
export interface MetFault {
  readonly seam: Seam
  readonly nth: number
  readonly fault: FaultName
  /** What was being done: `rename /root/...`, `qmp cont`. */
  readonly what: string
}

export class Faults {
  private readonly plan = new Map<Seam, Map<number, FaultName>>()
  private readonly counts = new Map<Seam, number>()
  private readonly passed: MetFault[] = []
  private isArmed = true
  /** Told of each fault as it comes to pass. */
  onMet: ((met: MetFault) => void) | undefined

  constructor(plan: readonly PlannedFault[] = []) {
    for (const { seam, nth, fault } of plan) {
      const lines = this.plan.get(seam) ?? new Map<number, FaultName>()
      this.plan.set(seam, lines.set(nth, fault))
    }
  }

  /** The faults that came to pass, in order. */
  get met(): readonly MetFault[] {
    return this.passed
  }

  /** Whether anything is planned at this seam. */
  has(seam: Seam): boolean {
    return this.plan.has(seam)
  }

  /** How often each seam was passed: what plans may choose `nth` from. */
  occurrences(seam: Seam): number {
    return this.counts.get(seam) ?? 0
  }

  /** To be called at each occurrence of the seam. */
  at<S extends Seam>(seam: S, what: string): FaultsBySeam[S] | undefined {
    if (!this.isArmed) return undefined
    const nth = this.occurrences(seam)
    this.counts.set(seam, nth + 1)
    const fault = this.plan.get(seam)?.get(nth)
    if (fault === undefined) return undefined
    const met = { seam, nth, fault, what }
    this.passed.push(met)
    this.onMet?.(met)
    return fault as FaultsBySeam[S]
  }

  /** From now on occurrences count. */
  arm(): void {
    this.isArmed = true
  }

  /** From now on nothing goes wrong, and nothing is counted: before the clients, and at the end. */
  disarm(): void {
    this.isArmed = false
  }
}
