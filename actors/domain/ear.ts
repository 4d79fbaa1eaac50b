/**
 * What QEMU tells of one epoch, on its way to the domain. Until the start is finished, or the guest
 * found again, it waits here, in order: the chart takes the facts of a guest only in the states of
 * a guest, and none of them may be lost. Decides nothing.
 */
import { eventsLengthMax } from "../../src/kernel/limits.ts"

/** Where facts go: `offer` says whether there was room, `whenRoom` calls once when there is. */
export interface EarOwner<F> {
  readonly offer: (fact: F) => boolean
  readonly whenRoom: (resume: () => void) => void
}

export class Ear<F> {
  private readonly owner: EarOwner<F>
  private isOpen: boolean
  private held: readonly F[] = []
  private waiters: readonly (() => void)[] = []

  constructor(owner: EarOwner<F>, isOpen: boolean) {
    this.owner = owner
    this.isOpen = isOpen
  }

  /** False: there is no room, and the fact was not taken. */
  hear(fact: F): boolean {
    if (this.isOpen && this.held.length === 0) return this.owner.offer(fact)
    if (this.held.length >= eventsLengthMax) return false
    this.held = [...this.held, fact]
    return true
  }

  whenRoom(resume: () => void): void {
    if (this.isOpen && this.held.length === 0) this.owner.whenRoom(resume)
    else this.waiters = [...this.waiters, resume]
  }

  /** From now on facts go through; those that wait go first. */
  open(): void {
    this.isOpen = true
    this.drain()
  }

  /** From now on facts wait. Those that waited are dropped: their connection is over. */
  close(): void {
    this.isOpen = false
    this.held = []
  }

  private drain(): void {
    if (!this.isOpen) return
    const stuck = this.held.findIndex((fact) => !this.owner.offer(fact))
    this.held = stuck === -1 ? [] : this.held.slice(stuck)
    if (stuck !== -1) return this.owner.whenRoom(() => this.drain())
    const { waiters } = this
    this.waiters = []
    for (const resume of waiters) resume()
  }
}
