/**
 * Partial-order reduction: of all orders that differ only in deliveries which commute, one is run.
 * Source-DPOR with sleep sets (Abdulla, Aronis, Jonsson, Sagonas, POPL 2014): each run is looked
 * through for races, pairs of dependent deliveries that nothing else puts in order, and for each
 * race a run is tried in which it goes the other way. Knows of the program only what it is told.
 */
import { Bits, dependent, everything, type Footprint, Tracks } from "./footprint.ts"
import { Node, type TaskId } from "./node.ts"
import type { Candidate, Strategy, Watcher } from "./strategy.ts"

/** Thrown out of a run that would only repeat others in another order. */
export class Abandoned extends Error {
  constructor() {
    super("this order of deliveries is equivalent to one that was run")
  }
}

interface Task {
  readonly id: TaskId
  readonly maker: number
}

const noneAsleep: ReadonlyMap<TaskId, Footprint> = new Map()

/** More than one delivery ever makes: two numbers in one. */
const tasksPerDeliveryMax = 2 ** 20

export class Reduction {
  private readonly nodes: Node[] = []
  private readonly bits = new Bits()
  private readonly ids = new Map<number, TaskId>()
  /** Nodes below are known from earlier runs. */
  private replayed = 0
  // What follows is of the present run.
  private tasks = new WeakMap<Candidate, Task>()
  /** The last node so far. */
  private at = -1
  /** The delivery that is under way, as an index; -1: whoever runs the world is at work. */
  private delivering = -1
  private isChosen = false
  private segment = 0
  private made = 0
  private madeOutside = 0
  private passings = 0
  private tracks = new Tracks()

  /** To be given to the world of the next run. */
  get strategy(): Strategy {
    return {
      next: (ready) => {
        this.isChosen = true
        return this.choose(ready.map((each) => this.taskOf(each)))
      },
      pick: (count) => this.pick(count),
      watcher: this.watcher
    }
  }

  /** The choices of the present run, as a list that replays it. */
  get choices(): readonly number[] {
    const met = this.nodes.slice(0, this.at + 1)
    return met.filter((node) => node.isChoice).map((node) => node.index)
  }

  /** Learns from the run that is over. `false`: there is no other left. */
  next(): boolean {
    this.end()
    for (let index = Math.max(0, this.replayed - 1); index < this.nodes.length; index++)
      this.findRaces(index)
    while (this.nodes.length > 0 && this.nodes.at(-1)?.advance() !== true) this.nodes.pop()
    this.replayed = this.nodes.length
    this.tasks = new WeakMap()
    this.at = -1
    this.isChosen = false
    this.segment = this.madeOutside = this.passings = 0
    return this.nodes.length > 0
  }

  private readonly watcher: Watcher = {
    added: (candidate) => {
      const { delivering } = this
      const parent = this.nodes[delivering]?.chosen ?? -1
      const number = delivering < 0 ? this.madeOutside++ : this.made++
      const id = this.idOf((parent + 1) * tasksPerDeliveryMax + number)
      this.tasks.set(candidate, { id, maker: delivering })
      if (delivering < 0) this.part()
    },
    begins: (candidate) => {
      // Where there was nothing to choose, nobody was asked.
      if (!this.isChosen) this.choose([this.taskOf(candidate)])
      this.isChosen = false
      this.delivering = this.at
      this.made = 0
      this.tracks = new Tracks()
      if (candidate.owner?.isTelling === false) this.tracks.everything()
      if (candidate.realm === "time") this.passings++
    },
    touched: (what, isWrite) => {
      if (what === undefined) this.tracks.everything()
      else this.tracks.add(this.bits.of(what), isWrite)
      if (this.delivering < 0 && isWrite) this.part()
    },
    ended: () => this.end(),
    timePassed: () => this.part()
  }

  private end(): void {
    const node = this.nodes[this.delivering]
    if (node !== undefined && this.delivering >= this.replayed - 1)
      node.footprint = this.tracks.footprint
    this.delivering = -1
  }

  /** All that was comes before all that follows. */
  private part(): void {
    this.segment = this.at + 1
  }

  private choose(ready: readonly Task[]): number {
    const known = this.nodes[this.at + 1]
    const node = known ?? this.newNode(ready.map(({ id }) => id))
    const index = ready.findIndex(({ id }) => id === node.chosen)
    if (index < 0) throw new Error("the same choices led elsewhere: the run is not deterministic")
    if (known === undefined) this.nodes.push(node)
    node.maker = ready[index]?.maker ?? -1
    this.at++
    return index
  }

  private newNode(ready: readonly TaskId[]): Node {
    const { segment } = this
    const isFirst = segment === this.at + 1
    const asleep = (isFirst ? undefined : this.nodes[this.at]?.asleepAfter()) ?? noneAsleep
    const chosen = ready.find((id) => !asleep.has(id))
    if (chosen === undefined) throw new Abandoned()
    return new Node({ isPick: false, ready, chosen, segment, asleep })
  }

  /** Within a delivery it is a part of it, and makes it depend on everything. */
  private pick(count: number): number {
    this.tracks.everything()
    const delivery = this.nodes[this.delivering]
    if (delivery !== undefined) delivery.footprint = everything
    const { segment } = this
    const ready = Array.from({ length: count }, (_, index) => index)
    const known = this.nodes[this.at + 1]
    const node = known ?? new Node({ isPick: true, ready, chosen: 0, segment, asleep: noneAsleep })
    if (known === undefined) this.nodes.push(node)
    this.at++
    return node.chosen
  }

  private taskOf(candidate: Candidate): Task {
    const known = this.tasks.get(candidate)
    // Time passing is always the same candidate, and another event each time.
    return known ?? { id: this.idOf(-1 - this.passings), maker: -1 }
  }

  private idOf(name: number): TaskId {
    const id = this.ids.get(name) ?? this.ids.size
    this.ids.set(name, id)
    return id
  }

  /** Puts the node at `index` in order after what it depends on; what raced with it is reversed. */
  private findRaces(index: number): void {
    const node = this.nodes[index]
    if (node === undefined || node.isPick) return
    node.clear(index - node.segment)
    const maker = node.maker < node.segment ? undefined : this.nodes[node.maker]
    if (maker !== undefined) node.follow(node.maker, maker)
    for (let earlier = index - 1; earlier >= node.segment; earlier--) {
      const other = this.nodes[earlier]
      if (other === undefined || other.isPick || node.isAfter(earlier)) continue
      if (!dependent(other.footprint, node.footprint)) continue
      this.reverse(earlier, index)
      node.follow(earlier, other)
    }
  }

  /**
   * Has a run tried from `earlier` on that begins with what did not come after it, so that the
   * delivery at `later` comes first. Any beginning will do, and one that is wanted already is one.
   */
  private reverse(earlier: number, later: number): void {
    const from = this.nodes[earlier]
    const onward: number[] = []
    for (let index = earlier + 1; index <= later; index++) {
      const node = this.nodes[index]
      if (node === undefined || node.isPick || node.isAfter(earlier)) continue
      const isInitial = !onward.some((before) => node.isAfter(before))
      onward.push(index)
      if (isInitial && from?.isWanted(node.chosen) === true) return
    }
    // The first of them comes after none of them. What was not ready there, `earlier` made so.
    const first = this.nodes[onward[0] ?? later]?.chosen
    if (first !== undefined && from?.ready.includes(first) === true) from.want(first)
  }
}
