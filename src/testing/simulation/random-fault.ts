/**
 * Random faults: which seams a plan breaks, how, and at which of their occurrences. An occurrence
 * that a run never comes to is a fault that never was, so they are drawn from what runs were seen
 * to pass.
 */
import type { FaultsBySeam, PlannedFault, Seam } from "../fault.ts"
import type { Draw } from "./draw.ts"

type Menu = { readonly [S in Seam]: readonly (readonly [FaultsBySeam[S], number])[] }

/** What goes wrong at each seam, and how often in the mean. */
export const faultMenu: Menu = {
  file: [
    ["ENOSPC", 3],
    ["EIO", 3],
    ["EMFILE", 1],
    ["EACCES", 1],
    ["kill-before", 3],
    ["kill-after", 3],
    ["slow", 2]
  ],
  spawn: [
    ["EAGAIN", 2],
    ["ENOENT", 1],
    ["ENOMEM", 1],
    ["kill-before", 2],
    ["kill-after", 3]
  ],
  signal: [
    ["stuck", 4],
    ["kill-before", 2],
    ["kill-after", 2]
  ],
  socket: [
    ["EMFILE", 2],
    ["ECONNREFUSED", 2],
    ["kill-before", 1],
    ["kill-after", 2]
  ],
  data: [
    ["split", 3],
    ["reset", 2],
    ["slow", 2]
  ],
  pci: [
    ["refuse", 3],
    ["slow", 2],
    ["stuck", 2],
    ["vanish", 2]
  ],
  qmp: [
    ["die-before", 3],
    ["die-after", 3],
    ["hang", 3],
    ["late", 2],
    ["refuse", 2],
    ["no-id", 1],
    ["garbage", 1],
    ["flood", 1],
    ["closed", 2],
    ["double", 1]
  ],
  qemu: [
    ["die", 3],
    ["die-late", 2],
    ["mute", 2],
    ["slow", 2]
  ],
  guest: [
    ["poweroff", 4],
    ["reset", 3],
    ["panic", 2],
    ["ioerror", 2],
    ["suspend", 2],
    ["ignore", 3]
  ],
  client: [
    ["vanish", 1],
    ["hang-up", 1]
  ],
  world: [
    ["kill", 5],
    ["power-cut", 3],
    ["clock-forward", 1],
    ["clock-back", 1],
    ["terminate", 3],
    ["reload", 1]
  ]
}

/** Those that every plan passes; host devices change hands only where a plan has some. */
const seams = (Object.keys(faultMenu) as Seam[]).filter((seam) => seam !== "pci")

/** Seams that a plan breaks more often than others: where most is decided. */
const seamWeights: Readonly<Record<Seam, number>> = {
  file: 5,
  spawn: 2,
  signal: 2,
  socket: 1,
  data: 2,
  pci: 6,
  qmp: 5,
  qemu: 2,
  guest: 3,
  client: 2,
  world: 4
}

/** Occurrences that a run passes for each call that its clients make: the mean of 200 plans. */
const perCall: Readonly<Record<Seam, number>> = {
  file: 8,
  spawn: 0.13,
  signal: 0.16,
  socket: 0.25,
  data: 0.8,
  pci: 0.5,
  qmp: 0.8,
  qemu: 0.13,
  guest: 0.22,
  client: 1,
  world: 25
}

export interface RandomFaultsOptions {
  readonly calls: number
  readonly faultsMax: number
  /** Others are left alone. */
  readonly seams?: readonly Seam[] | undefined
}

export const randomFaults = (
  chance: Draw,
  { calls, faultsMax, seams: allowed = seams }: RandomFaultsOptions
): readonly PlannedFault[] => {
  // Half of the seams rest in each plan: one that always dies early never gets to the rest.
  const broken = allowed.filter(() => chance.oneIn(2))
  const open = broken.length > 0 ? broken : allowed
  const weighted = open.map((seam) => [seam, seamWeights[seam]] as const)
  const faults = new Map<string, PlannedFault>()
  const count = chance.below(faultsMax + 1)
  for (let line = 0; line < count && open.length > 0; line++) {
    const seam = chance.weighted(weighted)
    for (const fault of faultAt(chance, seam, perCall[seam] * calls))
      faults.set(`${fault.seam} ${fault.nth}`, fault)
  }
  return [...faults.values()]
}

/** What goes wrong with host devices, beside the rest. */
export const deviceFaults = (chance: Draw, calls: number): readonly PlannedFault[] =>
  Array.from({ length: chance.below(4) }).flatMap(() => faultAt(chance, "pci", perCall.pci * calls))

/** One line; now and then several in a row, as of a full disk or of a host without memory. */
const faultAt = <S extends Seam>(chance: Draw, seam: S, reach: number): readonly PlannedFault[] => {
  const fault = chance.weighted<FaultsBySeam[S]>(faultMenu[seam])
  const nth = chance.below(Math.max(1, Math.ceil(chance.oneIn(3) ? reach / 4 : reach)))
  const length = chance.oneIn(8) ? 2 + chance.below(5) : 1
  return Array.from(
    { length },
    (_, more) => ({ seam, nth: nth + more, fault }) as unknown as PlannedFault
  )
}
