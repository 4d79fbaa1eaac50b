/** The calls of a run that no plan names: those that set it up, and those that probe it after. */
import type { Operation } from "../history/operation.ts"
import { ownDevices } from "./host-devices.ts"
import type { ClientStep, Plan } from "./plan.ts"

/** Domains that are started once more in the end. A start costs as much as ten other calls. */
const probedMax = 2

/** The slots, those that were called most first. */
const busiest = ({ domains, clients }: Plan): readonly number[] => {
  const calls = new Map<number, number>()
  for (const step of clients.flat())
    if ("domain" in step) calls.set(step.domain, (calls.get(step.domain) ?? 0) + 1)
  const slots = Array.from({ length: domains }, (_, slot) => slot)
  return slots.toSorted((a, b) => (calls.get(b) ?? 0) - (calls.get(a) ?? 0) || a - b)
}

export const firstSteps = ({ isEmpty, domains }: Plan): readonly ClientStep[] =>
  Array.from(
    { length: isEmpty === true ? 0 : domains },
    (_, domain): ClientStep => ({ call: "define", domain, version: -1 - domain })
  )

/** The engine is still of use when every domain can be ended, and the busiest be started again. */
export const probes = (plan: Plan): readonly ClientStep[] => {
  const slots = busiest(plan)
  const devices = plan.hasDevices === true ? [...ownDevices.keys()] : []
  return [
    // First all, for domains that share a device cannot run beside each other.
    ...slots.map((domain): ClientStep => ({ call: "destroy", domain })),
    // What is out of order is mended by being given back.
    ...devices.map((device): ClientStep => ({ call: "nodeReattach", device })),
    ...slots.slice(0, probedMax).flatMap((domain): readonly ClientStep[] => [
      { call: "start", domain },
      { call: "info", domain },
      { call: "destroy", domain }
    ])
  ]
}

/** Refusals of devices that are right: the host's own, one of a group, or gone. */
const ofDevices = /not managed|IOMMU group|has no such device|there is no host PCI device/

/** Whether a probe was answered as by an engine that is of use. */
export const isUseful = ({ call, result }: Operation, { hasDevices }: Plan): boolean => {
  if (result?.kind !== "error") return result !== undefined
  const { tag, message } = result
  if (tag === "DomainNotFound") return true
  // It ran no more, or its start was refused before.
  if (tag === "RequestDenied") return call.call === "destroy"
  if (hasDevices !== true) return false
  return tag === "NodeDeviceNotFound" || (tag === "StartFailed" && ofDevices.test(message))
}
