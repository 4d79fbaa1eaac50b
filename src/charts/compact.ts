/**
 * Places on one axis, in whole steps: each as far from others as is asked, all as close together as
 * can be, and what has room to spare in the middle of it. Pure.
 */

interface Edge {
  readonly from: number
  readonly to: number
  readonly gap: number
}

/** Grows while a picture is read; `places` then answers for all of it. */
export class Axis {
  /** Where each place was: places keep to this order. */
  readonly #before: number[] = []
  readonly #edges: Edge[] = []

  /** A new place, by the number that it is known by. */
  place(before: number): number {
    return this.#before.push(before) - 1
  }

  /** From one place to a later one there are at least so many steps. */
  apart(from: number, to: number, gap: number): void {
    this.#edges.push({ from, to, gap })
  }

  /** Each place in steps from the first; undefined when what is asked contradicts itself. */
  places(): readonly number[] | undefined {
    const order = [...this.#before.keys()].toSorted(
      (one, other) => (this.#before[one] ?? 0) - (this.#before[other] ?? 0)
    )
    const ahead = this.#spread(
      order,
      ({ from }) => from,
      ({ to }) => to
    )
    if (ahead === undefined) return undefined
    const back = this.#spread(
      order.toReversed(),
      ({ to }) => to,
      ({ from }) => from
    )
    if (back === undefined) return undefined
    const end = Math.max(0, ...ahead)
    // The middle of two answers is one: differences in whole steps survive it.
    return ahead.map((place, at) => Math.floor((place + end - (back[at] ?? 0)) / 2))
  }

  /** How far each place is at least from the nearest end. */
  #spread(
    order: readonly number[],
    near: (edge: Edge) => number,
    far: (edge: Edge) => number
  ): readonly number[] | undefined {
    const leaving = Map.groupBy(this.#edges, near)
    const found = this.#before.map(() => 0)
    for (let pass = 0; pass < passesMax; pass += 1) {
      let isSettled = true
      for (const at of order)
        for (const edge of leaving.get(at) ?? []) {
          const least = (found[at] ?? 0) + edge.gap
          if (least <= (found[far(edge)] ?? 0)) continue
          found[far(edge)] = least
          isSettled = false
        }
      if (isSettled) return found
    }
    return undefined
  }
}

/** In the places' order one pass is enough; ties may need more, and circles never end. */
const passesMax = 20
