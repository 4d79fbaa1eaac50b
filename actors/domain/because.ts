/** Why the chart refuses a request in its present state, in a few words. Pure. */
import type { Change } from "../../machines/domain/change.ts"
import { stateOfLife } from "../../machines/domain/domain.ts"
import type { DomainMessage, DomainSnapshot } from "./needs.ts"

const whyNot = ({ persistent }: DomainSnapshot["context"], change: Change): string => {
  if (persistent === undefined && change.type !== "define") return "it has no persistent definition"
  return change.type === "rename" ? "the domain is running" : "the domain is not running"
}

export const because = (snapshot: DomainSnapshot, message: DomainMessage): string | undefined => {
  const { context, value } = snapshot
  if (value.life === "gone") return "the domain is no more"
  const state = stateOfLife(value.life)
  switch (message.type) {
    case "start":
      return state === "shutoff" && context.persistent === undefined
        ? "it has no persistent definition"
        : "the domain is active already"
    case "create":
      return "the domain is active already"
    case "destroy":
      return message.epoch !== undefined && message.epoch !== context.epoch
        ? "that start of it is over"
        : "the domain is not running"
    case "suspend":
    case "resume":
      return message.type === "resume" && state === "running"
        ? "the domain is running already"
        : "the domain is not running"
    case "signal":
      return "the domain is not running"
    case "change":
      return whyNot(context, message.change)
    default:
      return undefined
  }
}
