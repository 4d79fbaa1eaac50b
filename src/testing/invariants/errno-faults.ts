/** Whether the disk has failed anybody in this run: what was to be removed may then be there. */
import type { View } from "../simulation/view.ts"

const harmless = new Set(["slow", "kill-before", "kill-after"])

export const errnoFaults = ({ faults }: Pick<View, "faults">): boolean =>
  faults.met.some(({ seam, fault }) => seam === "file" && !harmless.has(fault))
