/** All that may be asked of a guest, put together from its families. Holds nothing. */
import * as Effect from "effect/Effect"
import { control, running } from "../../actors/domain/reach.ts"
import { actionsOf } from "./guest-actions.ts"
import { blockOf } from "./guest-block.ts"
import type { ControlInfo, Guest } from "./guest.ts"
import { interfaceOf } from "./guest-interface.ts"
import { memoryOf } from "./guest-memory.ts"
import type { GuestScope } from "./guest-scope.ts"
import { screenOf } from "./guest-screen.ts"
import { statsOf } from "./guest-stats.ts"
import { tuningOf } from "./guest-tuning.ts"
import { vcpuFunctionsOf } from "./guest-vcpus.ts"

const ok: ControlInfo = { state: "ok", details: "none", sinceMs: 0 }

/** Whether QEMU can be talked to now, without trying. */
const controlInfo = ({ consult }: GuestScope): Guest["controlInfo"] =>
  consult("domainGetControlInfo", (ref) =>
    Effect.map(running(ref, "look at the monitor of"), ({ epoch }): ControlInfo => {
      const { region, busySinceMs, nowMs } = control(ref, epoch)
      const sinceMs = busySinceMs === undefined ? 0 : Math.max(0, nowMs - busySinceMs)
      if (region === "live" && busySinceMs === undefined) return ok
      if (region === "live" || region === "silent")
        return { state: "occupied", details: "none", sinceMs }
      return { state: "error", details: "monitor", sinceMs }
    })
  )

export const guestFunctionsOf = (scope: GuestScope): Guest => ({
  ...actionsOf(scope),
  ...blockOf(scope),
  ...interfaceOf(scope),
  ...memoryOf(scope),
  ...vcpuFunctionsOf(scope),
  ...tuningOf(scope),
  ...screenOf(scope),
  stats: (options) => scope.consult("connectGetAllDomainStats", (ref) => statsOf(ref, options)),
  jobType: scope.consult("domainGetJobInfo", (ref) =>
    Effect.as(running(ref, "look at the job of"), "none" as const)
  ),
  controlInfo: controlInfo(scope)
})
