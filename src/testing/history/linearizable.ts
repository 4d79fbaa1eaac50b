/**
 * Decides whether a concurrent history could have come from a sequential model: whether each call
 * can be given one moment between its begin and its end at which it took effect, so that the model
 * gives every result that was seen. Knows nothing of domains; works for anybody's history.
 *
 * The search is Wing and Gong's in Lowe's form (Testing for linearizability, 2017): depth first
 * from one end of a call to the next, with a memory of what was tried. Linearizable histories take
 * about linear time; the others, in the worst case, exponential in the number of overlapping calls.
 */

/**
 * One call. Ticks are numbers of one clock, all different: a call precedes another if it ended
 * before the other began; otherwise they overlap, and either may have come first.
 */
export interface TimedCall<Op, Result> {
  readonly operation: Op
  /** Meaningless while `endedAt` is `undefined`. */
  readonly result?: Result | undefined
  readonly invokedAt: number
  /**
   * `undefined`: nobody was told how it ended. It took effect at some time after it began, or will,
   * or never does.
   */
  readonly endedAt: number | undefined
  /**
   * Of a call without an end: what can have seen its effect at all began before this tick or was
   * under way at it. Afterwards it can take effect no more, as when who worked on it was killed.
   */
  readonly lapsesAt?: number | undefined
}

/** What the calls are taken to mean, one at a time. Pure. */
export interface SequentialModel<State, Op, Result> {
  readonly initial: State
  /**
   * The states in which the call may leave `state`, given its result; none when it cannot have had
   * this result here. Without an end its result is not known: every state it may lead to.
   */
  readonly apply: (state: State, call: TimedCall<Op, Result>) => readonly State[]
  /** The same text for states that nothing tells apart, and only for those. */
  readonly key: (state: State) => string
  /**
   * The parts of the state that the call reads or changes, where the state has parts. Calls that
   * have none in common may change places: neither result nor state tells. Without it, all depend
   * on each other.
   */
  readonly touches?: (operation: Op) => readonly number[]
}

export interface LinearizableOptions<State, Op, Result> {
  readonly operations: readonly TimedCall<Op, Result>[]
  readonly model: SequentialModel<State, Op, Result>
  /** Situations to look at before giving up. */
  readonly visitedMax?: number
}

export type Verdict<State, Op, Result> =
  | {
      readonly ok: true
      /** One that explains everything. Calls without an end that it does not need are left out. */
      readonly order: readonly TimedCall<Op, Result>[]
      readonly visited: number
    }
  | {
      readonly ok: false
      readonly why: "impossible"
      /** No order gets past the end of this call, given how the calls that overlap it ended. */
      readonly culprit: TimedCall<Op, Result>
      /** The calls that began before the culprit's end: they have no explanation by themselves. */
      readonly prefix: readonly TimedCall<Op, Result>[]
      /** As far as any order gets, and the state that the model is in then. */
      readonly order: readonly TimedCall<Op, Result>[]
      readonly state: State
      /** Under way or ended by then, and not in that order. The culprit is one of them. */
      readonly unplaced: readonly TimedCall<Op, Result>[]
      readonly visited: number
    }
  /** Too many calls overlap: `visitedMax` situations were looked at without an answer. */
  | { readonly ok: false; readonly why: "undecided"; readonly visited: number }

/** Some seconds' worth. */
export const visitedMaxDefault = 200_000

/** How far a search has come: calls that are placed, and the state they lead to. */
interface Situation<State, Op, Result> {
  readonly state: State
  /** The first of the ended calls, in the order of their ends, that is not placed. */
  readonly front: number
  /** Bit sets: of the ended calls, and of those without an end. */
  readonly placed: Uint32Array
  readonly used: Uint32Array
  /** The latest begin of a placed call. */
  readonly latest: number
  readonly count: number
  readonly before: Situation<State, Op, Result> | undefined
  readonly call: TimedCall<Op, Result> | undefined
}

const has = (bits: Uint32Array, at: number): boolean =>
  (((bits[at >>> 5] ?? 0) >>> (at & 31)) & 1) === 1

const withBit = (bits: Uint32Array, at: number): Uint32Array => {
  const copy = bits.slice()
  copy[at >>> 5] = (copy[at >>> 5] ?? 0) | (1 << (at & 31))
  return copy
}

const isSubset = (a: Uint32Array, b: Uint32Array): boolean => {
  for (let word = 0; word < a.length; word++)
    if (((a[word] ?? 0) & ~(b[word] ?? 0)) !== 0) return false
  return true
}

const emptyBits = (size: number): Uint32Array => new Uint32Array(Math.ceil(size / 32))

