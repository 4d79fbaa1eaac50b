/** I06: a call that an actor has taken on is answered, once. */
import type { InspectionRecord } from "../../kernel/inspection.ts"
import type { Invariant, View } from "../simulation/view.ts"

/** The longest that an actor may keep anybody waiting: a start, and what it gives back. */
const boundMs = 75_000

/** Whether a QEMU that hangs has a device nobody knows before it answers or is dead. */
const isAttaching = (life: View["life"], actor: string): boolean => {
  const uuid = /^domain\/(.*)$/.exec(actor)?.[1]
  const ref = uuid === undefined ? undefined : life?.driver?.parts()?.domains.byUuid(uuid)?.ref
  const value = ref?.actor.published.value
  return value?.job === "attaching" && value.monitor !== "live"
}

class Owed {
  private life = 0
  /** Call number -> who owes it an answer. */
  private readonly calls = new Map<number, InspectionRecord>()

  check(record: InspectionRecord, life: number): string | undefined {
    if (life !== this.life) {
      this.life = life
      this.calls.clear()
    }
    const { outcome, call, actor } = record
    if (outcome === "taken" && call !== undefined) {
      if (this.calls.has(call)) return `call ${call} was taken on twice: ${actor} ${record.message}`
      this.calls.set(call, record)
    }
    for (const number of record.answers) {
      const owed = this.calls.get(number)
      if (owed === undefined) return `${actor} answered call ${number}, to which nothing is owed`
      if (owed.actor !== actor) return `${actor} answered call ${number} of ${owed.actor}`
      this.calls.delete(number)
    }
    // The kernel answers for an actor that failed or was ended.
    if (outcome === "crashed" || outcome === "stopped") this.dropAll(record)
    return undefined
  }

  /** A hung QEMU is asked again and again: what was asked just now is no rest of anything. */
  atRest({ life, world }: View): string | undefined {
    if (life?.number !== this.life) return undefined
    for (const [call, { actor, message, atMs }] of this.calls)
      if (world.nowMs - atMs > boundMs && !isAttaching(life, actor))
        return `at rest ${actor} owes an answer to '${message}', call ${call}, since ${atMs} ms`
    return undefined
  }

  /** Of two actors that were made for one domain the one that is not listed ends, and took none. */
  private dropAll({ actor, version }: InspectionRecord): void {
    for (const [number, owed] of this.calls)
      if (owed.actor === actor && owed.version <= version) this.calls.delete(number)
  }
}

export const exactlyOneReply: Invariant = {
  id: "I06",
  name: "ExactlyOneReply",
  statement:
    "Each call that an actor has taken on gets exactly one answer, from that actor; nothing is " +
    "answered that was not asked; at rest nobody waits.",
  make: () => {
    const owed = new Owed()
    return {
      turn: (record, view) => owed.check(record, view.life?.number ?? 0),
      rest: (view) => owed.atRest(view)
    }
  }
}
