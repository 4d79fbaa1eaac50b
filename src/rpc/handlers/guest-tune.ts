/** Limits of a guest, and the network cards they are of: what holds now, by typed parameters. */
import * as Effect from "effect/Effect"
import type { Handler, Handlers } from "../server/handler.ts"
import { onDomain, onGuest, unknownFlags } from "./domain-reference.ts"
import { affectFlags, limitsGetter, onAffected, parametersOf } from "./guest-reference.ts"
import { stringOkay } from "./parameters.ts"

/** REMOTE_DOMAIN_SCHEDULER_PARAMETERS_MAX and its siblings. */
const parametersMax = 16

const interfaceStats: Handler<"remote", "DOMAIN_INTERFACE_STATS"> = ({ dom, device }, client) =>
  onGuest(client, dom, ({ guest }) =>
    Effect.map(guest.interfaceStats(device), (stats) => ({
      rx_bytes: BigInt(stats.rxBytes),
      rx_packets: BigInt(stats.rxPackets),
      rx_errs: BigInt(stats.rxErrors),
      rx_drop: BigInt(stats.rxDropped),
      tx_bytes: BigInt(stats.txBytes),
      tx_packets: BigInt(stats.txPackets),
      tx_errs: BigInt(stats.txErrors),
      tx_drop: BigInt(stats.txDropped)
    }))
  )

/** The kind that libvirt names for QEMU; how many parameters, so that the client has room. */
const schedulerType: Handler<"remote", "DOMAIN_GET_SCHEDULER_TYPE"> = ({ dom }, client) =>
  onDomain(client, dom, () => Effect.succeed({ type: "posix", nparams: parametersMax }))

const scheduler: Handler<"remote", "DOMAIN_GET_SCHEDULER_PARAMETERS_FLAGS"> = (call, client) => {
  const api = "virDomainGetSchedulerParametersFlags"
  const { nparams, flags } = call
  return (
    unknownFlags(api, flags, affectFlags | stringOkay) ??
    Effect.map(
      parametersOf(
        api,
        { nparams, max: parametersMax, flags },
        onAffected(client, call, ({ guest }, which) => guest.schedulerParameters(which))
      ),
      ({ params }) => ({ params })
    )
  )
}

export const guestTune: Handlers = {
  remote: {
    DOMAIN_INTERFACE_STATS: interfaceStats,
    DOMAIN_GET_INTERFACE_PARAMETERS: limitsGetter(
      "virDomainGetInterfaceParameters",
      parametersMax,
      ({ guest }, which, { device }) => guest.interfaceParameters(device, which)
    ),
    DOMAIN_GET_SCHEDULER_TYPE: schedulerType,
    DOMAIN_GET_SCHEDULER_PARAMETERS: ({ dom, nparams }, client) =>
      scheduler({ dom, nparams, flags: 0 }, client),
    DOMAIN_GET_SCHEDULER_PARAMETERS_FLAGS: scheduler,
    DOMAIN_GET_BLKIO_PARAMETERS: limitsGetter(
      "virDomainGetBlkioParameters",
      parametersMax,
      ({ guest }, which) => guest.blkioParameters(which)
    ),
    DOMAIN_GET_NUMA_PARAMETERS: limitsGetter(
      "virDomainGetNumaParameters",
      parametersMax,
      ({ guest }, which) => guest.numaParameters(which)
    )
  }
}
