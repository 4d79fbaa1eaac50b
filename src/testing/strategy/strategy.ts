/**
 * Who is served next, as an interface: what a strategy is asked, and what it may watch. Types only.
 */

/** What waits to be served, as a strategy sees it. The same object for as long as it waits. */
export interface Candidate {
  /** The realm that it belongs to: a process of the simulated host, or the world itself. */
  readonly realm: string
  /** A turn of an actor carries the actor's name. */
  readonly label: string
  /** Whether what it tells to share is all. */
  readonly owner?: { readonly isTelling: boolean }
}

/** What happens between two choices, told as it happens. */
export interface Watcher {
  /** Something waits from now on, to be served or for its time: the present delivery made it. */
  readonly added: (candidate: Candidate) => void
  /** Delivery of this one begins, chosen or the only one there was. May throw to end the run. */
  readonly begins: (candidate: Candidate) => void
  /**
   * The present delivery looks at, or changes, something that others share: an actor, a disk;
   * `undefined` is everything there is.
   */
  readonly touched: (what: string | undefined, isWrite: boolean) => void
  /** The present delivery is over; what is told from now on is told by whoever runs the world. */
  readonly ended: () => void
  /** Nothing was ready, and time passed: all that follows comes after all that was. */
  readonly timePassed: () => void
}

export interface Strategy {
  /** An index into `ready`; never asked with fewer than two. */
  readonly next: (ready: readonly Candidate[]) => number
  /**
   * One of `count` ways on, asked for by the program under test itself (`World.pick`). Without
   * this, the first.
   */
  readonly pick?: (count: number) => number
  readonly watcher?: Watcher | undefined
}
