/** How a command to QEMU's monitor failed, in the words of whoever asked for the deed. Pure. */
import type * as Effect from "effect/Effect"
import { DomainGone } from "../../src/model/domain-error.ts"
import { GuestRefused, GuestSilent } from "../../src/model/guest-error.ts"
import type { Monitor } from "../monitor.ts"

export type MonitorError = Effect.Error<ReturnType<Monitor["execute"]>>

export const failureOf = (
  error: MonitorError,
  { domain, operation, command }: Record<"domain" | "operation" | "command", string>
) => {
  switch (error._tag) {
    case "QmpRefused":
      return new GuestRefused({ domain, command, class: error.class, why: error.desc })
    case "QmpEnded":
    case "ActorStopped":
      return new DomainGone({ domain, operation })
    default:
      return new GuestSilent({ domain, operation, why: error.message })
  }
}
