/**
 * What the host itself may add to a bound: a disk that is slow has no deadline, for a deed that was
 * begun finishes. Where time passes while deliveries wait nothing can be said at all.
 */
import { slowMs } from "../host/carrier.ts"
import { driverBoundMs } from "../../host/driver-write.ts"
import { slowDriverMs } from "../host/pci-kernel.ts"
import type { View } from "../simulation/view.ts"

/** Deadlines are kept in steps of 10 ms and rounded up, each of the few that follow each other. */
const epsilonMs = 60

/** A driver takes its time, or is given up once its bound is over. */
const driversMs = ({ met }: View["faults"]): number =>
  met.reduce((sum, { seam, fault }) => {
    if (seam !== "pci") return sum
    return sum + (fault === "slow" ? slowDriverMs : fault === "stuck" ? 2 * driverBoundMs : 0)
  }, 0)

/** In ms; `undefined` on a host on which deliveries take time. */
export const slackMs = ({ plan, faults }: Pick<View, "plan" | "faults">): number | undefined => {
  if (plan.mayTimePass === true) return undefined
  const slow = faults.met.filter(({ seam, fault }) => seam === "file" && fault === "slow")
  return epsilonMs + slow.length * slowMs + driversMs(faults)
}
