/** What is known of a run beside its history, for whoever judges that history. Pure. */
import type { MetFault } from "../fault.ts"
import type { Slot } from "./api-call.ts"
import type { CheckOptions } from "./check-history.ts"

/** A definition by its name: `read /root/etc/qemu/d3.xml`. */
const definitionPattern = /^(?:open|read|stat) .*\/etc\/qemu\/d([0-9]+)\.xml$/

/** Faults after which the engine that opens cannot tell what a definition says. */
const isReadFault = ({ seam, fault }: MetFault): boolean =>
  seam === "file" && !fault.startsWith("kill") && fault !== "slow"

export interface RunFacts {
  /** The faults that came to pass, as a run reports them. */
  readonly met: readonly MetFault[]
  /** Time passed while deliveries waited: deadlines may end what no fault did. */
  readonly mayTimePass: boolean
  readonly mayDieUntold: boolean
}

export const circumstancesOf = ({ met, mayTimePass, mayDieUntold }: RunFacts): CheckOptions => {
  const unreadable = met.flatMap((one): readonly Slot[] => {
    const name = definitionPattern.exec(one.what)?.[1]
    return isReadFault(one) && name !== undefined ? [Number(name)] : []
  })
  return { isCalm: met.length === 0 && !mayTimePass, mayDieUntold, unreadable }
}
