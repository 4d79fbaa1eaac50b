/** The last turns of a living engine as a trace: what the ring of its inspection still holds. */
import type { InspectionRecord } from "../kernel/inspection.ts"
import type { Trace, TraceHeader } from "./trace.ts"

export const liveTrace = (
  records: readonly InspectionRecord[],
  header: Omit<TraceHeader, "omitted" | "simulation">
): Trace => ({
  header: {
    ...header,
    simulation: undefined,
    // Serials count from 0, and each was in the ring once.
    omitted: records[0]?.serial ?? 0
  },
  entries: records.map((record) => ({ ...record, kind: "turn", life: 1 }))
})
