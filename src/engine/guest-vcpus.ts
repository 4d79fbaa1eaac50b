/**
 * The vCPUs of a guest, as its callers ask: how many, what each does and where it may run, and one
 * more or fewer.
 */
import * as Effect from "effect/Effect"
import { running } from "../../actors/domain/reach.ts"
import type { Domain } from "../model/domain.ts"
import { OperationFailed } from "../model/domain-error.ts"
import { GuestUnsupported } from "../model/guest-error.ts"
import { affinityOf, cpuList, onlineCpus, processTimes } from "../qemu/guest-threads.ts"
import { plugVcpus, readVcpus, vcpuFigures } from "../qemu/guest-vcpus.ts"
import { vcpuRunning } from "../qemu/stats-groups.ts"
import type { Guest, VcpuInfo } from "./guest.ts"
import {
  affected,
  asking,
  change,
  definitionFor,
  type GuestScope,
  invalid,
  reachIn
} from "./guest-scope.ts"

export const vcpusOf = ({ vcpus }: Domain) => ({
  maximum: vcpus.maximum,
  current: vcpus.current ?? vcpus.maximum
})

const infoOf = (scope: GuestScope): Guest["vcpuInfo"] =>
  asking(scope)(
    { procedure: "domainGetVcpus", operation: "look at the vCPUs of" },
    ({ ask, process }) =>
      Effect.gen(function* () {
        const vcpus = yield* readVcpus(ask)
        return yield* Effect.forEach(vcpus, (vcpu) =>
          Effect.map(
            vcpuFigures(process, vcpu),
            ({ number, cpuTimeNs, hostCpu, affinity }): VcpuInfo => ({
              number,
              state: vcpuRunning,
              cpuTimeNs,
              hostCpu,
              affinity
            })
          )
        )
      })
  )

const countOf =
  ({ consult }: GuestScope): Guest["vcpuCount"] =>
  ({ isMaximum = false, ...affects } = {}) =>
    consult("domainGetVcpusFlags", (ref) =>
      Effect.map(definitionFor(ref, "count the vCPUs of", affects), ({ definition }) => {
        const { maximum, current } = vcpusOf(definition)
        return isMaximum ? maximum : current
      })
    )

/** The product of a topology says how many there are, and may not be contradicted. */
const topologyProblem = (definition: Domain, maximum: number): string | undefined => {
  const topology = definition.cpu?.topology
  if (topology === undefined) return undefined
  const { sockets = 1, dies = 1, cores = 1, threads = 1 } = topology
  const product = sockets * dies * cores * threads
  return product === maximum
    ? undefined
    : `its CPU topology has ${product} vCPUs, and not ${maximum}`
}

const plug = (
  { driver }: GuestScope,
  place: { readonly ref: Parameters<typeof reachIn>[1]; readonly operation: string },
  count: number
) =>
  Effect.gen(function* () {
    const { ref, operation } = place
    const { ask, domain } = yield* reachIn(driver, ref, operation)
    const from = (yield* readVcpus(ask)).length
    if (count < from) {
      const why = `it runs with ${from}, and a vCPU of a running guest cannot be taken away`
      return yield* new GuestUnsupported({ domain, operation, why })
    }
    const now = count === from ? from : yield* plugVcpus(ask, { from, to: count })
    if (now > from)
      yield* change(ref, {
        type: "resources",
        affects: { live: true, config: false },
        values: { vcpus: now }
      })
    if (now === count) return
    const why = `its machine has room for ${now} only`
    return yield* new OperationFailed({ domain, operation, why })
  })

const setCount = (scope: GuestScope): Guest["setVcpuCount"] => {
  const operation = "set the vCPUs of"
  return (count, { isMaximum = false, ...options } = {}) =>
    scope.perform("domainSetVcpusFlags", (ref) =>
      Effect.gen(function* () {
        const { name, live, config } = yield* affected(ref, operation, options)
        if (!Number.isSafeInteger(count) || count < 1)
          return yield* invalid(name, "vcpus", "must be one or more")
        if (isMaximum && live !== undefined) {
          const why = "a running guest's maximum is fixed"
          return yield* new GuestUnsupported({ domain: name, operation, why })
        }
        for (const definition of [live, config]) {
          if (definition === undefined) continue
          const { maximum } = vcpusOf(definition)
          const why = isMaximum
            ? topologyProblem(definition, count)
            : count > maximum
              ? `${count} are more than its maximum, ${maximum}`
              : undefined
          if (why !== undefined) return yield* invalid(name, "vcpus", why)
        }
        if (live !== undefined) yield* plug(scope, { ref, operation }, count)
        if (config !== undefined)
          yield* change(ref, {
            type: "resources",
            affects: { live: false, config: true },
            values: isMaximum ? { vcpusMaximum: count } : { vcpus: count }
          })
      })
    )
}

/** Where the definition lets the guest run; on every host CPU where it says nothing. */
const placed = (definition: Domain) =>
  Effect.map(onlineCpus, (online) => {
    const { cpuset } = definition.vcpus
    if (cpuset === undefined) return online
    // `^3` takes 3 away again.
    const parts = cpuset.split(",")
    const without = parts.flatMap((part) => (part.startsWith("^") ? cpuList(part.slice(1)) : []))
    const within = cpuList(parts.filter((part) => !part.startsWith("^")).join(","))
    return within.filter((cpu) => !without.includes(cpu))
  })

const pins = ({ consult, driver }: GuestScope): Pick<Guest, "vcpuPins" | "emulatorPin"> => ({
  vcpuPins: (affects) =>
    consult("domainGetVcpuPinInfo", (ref) =>
      Effect.gen(function* () {
        const operation = "read the pinning of"
        const { definition, isLive } = yield* definitionFor(ref, operation, affects)
        if (isLive) {
          const { ask, process } = yield* reachIn(driver, ref, operation)
          const vcpus = yield* readVcpus(ask)
          return yield* Effect.forEach(vcpus, ({ thread }) => affinityOf(process, thread))
        }
        const cpus = yield* placed(definition)
        return Array.from({ length: vcpusOf(definition).maximum }, () => cpus)
      })
    ),
  emulatorPin: (affects) =>
    consult("domainGetEmulatorPinInfo", (ref) =>
      Effect.gen(function* () {
        const operation = "read the pinning of"
        const { definition, isLive } = yield* definitionFor(ref, operation, affects)
        if (!isLive) return yield* placed(definition)
        const { process } = yield* running(ref, operation)
        return yield* affinityOf(process)
      })
    )
})

export const vcpuFunctionsOf = (
  scope: GuestScope
): Pick<
  Guest,
  "vcpuInfo" | "vcpuCount" | "setVcpuCount" | "vcpuPins" | "emulatorPin" | "cpuTotal"
> => ({
  vcpuInfo: infoOf(scope),
  vcpuCount: countOf(scope),
  setVcpuCount: setCount(scope),
  ...pins(scope),
  cpuTotal: scope.consult("domainGetCPUStats", (ref) =>
    Effect.gen(function* () {
      const operation = "read the CPU time of"
      const { domain, process } = yield* running(ref, operation)
      const times = yield* processTimes(process)
      if (times === undefined)
        return yield* new OperationFailed({ domain, operation, why: "its process has ended" })
      const { userNs, systemNs } = times
      return { cpuTimeNs: userNs + systemNs, userNs, systemNs }
    })
  )
})
