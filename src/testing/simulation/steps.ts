/** The calls of a run that no plan names: those that set it up, and those that probe it after. */
import type { ClientStep, Plan } from "./plan.ts"

/** Domains that are started once more in the end. A start costs as much as ten other calls. */
export const probedMax = 2

/** The slots, those that were called most first. */
export const busiest = ({ domains, clients }: Plan): readonly number[] => {
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
