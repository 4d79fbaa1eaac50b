/** What a guest shows and is typed, and other ways in: interrupts, its job, its monitor's state. */
import * as Effect from "effect/Effect"
import type { ControlInfo } from "../../engine/guest.ts"
import { codesets } from "../../qemu/guest-keys.ts"
import type { remote_nonnull_domain } from "../protocol/types.ts"
import type { Client, Handler, Handlers, Work } from "../server/handler.ts"
import { onGuest, refuse } from "./domain-reference.ts"
import { knowing } from "./flags.ts"

/** virDomainControlState and virDomainControlErrorReason. */
const controlStates: { readonly [state in ControlInfo["state"]]: number } = {
  ok: 0,
  occupied: 2,
  error: 3
}
const controlDetails: { readonly [details in ControlInfo["details"]]: number } = {
  none: 0,
  unknown: 1,
  monitor: 2,
  internal: 3
}

const controlInfo: Handler<"remote", "DOMAIN_GET_CONTROL_INFO"> = ({ dom }, client) =>
  onGuest(client, dom, ({ guest }) =>
    Effect.map(guest.controlInfo, ({ state, details, sinceMs }) => ({
      state: controlStates[state],
      details: controlDetails[details],
      stateTime: BigInt(Math.round(sinceMs))
    }))
  )

/** The whole picture is there before the call is answered. */
const screenshot: Handler<"remote", "DOMAIN_SCREENSHOT"> = ({ dom, screen }, client) =>
  onGuest(client, dom, ({ guest }) =>
    Effect.map(guest.screenshot(screen), ({ mime, bytes }) => {
      client.openStream((stream) => stream.write(bytes))
      return { mime }
    })
  )

const sendKey: Handler<"remote", "DOMAIN_SEND_KEY"> = (
  { dom, codeset, holdtime, keycodes },
  client
) => {
  const known = codesets[codeset]
  if (known === undefined) return refuse("INVALID_ARG", `codeset ${codeset} is not known`)
  return onGuest(client, dom, ({ guest }) =>
    guest.sendKey({ codeset: known, keycodes, holdMs: holdtime })
  )
}

/** VIR_DOMAIN_JOB_STATS_COMPLETED and _KEEP_COMPLETED; VIR_DOMAIN_JOB_NONE. */
const jobStatsFlags = 3
const noJob = 0

const jobStats: Handler<"remote", "DOMAIN_GET_JOB_STATS"> = ({ dom }, client) =>
  onGuest(client, dom, ({ guest }) => Effect.as(guest.jobType, { type: noJob, params: [] }))

const jobInfo: Handler<"remote", "DOMAIN_GET_JOB_INFO"> = ({ dom }, client) =>
  onGuest(client, dom, ({ guest }) =>
    Effect.as(guest.jobType, {
      type: noJob,
      timeElapsed: 0n,
      timeRemaining: 0n,
      dataTotal: 0n,
      dataProcessed: 0n,
      dataRemaining: 0n,
      memTotal: 0n,
      memProcessed: 0n,
      memRemaining: 0n,
      fileTotal: 0n,
      fileProcessed: 0n,
      fileRemaining: 0n
    })
  )

const abortJob = ({ dom }: { readonly dom: remote_nonnull_domain }, client: Client): Work<void> =>
  onGuest(client, dom, () => refuse("OPERATION_INVALID", "no job is active on the domain"))

export const guestScreen: Handlers = {
  remote: {
    DOMAIN_GET_CONTROL_INFO: knowing("virDomainGetControlInfo", 0, controlInfo),
    DOMAIN_SCREENSHOT: knowing("virDomainScreenshot", 0, screenshot),
    DOMAIN_SEND_KEY: knowing("virDomainSendKey", 0, sendKey),
    DOMAIN_INJECT_NMI: knowing("virDomainInjectNMI", 0, ({ dom }, client) =>
      onGuest(client, dom, ({ guest }) => guest.injectNmi)
    ),
    DOMAIN_GET_JOB_INFO: jobInfo,
    DOMAIN_GET_JOB_STATS: knowing("virDomainGetJobStats", jobStatsFlags, jobStats),
    DOMAIN_ABORT_JOB: abortJob,
    DOMAIN_ABORT_JOB_FLAGS: knowing("virDomainAbortJobFlags", 0, ({ dom }, client) =>
      abortJob({ dom }, client)
    )
  }
}
