/**
 * Turns of domain actors as laws read them: whose, what came, and the chart before and after. Looks
 * only.
 */
import type { DomainMessage, DomainSnapshot } from "../../../actors/domain/needs.ts"
import type { InspectionRecord, Turn } from "../../kernel/inspection.ts"

const prefix = "domain/"

export interface DomainTurn {
  readonly uuid: string
  readonly record: InspectionRecord
  readonly message: DomainMessage
  readonly before: DomainSnapshot
  readonly after: DomainSnapshot
}

/** `undefined` for a turn of another actor. */
export const domainTurn = ({ record, message, before, after }: Turn): DomainTurn | undefined =>
  record.actor.startsWith(prefix)
    ? {
        uuid: record.actor.slice(prefix.length),
        record,
        message: message as DomainMessage,
        before: before as DomainSnapshot,
        after: after as DomainSnapshot
      }
    : undefined

/** The state of region `life`, without what it is made of: `running`, `stopping`. */
export const lifeOf = ({ value }: Pick<DomainSnapshot, "value">): string => {
  const { life } = value
  return typeof life === "string" ? life : (Object.keys(life)[0] ?? "")
}

/** With what it is made of: `stopping.leaving`. */
export const lifePathOf = ({ value }: Pick<DomainSnapshot, "value">): string => {
  const { life } = value
  return typeof life === "string" ? life : Object.entries(life).flat().join(".")
}
