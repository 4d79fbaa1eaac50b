/**
 * Programs that have a PCI function of which this engine remembers that it was taken, and that are
 * nobody's guests: found when an engine begins, and looked at again whenever such a function is to
 * go back to its driver. A driver that is told to let go of what a program has open hangs.
 */
import * as Effect from "effect/Effect"
import type { Files } from "../src/host/files.ts"
import { isAlive, type ProcessId, Processes } from "../src/host/process.ts"
import { groupFileOf, openFilesOf } from "../src/node/hostdev-held.ts"

/** Processes whose open files are looked at at once. */
const looksAtOnce = 16

type Looking<A> = Effect.Effect<A, never, Files | Processes>

export interface Strangers {
  /** Looks who has the groups of these functions open, of which no guest is known to have any. */
  readonly look: (devices: readonly string[]) => Looking<void>
  /** Why a function stays where it is, if one of these programs has its group still. */
  readonly use: (device: string) => Looking<string | undefined>
}

/** All programs that live, with what each has open. */
const readOpen = Effect.gen(function* () {
  const living = (yield* (yield* Processes).list).filter(isAlive)
  return yield* Effect.forEach(
    living,
    ({ pid, startTime }) => {
      const process: ProcessId = { pid, startTime }
      return Effect.map(openFilesOf(process), (files = []) => ({ process, files }))
    },
    { concurrency: looksAtOnce }
  )
})

export const makeStrangers = (): Strangers => {
  /** By VFIO's file of the group. */
  const users = new Map<string, readonly ProcessId[]>()
  const look = Effect.fnUntraced(function* (devices: readonly string[]) {
    if (devices.length === 0) return
    const groups = (yield* Effect.forEach(devices, groupFileOf)).flatMap((path) => path ?? [])
    const all = yield* readOpen
    for (const path of new Set(groups)) {
      const mine = all.filter(({ files }) => files.includes(path)).map(({ process }) => process)
      if (mine.length > 0) users.set(path, mine)
    }
  })
  const use = Effect.fnUntraced(function* (device: string) {
    const path = users.size === 0 ? undefined : yield* groupFileOf(device)
    if (path === undefined) return undefined
    for (const process of users.get(path) ?? []) {
      if ((yield* openFilesOf(process))?.includes(path) !== true) continue
      return (
        `process ${process.pid} has its IOMMU group open (${path}): ` +
        "end it, then give the device back (nodedev-reattach)"
      )
    }
    users.delete(path)
    return undefined
  })
  return { look, use }
}
