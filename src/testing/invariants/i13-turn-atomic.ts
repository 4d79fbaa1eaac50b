/** I13: an actor's state changes by its turns, one after the other, and by nothing else. */
import type { Turn } from "../../kernel/inspection.ts"
import type { Invariant } from "../simulation/view.ts"

/** An actor, and one that is gone, whose name it has: each goes on where it left off. */
interface Named {
  readonly tails: unknown[]
  serial: number
}

class Chain {
  private life = 0
  private readonly actors = new Map<string, Named>()

  check({ record, before, after }: Turn, life: number): string | undefined {
    if (life !== this.life) this.actors.clear()
    this.life = life
    const { actor, version, serial, message } = record
    const there = this.actors.get(actor)
    if (there === undefined) {
      this.actors.set(actor, { tails: [after], serial })
      return undefined
    }
    if (serial <= there.serial) return `${actor} took '${message}' inside another turn`
    there.serial = serial
    const at = there.tails.indexOf(before)
    if (at >= 0) there.tails[at] = after
    else there.tails.push(after)
    // A new one, of which this is the first turn or the first that changes anything.
    return at >= 0 || version <= 1
      ? undefined
      : `${actor} was changed between two turns, before '${message}'`
  }

  /** It runs again, from another state. */
  restarted(actor: string): void {
    this.actors.delete(actor)
  }
}

export const turnAtomic: Invariant = {
  id: "I13",
  name: "TurnAtomic",
  statement:
    "Each turn of an actor begins with the state that its last turn left, and none begins before " +
    "the last is over.",
  make: () => {
    const chain = new Chain()
    return {
      decided: (turn, view) => chain.check(turn, view.life?.number ?? 0),
      turn: ({ actor, outcome }) => {
        // One that was stopped takes no more turns; another of its name goes on with its own.
        if (outcome === "restarted") chain.restarted(actor)
        return undefined
      }
    }
  }
}
