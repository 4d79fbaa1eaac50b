/** Why the chart refuses a request in its present state, in a few words. Pure. */
import { stateOfLife } from "../../machines/domain/domain.ts"
import type { DomainMessage, DomainSnapshot } from "./needs.ts"

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
      return "the domain is between two states"
    default:
      return undefined
  }
}
