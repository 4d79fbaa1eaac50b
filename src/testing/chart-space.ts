/**
 * Walks every state that a composition of pure charts can reach, breadth first and each once, and
 * holds each against its laws. Knows nothing of charts: a state is whatever its space says it is,
 * and two states with one key are one.
 */

export interface Move<S> {
  readonly name: string
  readonly next: S
}

export interface Space<S> {
  readonly initial: S
  /** A number must be a safe integer. What is not in the key must not matter. */
  readonly key: (state: S) => string | number
  /** What may happen next. None: the state is an end. */
  readonly moves: (state: S) => readonly Move<S>[]
  /** What is wrong with a state, in a sentence. */
  readonly wrong?: (state: S, moves: readonly Move<S>[]) => string | undefined
}

export interface WalkOptions {
  readonly statesMax?: number
  /** Asked once in a while: time is the caller's. */
  readonly isOver?: () => boolean
}

export interface Walk {
  /** All of them looked at. */
  readonly states: number
  readonly transitions: number
  /** How many moves the farthest state is away. */
  readonly depth: number
  /** States in which nothing more happens. */
  readonly ends: number
  /** Nothing is left to be looked at. */
  readonly isComplete: boolean
  /** The first state that breaks a law, with a shortest way to it. */
  readonly broken: { readonly what: string; readonly path: readonly string[] } | undefined
}

const statesMaxDefault = 1_000_000
/** A Set holds 2^24 values, and more of them are walked than that. */
const shards = 64
const statesPerLook = 4096

/** Keys that were seen. */
class Seen {
  private readonly sets = Array.from({ length: shards }, () => new Set<string | number>())

  /** `false`: it was there already. */
  add(key: string | number): boolean {
    const shard = typeof key === "number" ? key % shards : key.length % shards
    const set = this.sets[shard] ?? new Set()
    const { size } = set
    return set.add(key).size > size
  }
}

/** The way to each state, as the state before it and the number of the move. */
class Ways {
  private befores = new Int32Array(1024)
  private moves = new Uint16Array(1024)
  count = 0

  add(before: number, move: number): number {
    if (this.count === this.befores.length) {
      const [befores, moves] = [this.befores, this.moves]
      this.befores = new Int32Array(this.count * 2)
      this.moves = new Uint16Array(this.count * 2)
      this.befores.set(befores)
      this.moves.set(moves)
    }
    this.befores[this.count] = before
    this.moves[this.count] = move
    return this.count++
  }

  to(state: number): readonly number[] {
    const moves: number[] = []
    for (let at = state; at > 0; at = this.befores[at] ?? 0) moves.unshift(this.moves[at] ?? 0)
    return moves
  }
}

const namesOf = <S>(space: Space<S>, moves: readonly number[]): readonly string[] => {
  let state = space.initial
  return moves.map((index) => {
    const move = space.moves(state)[index]
    if (move === undefined) throw new Error("a state has the same moves whenever it is asked")
    state = move.next
    return move.name
  })
}

export const walk = <S>(
  space: Space<S>,
  { statesMax = statesMaxDefault, isOver = () => false }: WalkOptions = {}
): Walk => {
  const seen = new Seen()
  const ways = new Ways()
  let [transitions, depth, ends, looked] = [0, 0, 0, 0]
  let layer: S[] = [space.initial]
  let first = ways.add(0, 0)
  seen.add(space.key(space.initial))
  const result = (isComplete: boolean, broken: Walk["broken"] = undefined): Walk => ({
    states: looked,
    transitions,
    depth,
    ends,
    isComplete,
    broken
  })
  while (layer.length > 0) {
    const further: S[] = []
    const firstFurther = ways.count
    for (const [index, state] of layer.entries()) {
      if (looked >= statesMax || (looked % statesPerLook === 0 && isOver())) return result(false)
      looked++
      const moves = space.moves(state)
      const what = space.wrong?.(state, moves)
      if (what !== undefined)
        return result(false, { what, path: namesOf(space, ways.to(first + index)) })
      if (moves.length === 0) ends++
      transitions += moves.length
      for (const [number, { next }] of moves.entries())
        if (seen.add(space.key(next))) {
          ways.add(first + index, number)
          further.push(next)
        }
    }
    if (further.length > 0) depth++
    layer = further
    first = firstFurther
  }
  return result(true)
}
