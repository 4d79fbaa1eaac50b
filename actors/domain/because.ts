/** Why the chart refuses a request in its present state, in a few words. Pure. */
import type { Change } from "../../machines/domain/change.ts"
import { stateOfLife } from "../../machines/domain/domain.ts"
import type { DomainMessage, DomainSnapshot } from "./needs.ts"

const renamed = (name: string): string => `the domain has been renamed to '${name}'`

const whyNot = ({ name, persistent }: DomainSnapshot["context"], change: Change): string => {
  if (change.type === "define") return renamed(name)
  if (persistent === undefined) return "it has no persistent definition"
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
      return message.definition.name === context.name
        ? "the domain is active already"
        : renamed(context.name)
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
