/**
 * What waits for one actor: three lanes, served by weight, each in order. Bounds are the actor's to
 * check before it puts something in; the control lane has none, so that destroy always gets
 * through.
 */
import { laneWeight } from "./limits.ts"

/**
 * - control: destroy, stop, exits, outcomes of scripts. Never refused.
 * - events: facts that arrive in floods; when full, their source stops reading.
 * - user: requests; when full, askers stand in line and tellers are refused.
 */
export type Lane = "control" | "events" | "user"

/** A queue without shifting: taken items leave a gap that is closed when half of it is gap. */
class Fifo<A> {
  private items: (A | undefined)[] = []
  private head = 0

  get length(): number {
    return this.items.length - this.head
  }

  push(item: A): void {
    this.items.push(item)
  }

  take(): A | undefined {
    if (this.head === this.items.length) return undefined
    const item = this.items[this.head]
    this.items[this.head++] = undefined
    if (this.head === this.items.length) {
      this.items = []
      this.head = 0
    } else if (this.head > 32 && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head)
      this.head = 0
    }
    return item
  }

  /** The first that wait, without taking them. */
  first(count: number): readonly A[] {
    return this.items.slice(this.head, this.head + count) as A[]
  }

  putBack(earlier: readonly A[]): void {
    this.items = [...earlier, ...this.items.slice(this.head)]
    this.head = 0
  }

  /** Takes out the first item that matches, wherever it waits. */
  remove(matches: (item: A) => boolean): void {
    const index = this.items.findIndex((item) => item !== undefined && matches(item))
    if (index >= 0) this.items.splice(index, 1)
  }

  drain(): readonly A[] {
    const rest = this.items.slice(this.head) as A[]
    this.items = []
    this.head = 0
    return rest
  }
}

const lanes = ["control", "events", "user"] as const

/** Lanes are made when first used: most of a hundred thousand actors are idle. */
export class Mailbox<A> {
  private control: Fifo<A> | undefined
  private events: Fifo<A> | undefined
  private user: Fifo<A> | undefined
  private served: { readonly [L in Lane]: number } = laneWeight

  length(lane: Lane): number {
    return this[lane]?.length ?? 0
  }

  get isEmpty(): boolean {
    return this.length("control") + this.length("events") + this.length("user") === 0
  }

  push(lane: Lane, item: A): void {
    const fifo = this[lane] ?? new Fifo<A>()
    this[lane] = fifo
    fifo.push(item)
  }

  /** Items that were taken once and wait again, before everything else in their lane. */
  putBack(lane: Lane, items: readonly A[]): void {
    const fifo = this[lane] ?? new Fifo<A>()
    this[lane] = fifo
    fifo.putBack(items)
  }

  take(): A | undefined {
    const first = this.takeWithin()
    if (first !== undefined) return first
    this.served = laneWeight
    return this.takeWithin()
  }

  /** The first of each lane, without taking them. */
  first(count: number): readonly A[] {
    return lanes.flatMap((lane) => this[lane]?.first(count) ?? [])
  }

  remove(lane: Lane, matches: (item: A) => boolean): void {
    this[lane]?.remove(matches)
  }

  /** Gives up the lanes of an empty mailbox. */
  rest(): void {
    this.control = this.events = this.user = undefined
    this.served = laneWeight
  }

  drain(lane: Lane): readonly A[] {
    return this[lane]?.drain() ?? []
  }

  /** From the first lane that has an item and still has weight in this round. */
  private takeWithin(): A | undefined {
    for (const lane of lanes) {
      if (this.served[lane] === 0) continue
      const item = this[lane]?.take()
      if (item === undefined) continue
      this.served = { ...this.served, [lane]: this.served[lane] - 1 }
      return item
    }
    return undefined
  }
}