interface Candidate<Op, Result> {
  readonly call: TimedCall<Op, Result>
  /** Its bit, in `used` if it has no end, else in `placed`. */
  readonly bit: number
  readonly isOptional: boolean
}

/**
 * What was tried, by the ended calls that were placed and the state: which calls without an end had
 * been used. Who has used more has no more ways to go on than who has used less.
 */
class Memory {
  private readonly tried = new Map<string, Uint32Array[]>()
  visited = 0

  /** `false` when this, or what can do as much, was tried before. */
  add(key: string, used: Uint32Array): boolean {
    const known = this.tried.get(key)
    if (known === undefined) this.tried.set(key, [used])
    else {
      if (known.some((other) => isSubset(other, used))) return false
      known.push(used)
    }
    this.visited++
    return true
  }
}

class Search<State, Op, Result> {
  private readonly model: SequentialModel<State, Op, Result>
  private readonly ended: readonly Candidate<Op, Result>[]
  private readonly open: readonly Candidate<Op, Result>[]
  private readonly candidates: (readonly Candidate<Op, Result>[] | undefined)[] = []
  readonly memory = new Memory()
  deepest: Situation<State, Op, Result>

  constructor({ operations, model }: LinearizableOptions<State, Op, Result>) {
    this.model = model
    const endOf = (call: TimedCall<Op, Result>) => call.endedAt ?? Number.POSITIVE_INFINITY
    this.ended = operations
      .filter((call) => call.endedAt !== undefined)
      .toSorted((a, b) => endOf(a) - endOf(b))
      .map((call, bit) => ({ call, bit, isOptional: false }))
    this.open = operations
      .filter((call) => call.endedAt === undefined)
      .toSorted((a, b) => a.invokedAt - b.invokedAt)
      .map((call, bit) => ({ call, bit, isOptional: true }))
    this.deepest = {
      state: model.initial,
      front: 0,
      placed: emptyBits(this.ended.length),
      used: emptyBits(this.open.length),
      latest: Number.NEGATIVE_INFINITY,
      count: 0,
      before: undefined,
      call: undefined
    }
  }

  /** The end of the search: every call that has an end is placed. */
  run(visitedMax: number): Situation<State, Op, Result> | "impossible" | "undecided" {
    const stack = [this.deepest]
    for (let now = stack.pop(); now !== undefined; now = stack.pop()) {
      if (now.front > this.deepest.front || now.count > this.deepest.count) this.note(now)
      if (now.front === this.ended.length) return now
      if (!this.memory.add(this.keyOf(now), now.used)) continue
      if (this.memory.visited > visitedMax) return "undecided"
      // The last on the stack is tried first: the call whose end is next.
      for (const candidate of this.at(now.front).toReversed()) this.place(now, candidate, stack)
    }
    return "impossible"
  }

  /** The call whose end no order got past. */
  get culprit(): TimedCall<Op, Result> {
    const culprit = this.ended[this.deepest.front]
    if (culprit === undefined) throw new Error("a search that failed has a call left to place")
    return culprit.call
  }

  private note(now: Situation<State, Op, Result>): void {
    if (now.front >= this.deepest.front) this.deepest = now
  }

  /** Before `front` all are placed, so that only the words from there on tell anything apart. */
  private keyOf({ front, placed, state }: Situation<State, Op, Result>): string {
    return `${front} ${placed.subarray(front >>> 5).join(" ")} ${this.model.key(state)}`
  }

  /** What may be placed while the call `front` is the next to end: it, and what overlaps it. */
  private at(front: number): readonly Candidate<Op, Result>[] {
    const known = this.candidates[front]
    if (known !== undefined) return known
    const until = this.ended[front]?.call.endedAt ?? 0
    const placed = this.ended.slice(0, front).map(({ call }) => call.invokedAt)
    const latest = Math.max(Number.NEGATIVE_INFINITY, ...placed)
    const isBegun = ({ call }: Candidate<Op, Result>) =>
      call.invokedAt < until && latest <= (call.lapsesAt ?? Number.POSITIVE_INFINITY)
    const [next, ...others] = this.ended.slice(front)
    const begun = [...others.filter(isBegun), ...this.open.filter(isBegun)]
    const found = next === undefined ? [] : [next, ...this.concerning(next, begun)]
    this.candidates[front] = found
    return found
  }

