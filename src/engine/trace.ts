/** The last turns of an engine as a trace file: which machines it has, and when it is. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { chartsOfDevices } from "../../actors/device-pools.ts"
import { machines } from "../../machines/index.ts"
import type { Kernel } from "../kernel/kernel.ts"
import { liveTrace } from "../trace/live.ts"
import { writeTrace } from "../trace/write.ts"

/** Actors are called after their machines. */
const ids = Object.fromEntries(Object.entries(machines).map(([kind, { id }]) => [kind, id]))

interface Told {
  readonly owner: string
  readonly program?: string | undefined
  /** Hashes of the charts by their ids. */
  readonly charts?: (() => { readonly [machine: string]: string }) | undefined
}

export const traceOf = (
  { inspection, timers }: Pick<Kernel, "inspection" | "timers">,
  { owner, program = "unknown", charts = () => ({}) }: Told
): Effect.Effect<string> =>
  Effect.map(Clock.currentTimeMillis, (nowMs) =>
    writeTrace(
      liveTrace(inspection.recent(), {
        program,
        createdBy: owner,
        wallOriginMs: Math.round(nowMs - timers.nowMs()),
        machines: ids,
        things: chartsOfDevices,
        charts: charts(),
        definitions: {}
      })
    )
  )
