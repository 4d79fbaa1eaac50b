/** vCPUs of a guest: how many, what each does, on which host CPUs it may run, its times. */
import * as Effect from "effect/Effect"
import type { CpuTotal } from "../../engine/guest.ts"
import { type TypedParameter, unsignedLong } from "../../qemu/stats.ts"
import type { remote_nonnull_domain } from "../protocol/types.ts"
import { readOnlyRefusal } from "../refusal.ts"
import type { Client, Handler, Handlers, Work } from "../server/handler.ts"
import { affect, onDomain, onGuest, refuse } from "./domain-reference.ts"
import { knowing } from "./flags.ts"
import { affectFlags, badMaps, cpuMaps, onAffected } from "./guest-reference.ts"
import { asked, stringOkay } from "./parameters.ts"

/** virDomainVcpuFlags; hot-pluggable vCPUs are none of ours. */
const maximum = 4
const guestsOwn = 8

const countFlags = affectFlags | maximum | guestsOwn

interface CountCall {
  readonly dom: remote_nonnull_domain
  readonly flags: number
}

const bothAtOnce = (flags: number) =>
  (flags & affectFlags) === affectFlags
    ? refuse(
        "INVALID_ARG",
        "Flags 'VIR_DOMAIN_AFFECT_LIVE' and 'VIR_DOMAIN_AFFECT_CONFIG' are mutually exclusive"
      )
    : undefined

/** As the guest itself counts, through its agent. */
const countInGuest = ({ dom, flags }: CountCall, client: Client): Work<number> =>
  onGuest(client, dom, ({ agent }) =>
    Effect.map(agent.vcpus, (all) =>
      (flags & maximum) === 0 ? all.filter(({ isOnline }) => isOnline).length : all.length
    )
  )

const count = (call: CountCall, client: Client): Work<number> => {
  const refused = bothAtOnce(call.flags)
  if (refused !== undefined) return refused
  if ((call.flags & guestsOwn) !== 0)
    return client.isReadOnly
      ? Effect.fail(readOnlyRefusal("virDomainGetVcpusFlags"))
      : countInGuest(call, client)
  return onAffected(client, call, ({ guest }, which) =>
    guest.vcpuCount({ ...which, isMaximum: (call.flags & maximum) !== 0 })
  )
}

const numberOf = (call: CountCall, client: Client): Work<{ readonly num: number }> =>
  Effect.map(count(call, client), (num) => ({ num }))

interface SetCall extends CountCall {
  readonly nvcpus: number
}

const setCount = (call: SetCall, client: Client): Work<void> => {
  const { dom, nvcpus, flags } = call
  if ((flags & guestsOwn) !== 0)
    return (flags & (maximum | affect.config)) === 0
      ? onGuest(client, dom, ({ agent }) => agent.setVcpuCount(nvcpus))
      : refuse("INVALID_ARG", "only the vCPUs of the running guest are the guest's own")
  return onAffected(client, call, ({ guest }, which) =>
    guest.setVcpuCount(nvcpus, { ...which, isMaximum: (flags & maximum) !== 0 })
  )
}

const getVcpus: Handler<"remote", "DOMAIN_GET_VCPUS"> = ({ dom, maxinfo, maplen }, client) =>
  badMaps(maxinfo, maplen) ??
  onGuest(client, dom, ({ guest }) =>
    Effect.map(guest.vcpuInfo, (all) => {
      const shown = all.slice(0, maxinfo)
      return {
        info: shown.map(({ number, state, cpuTimeNs, hostCpu }) => ({
          number,
          state,
          cpu_time: BigInt(Math.round(cpuTimeNs)),
          cpu: hostCpu
        })),
        cpumaps: cpuMaps(
          shown.map(({ affinity }) => affinity),
          maplen
        )
      }
    })
  )

const getPins: Handler<"remote", "DOMAIN_GET_VCPU_PIN_INFO"> = (call, client) =>
  badMaps(call.ncpumaps, call.maplen) ??
  bothAtOnce(call.flags) ??
  onAffected(client, call, ({ guest }, which) =>
    Effect.map(guest.vcpuPins(which), (pins) => {
      const shown = pins.slice(0, call.ncpumaps)
      return { cpumaps: cpuMaps(shown, call.maplen), num: shown.length }
    })
  )

const getEmulatorPin: Handler<"remote", "DOMAIN_GET_EMULATOR_PIN_INFO"> = (call, client) =>
  badMaps(1, call.maplen) ??
  bothAtOnce(call.flags) ??
  onAffected(client, call, ({ guest }, which) =>
    Effect.map(guest.emulatorPin(which), (cpus) => ({
      cpumaps: cpuMaps([cpus], call.maplen),
      ret: 1
    }))
  )

/** VIR_DOMAIN_CPU_STATS_* */
const totals = ({ cpuTimeNs, userNs, systemNs }: CpuTotal): readonly TypedParameter[] => [
  unsignedLong("cpu_time", Math.round(cpuTimeNs)),
  unsignedLong("user_time", Math.round(userNs)),
  unsignedLong("system_time", Math.round(systemNs))
]

/** All CPUs together; the kernel counts times by CPU for control groups only. */
const total = -1

const cpuStats: Handler<"remote", "DOMAIN_GET_CPU_STATS"> = (
  { dom, nparams, start_cpu: start, ncpus },
  client
) => {
  if (start !== total)
    return onDomain(client, dom, () =>
      refuse("OPERATION_INVALID", "times by host CPU are counted in control groups only")
    )
  if (ncpus !== 1) return refuse("INVALID_ARG", "ncpus must be 1 for the total")
  return onGuest(client, dom, ({ guest }) =>
    Effect.map(guest.cpuTotal, (times) => asked(totals(times), nparams))
  )
}

export const guestVcpus: Handlers = {
  remote: {
    DOMAIN_GET_MAX_VCPUS: ({ dom }, client) => numberOf({ dom, flags: maximum }, client),
    DOMAIN_GET_VCPUS_FLAGS: knowing("virDomainGetVcpusFlags", countFlags, numberOf),
    DOMAIN_SET_VCPUS: ({ dom, nvcpus }, client) =>
      setCount({ dom, nvcpus, flags: affect.live }, client),
    DOMAIN_SET_VCPUS_FLAGS: knowing("virDomainSetVcpusFlags", countFlags, setCount),
    DOMAIN_GET_VCPUS: getVcpus,
    DOMAIN_GET_VCPU_PIN_INFO: knowing("virDomainGetVcpuPinInfo", affectFlags, getPins),
    DOMAIN_GET_EMULATOR_PIN_INFO: knowing(
      "virDomainGetEmulatorPinInfo",
      affectFlags,
      getEmulatorPin
    ),
    DOMAIN_GET_CPU_STATS: knowing("virDomainGetCPUStats", stringOkay, cpuStats)
  }
}
