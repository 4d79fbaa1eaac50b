/** I15: whoever wants a guest ended is listened to, in every state, and told in time. */
import { deviceReturnMs } from "../../../machines/domain/base.ts"
import type { Operation } from "../history/operation.ts"
import type { Invariant } from "../simulation/view.ts"
import { domainTurn, lifeOf } from "./domain-turn.ts"
import { slackMs } from "./slack.ts"

/** docs/reference/limits.md: a destroy, until it is answered. */
const boundMs = { gentle: 10_500, plain: 900 } as const

/** Who asks for an end does not stand in line, and is never told to come again. */
const mayNotBe = new Set(["MailboxFull", "Overdue", "AskCycle"])

const broken = (
  { id, call, invokedAtMs, endedAtMs, result }: Operation,
  extraMs: number
): string | undefined => {
  if (call.call !== "destroy" || result === undefined || endedAtMs === undefined) return undefined
  if (result.kind === "error" && mayNotBe.has(result.tag))
    return `destroy ${id} was answered with ${result.tag}: ${result.message}`
  const tookMs = endedAtMs - invokedAtMs
  const limitMs = (call.isGraceful === true ? boundMs.gentle : boundMs.plain) + extraMs
  return tookMs > limitMs ? `destroy ${id} took ${tookMs} ms, and may take ${limitMs}` : undefined
}

export const destroyAlwaysAdmitted: Invariant = {
  id: "I15",
  name: "DestroyAlwaysAdmitted",
  statement:
    "A destroy is refused only where there is no guest of that epoch, and is answered within " +
    "0.9 s, or 10.5 s when it is graceful, and 11 s more where devices go back to drivers, " +
    "whatever QEMU, its process or other calls do.",
  make: () => ({
    decided: (turn) => {
      const mine = domainTurn(turn)
      if (mine?.message.type !== "destroy") return undefined
      const { record, before, message } = mine
      if (record.outcome === "postponed") return `${record.actor} held a destroy back`
      const { epoch } = before.context
      const isMeant = message.epoch === undefined || message.epoch === epoch
      return record.outcome === "refused" && epoch !== undefined && isMeant
        ? `${record.actor} refused a destroy while it was ${lifeOf(before)}`
        : undefined
    },
    history: (view) => {
      const slack = slackMs(view)
      if (slack === undefined) return undefined
      const returnMs = view.plan.hasDevices === true ? deviceReturnMs : 0
      for (const operation of view.history.operations) {
        const why = broken(operation, slack + returnMs)
        if (why !== undefined) return why
      }
      return undefined
    }
  })
}
