/**
 * Crashes at every place: where a run touches the host, what of that may be its last deed, and the
 * same again for the recovery that follows. Lists plans; runs none of them but to count.
 */
import type { MetFault, PlannedFault, Seam } from "../../src/testing/fault.ts"
import type { ClientStep, Plan } from "../../src/testing/simulation/plan.ts"
import { check } from "./run.ts"

/** One call, or a few that belong together, after what leads to it. */
export interface Scenario {
  readonly name: string
  readonly steps: readonly ClientStep[]
  readonly hasDevices?: boolean
}

const domain = 0

/** Long enough for whatever the engine still does when it has answered. */
const afterMs = 3000

const looked: readonly ClientStep[] = [
  { call: "list", afterMs },
  { call: "info", domain },
  { call: "list", afterMs }
]

export const scenarios: readonly Scenario[] = [
  { name: "define", steps: [{ call: "define", domain, version: 1 }] },
  { name: "start", steps: [{ call: "start", domain }] },
  {
    name: "stop",
    steps: [
      { call: "start", domain },
      { call: "destroy", domain }
    ]
  },
  { name: "rename", steps: [{ call: "rename", domain, to: 3 }] },
  { name: "autostart", steps: [{ call: "setAutostart", domain, isAutostart: true }] },
  { name: "undefine", steps: [{ call: "undefine", domain }] },
  { name: "create transient", steps: [{ call: "create", domain: 2, version: 1 }] },
  {
    name: "reboot",
    steps: [
      { call: "start", domain },
      { call: "reboot", domain, mode: "acpi" }
    ]
  },
  {
    name: "start and stop with a device",
    hasDevices: true,
    steps: [
      { call: "start", domain },
      { call: "destroy", domain }
    ]
  },
  {
    name: "detach and reattach",
    hasDevices: true,
    steps: [
      { call: "nodeDetach", device: 3 },
      { call: "nodeReattach", device: 3 }
    ]
  },
  {
    name: "change while running",
    steps: [
      { call: "start", domain },
      { call: "setTitle", domain, version: 1 },
      { call: "undefine", domain }
    ]
  }
]

export const planOf = (
  { steps, hasDevices }: Scenario,
  faults: readonly PlannedFault[] = []
): Plan => ({
  ...(hasDevices === true ? { hasDevices } : {}),
  domains: 1,
  clients: [[...steps, ...looked]],
  faults,
  schedule: { kind: "fifo", seed: 0 }
})

/** The seams at which the engine may be killed, before the deed and after it. */
const crashSeams = ["file", "spawn", "signal", "socket"] as const

interface Passed {
  /** How often each seam was passed, in all and until the first fault came to pass. */
  readonly all: ReadonlyMap<Seam, number>
  readonly untilFirst: ReadonlyMap<Seam, number>
  readonly first: MetFault | undefined
}

const seams = [...crashSeams, "world"] as const

/** Runs a plan, and counts. */
export const passed = (plan: Plan): Passed => {
  let occurrences = (_: Seam): number => 0
  let first: MetFault | undefined
  let untilFirst: ReadonlyMap<Seam, number> = new Map()
  const counted = () => new Map(seams.map((seam) => [seam, occurrences(seam)]))
  check(plan, {
    onEngine: () => {},
    onFault: (met, { faults }) => {
      occurrences = (seam) => faults.occurrences(seam)
      first ??= met
      if (untilFirst.size === 0) untilFirst = counted()
    },
    invariants: [
      {
        id: "count",
        name: "Counted",
        statement: "How often seams were passed is known in the end.",
        make: () => ({
          step: ({ faults }) => {
            occurrences = (seam) => faults.occurrences(seam)
            return undefined
          }
        })
      }
    ]
  })
  return { all: counted(), untilFirst, first }
}

const crashesBetween = (
  from: ReadonlyMap<Seam, number>,
  to: ReadonlyMap<Seam, number>
): readonly PlannedFault[] =>
  crashSeams.flatMap((seam) => {
    const first = from.get(seam) ?? 0
    return Array.from({ length: Math.max(0, (to.get(seam) ?? 0) - first) }, (_, index) =>
      (["kill-before", "kill-after"] as const).map((fault) => ({ seam, nth: first + index, fault }))
    ).flat()
  })

/** Every crash of a scenario. */
export const crashesOf = (scenario: Scenario): readonly PlannedFault[] =>
  crashesBetween(new Map(), passed(planOf(scenario)).all)

/** Every crash while a scenario that was crashed is recovered. */
export const crashesAfter = (scenario: Scenario, crash: PlannedFault): readonly PlannedFault[] => {
  const { all, untilFirst } = passed(planOf(scenario, [crash]))
  return crashesBetween(untilFirst, all)
}

/** The power goes at every delivery. */
export const powerCutsOf = (scenario: Scenario): readonly PlannedFault[] =>
  Array.from({ length: passed(planOf(scenario)).all.get("world") ?? 0 }, (_, nth) => ({
    seam: "world",
    nth,
    fault: "power-cut"
  }))
