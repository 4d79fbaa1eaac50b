/** Chance from a seed, with the two draws that random plans are made of. */
import { Chance } from "../strategy/chance.ts"

export class Draw extends Chance {
  /** Each as likely as the others. */
  among<A>(items: readonly A[]): A {
    const item = items[this.below(items.length)]
    if (item === undefined) throw new Error("one of nothing cannot be drawn")
    return item
  }

  /** As likely as its weight; one of weight 0 never is. */
  weighted<A>(items: readonly (readonly [A, number])[]): A {
    let left = this.fraction() * items.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [item, weight] of items) {
      left -= weight
      if (left < 0) return item
    }
    throw new Error("of what is drawn something has weight")
  }
}
