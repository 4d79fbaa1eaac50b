/** I05: a domain that was taken off the list stays off until somebody makes it again. */
import type { Turn } from "../../kernel/inspection.ts"
import { type ApiCall, slotUuid } from "../history/api-call.ts"
import type { Operation } from "../history/operation.ts"
import type { Invariant, View } from "../simulation/view.ts"
import { domainTurn, lifePathOf } from "./domain-turn.ts"

/** The moment from which on the domain is no more. */
interface End {
  readonly uuid: string
  readonly at: number
  readonly life: number
}

const finding = new Set<ApiCall["call"]>(["start", "lookup", "info", "xml", "setTitle", "rename"])

const mayBringBack = ({ call, life, invokedAt, endedAt }: Operation, end: End, by: Operation) =>
  (call.call === "define" || call.call === "create") &&
  slotUuid(call.domain) === end.uuid &&
  invokedAt < (by.endedAt ?? Number.POSITIVE_INFINITY) &&
  // One that never came back may still take effect, as long as its engine lives.
  (endedAt === undefined ? life >= end.life : endedAt > end.at)

const resurrected = ({ history }: View, ends: readonly End[]): string | undefined => {
  for (const found of history.operations) {
    const { call, result, invokedAt, id } = found
    if (result?.kind !== "ok" || !finding.has(call.call) || !("domain" in call)) continue
    const uuid = slotUuid(call.domain)
    const end = ends.findLast((one) => one.uuid === uuid && one.at < invokedAt)
    if (end === undefined) continue
    if (history.operations.some((one) => mayBringBack(one, end, found))) continue
    return `${call.call} ${id} found ${uuid}, which was gone before it was called`
  }
  return undefined
}

class Watch {
  readonly ends: End[] = []
  private life = 0
  /** Where the guest of each domain that has one stands. */
  private readonly paths = new Map<string, string>()

  decided(turn: Turn, { tick, life }: View): string | undefined {
    const number = life?.number ?? 0
    if (number !== this.life) this.paths.clear()
    this.life = number
    const mine = domainTurn(turn)
    if (mine === undefined) return this.removed(turn, { at: tick, life: number })
    const { uuid, after } = mine
    if (after.context.epoch === undefined) this.paths.delete(uuid)
    else this.paths.set(uuid, lifePathOf(after))
    return undefined
  }

  private removed({ record, message }: Turn, when: Omit<End, "uuid">): string | undefined {
    if (record.actor !== "domains" || message.type !== "remove") return undefined
    const { uuid = "" } = message as { readonly uuid?: string }
    // Whoever defines it from now on makes another, also while the actor of this one still ends.
    if (record.outcome === "taken") this.ends.push({ uuid, ...when })
    const path = this.paths.get(uuid)
    return path === undefined || path === "stopping.leaving"
      ? undefined
      : `${uuid} was taken off the list while it was ${path}`
  }
}

export const undefineIsFinal: Invariant = {
  id: "I05",
  name: "UndefineIsFinal",
  statement:
    "Once a domain is off the list nothing finds or starts it until it is defined or created " +
    "anew; one that has a guest is never taken off it.",
  needsCalls: true,
  make: () => {
    const watch = new Watch()
    return {
      decided: (turn, view) => watch.decided(turn, view),
      history: (view) => resurrected(view, watch.ends)
    }
  }
}
