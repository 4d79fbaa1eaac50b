/** Arbitrary faults: lines that say what goes wrong where. They shrink to few and early ones. */
import type { PlannedFault, Seam } from "../fault.ts"
import { faultMenu } from "../simulation/random-fault.ts"
import type { Arbitrary, FastCheck } from "./fast-check.ts"

export interface FaultsOptions {
  readonly faultsMax?: number
  /** Only these seams break; all of them do. */
  readonly seams?: readonly Seam[]
  /** The last occurrence of a seam that is broken. Later ones than a run comes to never are. */
  readonly nthMax?: number
}

export const faultsDefaults = { faultsMax: 4, nthMax: 100 } as const

export const faults = (
  fc: FastCheck,
  options: FaultsOptions = {}
): Arbitrary<readonly PlannedFault[]> => {
  const { faultsMax, nthMax } = { ...faultsDefaults, ...options }
  const seams = options.seams ?? (Object.keys(faultMenu) as Seam[])
  const nth = fc.nat({ max: nthMax })
  const kinds = seams.flatMap((seam) => faultMenu[seam].map(([fault]) => ({ seam, fault })))
  const line = fc
    .tuple(fc.constantFrom(...kinds), nth)
    // A pair from the menu's row of one seam.
    .map(([kind, nth]) => ({ seam: kind.seam, nth, fault: kind.fault }) as PlannedFault)
  return fc.uniqueArray(line, {
    maxLength: faultsMax,
    selector: ({ seam, nth }) => `${seam} ${nth}`
  })
}
