/**
 * Whether a history of calls is one that a single sequential table could have given (Wing and
 * Gong's search, with Lowe's memory of what was tried). An operation without a result was
 * abandoned: it may have taken effect at any later time, or never.
 */

export interface Operation<I, O> {
  readonly input: I
  readonly result: O | undefined
  /** When it was asked and when it was answered, on one clock that never stands still. */
  readonly from: number
  readonly until: number
}

export interface Model<S, I, O> {
  readonly initial: S
  readonly apply: (state: S, input: I) => readonly [S, O]
  /** Two states with one key are one state. */
  readonly key: (state: S) => string
}

export const isLinearizable = <S, I, O>(
  history: readonly Operation<I, O>[],
  { initial, apply, key }: Model<S, I, O>
): boolean => {
  const tried = new Set<string>()
  const search = (done: ReadonlySet<number>, state: S): boolean => {
    const left = [...history.entries()].filter(([index]) => !done.has(index))
    if (left.every(([, { result }]) => result === undefined)) return true
    const here = `${[...done].toSorted((a, b) => a - b).join()}|${key(state)}`
    if (tried.has(here)) return false
    tried.add(here)
    const firstEnd = Math.min(...left.map(([, { until }]) => until))
    return left
      .filter(([, { from }]) => from <= firstEnd)
      .some(([index, { input, result }]) => {
        const [next, answer] = apply(state, input)
        const fits = result === undefined || JSON.stringify(answer) === JSON.stringify(result)
        return fits && search(new Set([...done, index]), next)
      })
  }
  return search(new Set(), initial)
}
