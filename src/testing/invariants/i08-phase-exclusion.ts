/** I08: calls have effects while the engine is open, not while it begins or ends. */
import type { InspectionRecord } from "../../kernel/inspection.ts"
import type { Invariant, View } from "../simulation/view.ts"

/** What the engine itself does while it begins and ends. */
const ownProcedures = new Set([undefined, "internal", "driver.open", "driver.close"])

/** What a call gives back when the drain has interrupted it: an undo, whenever it comes. */
const undoes = new Set(["release", "leave", "discard"])

const openPhases = new Set(["running", "draining"])

class Phases {
  private life: number | undefined
  private phase = "stopped"
  /** Engine -> when it last let a call in. */
  readonly letIn = new Map<number, number>()

  check(record: InspectionRecord, { life: alive, tick }: View): string | undefined {
    const life = alive?.number
    // The turn in which a deed killed the engine is told when the engine is gone already.
    if (life === undefined) return undefined
    if (life !== this.life) this.phase = "stopped"
    this.life = life
    const { actor, to, outcome, message, procedure } = record
    if (actor === "driver") this.phase = to
    if (actor === "driver" && message === "enter") this.letIn.set(life, tick)
    if (actor === "driver" || outcome !== "taken" || ownProcedures.has(procedure)) return undefined
    return openPhases.has(this.phase) || undoes.has(message)
      ? undefined
      : `${actor} took '${message}' of ${procedure} while the engine was ${this.phase}`
  }
}

/** Engines that were told to end, and did: not those that were killed on the way. */
const closedLives = ({ history }: View): ReadonlySet<number> =>
  new Set(history.happenings.flatMap(({ kind, life }) => (kind === "engine-closed" ? [life] : [])))

/** Who goes away is told nothing, and nobody else is left out. */
const unanswered = (view: View, { letIn }: Phases): string | undefined => {
  const closed = closedLives(view)
  const open = view.history.operations.filter(
    ({ result, life, invokedAt }) =>
      // One that came after all that were let in was at the door when the engine closed.
      result === undefined && closed.has(life) && invokedAt < (letIn.get(life) ?? 0)
  )
  const left = view.faults.met.filter(({ seam }) => seam === "client").length
  const [first] = open
  return first !== undefined && open.length > left
    ? `${open.length} calls had no answer when their engine closed, the first ${first.call.call} ` +
        `${first.id} of engine ${first.life}; ${left} clients had left`
    : undefined
}

export const phaseExclusion: Invariant = {
  id: "I08",
  name: "PhaseExclusion",
  statement:
    "No actor takes a client's request while the engine starts or ends, and every call that it " +
    "let in is answered before it has closed.",
  make: () => {
    const phases = new Phases()
    return {
      turn: (record, view) => phases.check(record, view),
      history: (view) => unanswered(view, phases)
    }
  }
}
