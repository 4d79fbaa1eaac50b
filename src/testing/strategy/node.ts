/**
 * One point of a run where something was delivered or picked, as partial-order reduction keeps it:
 * what might have been delivered there, what was, and what is still to be tried.
 */
import { dependent, everything, type Footprint } from "./footprint.ts"

/** Tasks have numbers that are the same in all runs of an exploration. */
export type TaskId = number

export class Node {
  /** A pick's alternatives are no deliveries: nothing commutes with them, and all are tried. */
  readonly isPick: boolean
  readonly ready: readonly TaskId[]
  chosen: TaskId
  /** The delivery that made what was chosen, as an index; -1: none did. */
  maker = -1
  footprint: Footprint = everything
  /** Everything before this index came before, for time passed between. */
  readonly segment: number
  /** Of the nodes from `segment` on, those that came before this one, as bits. */
  private before = new Uint32Array(0)
  /** Deliveries that were tried elsewhere already and commute with all that was done since. */
  readonly asleep: ReadonlyMap<TaskId, Footprint>
  private readonly tried = new Map<TaskId, Footprint>()
  private readonly wanted = new Set<TaskId>()

  constructor(part: {
    readonly isPick: boolean
    readonly ready: readonly TaskId[]
    readonly chosen: TaskId
    readonly segment: number
    readonly asleep: ReadonlyMap<TaskId, Footprint>
  }) {
    this.isPick = part.isPick
    this.ready = part.ready
    this.chosen = part.chosen
    this.segment = part.segment
    this.asleep = part.asleep
    this.wanted.add(part.chosen)
    if (part.isPick) for (const each of part.ready) this.wanted.add(each)
  }

  /** The choice as it stands in a list. */
  get index(): number {
    return this.ready.indexOf(this.chosen)
  }

  get isChoice(): boolean {
    return this.ready.length > 1
  }

  isWanted(id: TaskId): boolean {
    return this.wanted.has(id)
  }

  want(id: TaskId): void {
    this.wanted.add(id)
  }

  /** What sleeps after this node: what was tried before, and does not notice what happened here. */
  asleepAfter(): ReadonlyMap<TaskId, Footprint> {
    const after = new Map<TaskId, Footprint>()
    if (this.isPick) return this.asleep
    for (const known of [this.asleep, this.tried])
      for (const [id, footprint] of known)
        if (id !== this.chosen && !dependent(footprint, this.footprint)) after.set(id, footprint)
    return after
  }

  /** Goes on to the next that is to be tried here. `false`: there is none. */
  advance(): boolean {
    this.tried.set(this.chosen, this.footprint)
    for (const id of this.wanted) {
      if (this.tried.has(id) || this.asleep.has(id)) continue
      this.chosen = id
      return true
    }
    return false
  }

  /** Whether the node at `index`, of the same segment, came before this one. */
  isAfter(index: number): boolean {
    const bit = index - this.segment
    return ((this.before[bit >> 5] ?? 0) & (1 << (bit & 31))) !== 0
  }

  /** Nothing came before it yet, of the `length` nodes that its segment has so far. */
  clear(length: number): void {
    this.before = new Uint32Array((length + 31) >> 5)
  }

  /** The node at `index` came before this one, and so did all that came before it. */
  follow(index: number, node: Node): void {
    const bit = index - this.segment
    const word = bit >> 5
    this.before[word] = (this.before[word] ?? 0) | (1 << (bit & 31))
    for (const [at, bits] of node.before.entries()) this.before[at] = (this.before[at] ?? 0) | bits
  }
}
