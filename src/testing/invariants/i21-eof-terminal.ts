/** I21: the end of a connection is the last that is heard of it, and no guest's death. */
import type { Invariant } from "../simulation/view.ts"
import { type DomainTurn, domainTurn, lifeOf } from "./domain-turn.ts"
import { isOver, type MonitorTurn, monitorTurn } from "./monitor-turn.ts"

const broken = ({ record, before, after }: MonitorTurn): string | undefined => {
  const { actor, message, actions, answers, outcome } = record
  if (outcome !== "taken") return undefined
  if (isOver(before)) {
    // A command that comes too late is told so; nothing else happens any more.
    const isLate = message === "execute" && actions.every((action) => action === "reply")
    return isLate || actions.length === 0
      ? undefined
      : `${actor} acted on '${message}' after its end`
  }
  if (!isOver(after)) return undefined
  if (after.waiting.size > 0) return `${actor} ended with ${after.waiting.size} commands open`
  const owed = [...before.waiting.values()].find(({ call }) => !answers.includes(call))
  return owed && `${actor} ended, and '${owed.command}' was not answered`
}

const mistaken = ({ record, message, before, after }: DomainTurn): string | undefined =>
  message.type === "monitorEnded" && lifeOf(before) !== lifeOf(after)
    ? `${record.actor} went from ${lifeOf(before)} to ${lifeOf(after)} as its monitor ended`
    : undefined

export const eofTerminal: Invariant = {
  id: "I21",
  name: "EofTerminal",
  statement:
    "After the end of a monitor's connection nothing comes of it, each command that was open " +
    "fails once, and the guest is what it was: only its process can be dead.",
  make: () => ({
    decided: (turn) => {
      const monitor = monitorTurn(turn)
      if (monitor !== undefined) return broken(monitor)
      const domain = domainTurn(turn)
      return domain && mistaken(domain)
    }
  })
}
