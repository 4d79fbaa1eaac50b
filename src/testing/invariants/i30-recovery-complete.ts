/** I30: an engine that opens has taken over every guest, and ends what never was one. */
import type { Turn } from "../../kernel/inspection.ts"
import type { Invariant, View } from "../simulation/view.ts"
import { domainTurn } from "./domain-turn.ts"
import { livingQemus } from "./living.ts"

const keyOf = ({ uuid, epoch }: { readonly uuid: string; readonly epoch: string }) =>
  `${uuid}/${epoch}`

/** Epochs that were guests: started, as far as a client was or would have been told. */
class Guests {
  private readonly started = new Set<string>()
  /** Those whose end was begun: asked for, or seen. */
  private readonly ending = new Set<string>()

  see(turn: Turn): void {
    const mine = domainTurn(turn)
    if (mine === undefined || mine.record.outcome !== "taken") return
    const { uuid, message, before, after } = mine
    const epoch = after.context.epoch ?? before.context.epoch
    if (epoch === undefined) return
    const key = keyOf({ uuid, epoch })
    if (message.type === "started") this.started.add(key)
    const { life } = after.value
    if (typeof life === "object" && "stopping" in life) this.ending.add(key)
  }

  forsaken(view: View): string | undefined {
    const parts = view.life?.driver?.parts()
    if (parts === undefined) return undefined
    for (const { uuid, epoch, process } of livingQemus(view)) {
      const key = keyOf({ uuid, epoch })
      if (!this.started.has(key) || this.ending.has(key)) continue
      const present = parts.domains.byUuid(uuid)?.ref?.actor.published.context.epoch
      if (present !== epoch)
        return `process ${process.pid} is the guest ${key}, and the domain is in ${present}`
    }
    return undefined
  }
}

/** Nothing of ours lives that is no guest: orphans have been ended by then. */
const orphan = (view: View): string | undefined => {
  const parts = view.life?.driver?.parts()
  for (const { uuid, epoch, process } of parts === undefined ? [] : livingQemus(view)) {
    const ref = parts?.domains.byUuid(uuid)?.ref
    if (ref?.actor.published.context.epoch !== epoch)
      return `process ${process.pid} of ${uuid}/${epoch} is nobody's guest`
  }
  return undefined
}

export const recoveryComplete: Invariant = {
  id: "I30",
  name: "RecoveryComplete",
  statement:
    "When an engine has opened every guest that lives is a domain's, in its own epoch; at rest " +
    "no QEMU of ours lives that is not.",
  make: () => {
    const guests = new Guests()
    return {
      decided: (turn) => {
        guests.see(turn)
        return undefined
      },
      opened: (view) => guests.forsaken(view),
      rest: orphan
    }
  }
}
