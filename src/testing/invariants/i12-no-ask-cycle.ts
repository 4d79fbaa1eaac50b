/** I12: nobody waits in a circle, seen from outside the kernel that refuses such asks. */
import type { InspectionRecord } from "../../kernel/inspection.ts"
import type { Invariant } from "../simulation/view.ts"

/** A script that waits for an answer of an actor. */
interface Waiting {
  readonly from: string
  readonly to: string
}

class Waits {
  private life: number | undefined
  private readonly calls = new Map<number, Waiting>()

  check(record: InspectionRecord, life: number | undefined): string | undefined {
    if (life !== this.life) this.calls.clear()
    this.life = life
    const { call, outcome, sender, script, actor, message } = record
    if (outcome === "crashed" || outcome === "stopped") this.dropAll(actor)
    const isNew = call !== undefined && (outcome === "taken" || outcome === "postponed")
    if (isNew && sender !== undefined && script !== undefined)
      this.calls.set(call, { from: sender, to: actor })
    for (const answered of record.answers) this.calls.delete(answered)
    if (!isNew || sender === undefined || !this.calls.has(call)) return undefined
    const path = this.pathBack(actor, sender)
    return path && `'${message}' closes a circle: ${[sender, ...path].join(" waits for ")}`
  }

  private dropAll(actor: string): void {
    for (const [call, { from, to }] of this.calls)
      if (from === actor || to === actor) this.calls.delete(call)
  }

  private pathBack(from: string, goal: string, seen = new Set<string>()): string[] | undefined {
    if (from === goal) return [from]
    seen.add(from)
    for (const waiting of this.calls.values()) {
      if (waiting.from !== from || seen.has(waiting.to)) continue
      const rest = this.pathBack(waiting.to, goal, seen)
      if (rest !== undefined) return [from, ...rest]
    }
    return undefined
  }
}

export const noAskCycle: Invariant = {
  id: "I12",
  name: "NoAskCycle",
  statement:
    "The graph of actors whose scripts wait for each other's answers never has a circle, " +
    "and so no call ever has to be refused for one.",
  make: () => {
    const waits = new Waits()
    return {
      turn: (record, view) => waits.check(record, view.life?.number),
      history: ({ history }) => {
        const refused = history.operations.find(
          ({ result }) => result?.kind === "error" && result.tag === "AskCycle"
        )
        return refused && `${refused.call.call} ${refused.id} would have waited in a circle`
      }
    }
  }
}