  /**
   * Those that can make a difference to `next`. What has no part in common with it, nor with any
   * other that has, comes to the same after it; unless it has lapsed by then.
   */
  private concerning(
    next: Candidate<Op, Result>,
    begun: readonly Candidate<Op, Result>[]
  ): readonly Candidate<Op, Result>[] {
    const { touches } = this.model
    if (touches === undefined) return begun
    const own = touches(next.call.operation)
    const parts = new Set(own)
    const chosen = new Set<Candidate<Op, Result>>()
    let latest = next.call.invokedAt
    const isConcerned = ({ call }: Candidate<Op, Result>) =>
      (call.lapsesAt ?? Number.POSITIVE_INFINITY) < latest ||
      touches(call.operation).some((part) => parts.has(part))
    for (let size = -1; size < chosen.size; ) {
      size = chosen.size
      for (const candidate of begun) {
        if (chosen.has(candidate) || !isConcerned(candidate)) continue
        chosen.add(candidate)
        for (const part of touches(candidate.call.operation)) parts.add(part)
        latest = Math.max(latest, candidate.call.invokedAt)
      }
    }
    // What is about the same and about little is the likeliest to be what it waits for.
    const distance = ({ call }: Candidate<Op, Result>) => {
      const theirs = touches(call.operation)
      return theirs.some((part) => own.includes(part)) ? theirs.length : Number.POSITIVE_INFINITY
    }
    const byDistance = new Map(begun.map((candidate) => [candidate, distance(candidate)]))
    const near = (candidate: Candidate<Op, Result>) => byDistance.get(candidate) ?? 0
    return begun
      .filter((candidate) => chosen.has(candidate))
      .toSorted((a, b) => (near(a) === near(b) ? 0 : near(a) - near(b)))
  }

  private place(
    now: Situation<State, Op, Result>,
    { call, bit, isOptional }: Candidate<Op, Result>,
    stack: Situation<State, Op, Result>[]
  ): void {
    if (has(isOptional ? now.used : now.placed, bit)) return
    if (now.latest > (call.lapsesAt ?? Number.POSITIVE_INFINITY)) return
    const states = this.model.apply(now.state, call)
    if (states.length === 0) return
    const before = isOptional ? this.model.key(now.state) : undefined
    const placed = isOptional ? now.placed : withBit(now.placed, bit)
    const used = isOptional ? withBit(now.used, bit) : now.used
    let { front } = now
    while (front < this.ended.length && has(placed, front)) front++
    const latest = Math.max(now.latest, call.invokedAt)
    for (const state of states.toReversed()) {
      // What need not have happened and changes nothing has not happened.
      if (isOptional && this.model.key(state) === before) continue
      stack.push({ state, front, placed, used, latest, count: now.count + 1, before: now, call })
    }
  }
}

const pathTo = <State, Op, Result>(
  situation: Situation<State, Op, Result>
): readonly TimedCall<Op, Result>[] => {
  const path: TimedCall<Op, Result>[] = []
  for (
    let at: Situation<State, Op, Result> | undefined = situation;
    at?.call !== undefined;
    at = at.before
  )
    path.push(at.call)
  return path.reverse()
}

/**
 * Whether the history is linearizable against the model, with an order that shows it, or the
 * first calls that have none.
 *
 * **Gotchas.** Take a history apart first where the model is a product (one register each): see
 * `partition`. Calls that were begun in vain are left out by the caller; those whose outcome nobody
 * knows have no `endedAt`.
 */
export const linearizable = <State, Op, Result>(
  options: LinearizableOptions<State, Op, Result>
): Verdict<State, Op, Result> => {
  const search = new Search(options)
  const found = search.run(options.visitedMax ?? visitedMaxDefault)
  const { visited } = search.memory
  if (found === "undecided") return { ok: false, why: "undecided", visited }
  if (found !== "impossible") return { ok: true, order: pathTo(found), visited }
  const { culprit, deepest } = search
  const order = pathTo(deepest)
  const until = culprit.endedAt ?? Number.POSITIVE_INFINITY
  const prefix = options.operations
    .filter(({ invokedAt }) => invokedAt < until)
    .toSorted((a, b) => a.invokedAt - b.invokedAt)
  const isPlaced = new Set(order)
  const unplaced = prefix.filter((call) => !isPlaced.has(call))
  const { state } = deepest
  return { ok: false, why: "impossible", culprit, prefix, order, state, unplaced, visited }
}

/** The calls of each key, in their order. A call that concerns several keys stands with each. */
export const partition = <Op, Result, Key>(
  operations: readonly TimedCall<Op, Result>[],
  keysOf: (operation: Op) => readonly Key[]
): ReadonlyMap<Key, readonly TimedCall<Op, Result>[]> => {
  const parts = new Map<Key, TimedCall<Op, Result>[]>()
  for (const call of operations)
    for (const key of keysOf(call.operation)) {
      const part = parts.get(key)
      if (part === undefined) parts.set(key, [call])
      else part.push(call)
    }
  return parts
}
