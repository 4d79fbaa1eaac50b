/** I13: an actor's state changes by its turns, one after the other, and by nothing else. */
import type { Turn } from "../../kernel/inspection.ts"
import type { Invariant } from "../simulation/view.ts"

interface Last {
  readonly state: unknown
  readonly version: number
  readonly serial: number
}

class Chain {
  private life = 0
  private readonly last = new Map<string, Last>()

  check({ record, before, after }: Turn, life: number): string | undefined {
    if (life !== this.life) this.last.clear()
    this.life = life
    const { actor, version, serial, message } = record
    const last = this.last.get(actor)
    this.last.set(actor, { state: after, version, serial })
    // The first that is seen of an actor, or a new one under the name of one that is gone.
    if (last === undefined || version < last.version) return undefined
    if (serial <= last.serial) return `${actor} took '${message}' inside another turn`
    if (before === last.state) return undefined
    return version <= 1 ? undefined : `${actor} was changed between two turns, before '${message}'`
  }

  /** It runs again, from another state. */
  restarted(actor: string): void {
    this.last.delete(actor)
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
        if (outcome === "restarted" || outcome === "stopped") chain.restarted(actor)
        return undefined
      }
    }
  }
}
