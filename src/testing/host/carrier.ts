/**
 * Carries the primitives of a process in a realm: each is a task of its own, as on a pool of
 * threads, so that others may go in between; and each may meet a planned fault.
 */
import * as Effect from "effect/Effect"
import type { FileError } from "../../host/files.ts"
import type { Faults, FaultsBySeam } from "../fault.ts"
import type { Realm } from "../realm.ts"
import { telling } from "./telling.ts"
import { type Carrier, carried, type Deed, refused, spoil } from "./files.ts"

/** What a slow primitive takes: past every quick path, within every deadline of the disk. */
export const slowMs = 2_000

export interface Doer {
  readonly realm: Realm
  readonly faults: Faults
  /** Ends the whole process, now. */
  readonly die: () => void
}

type ErrnoFault = Exclude<FaultsBySeam["file"], "kill-before" | "kill-after" | "slow">

/** What opens something; the rest cannot run out of descriptors. */
const opening = new Set(["open", "read", "list", "lock", "watch"])
/** What may need room. */
const growing = new Set(["open", "write", "sync", "rename", "symlink", "mkdir", "lock", "truncate"])
/** What is checked against owner and mode; an open descriptor is not. */
const unchecked = new Set(["write", "sync", "close"])

/** The errno that this primitive can fail with: one that the kernel never gives there is EIO. */
const possible = (operation: string, fault: ErrnoFault): string => {
  if (fault === "EMFILE") return opening.has(operation) ? fault : "EIO"
  if (fault === "ENOSPC") return growing.has(operation) ? fault : "EIO"
  return fault === "EACCES" && unchecked.has(operation) ? "EIO" : fault
}

const carryNow = <A>(
  { realm, faults, die }: Doer,
  deed: Deed<A>,
  resume: (result: Effect.Effect<A, FileError>) => void
): void => {
  const label = `${deed.operation} ${deed.path}`
  const fault = faults.at("file", label)
  switch (fault) {
    case undefined:
      return resume(carried(deed))
    case "slow":
      return void realm.after(
        slowMs,
        () => {
          realm.touch?.(undefined)
          resume(carried(deed))
        },
        label
      )
    case "kill-before":
      return die()
    case "kill-after":
      carried(deed)
      return die()
    default:
      spoil(deed)
      return resume(refused(deed, possible(deed.operation, fault)))
  }
}

export const realmCarrier =
  (doer: Doer): Carrier =>
  (deed) =>
    telling(doer.realm, (goesOn) =>
      Effect.uninterruptible(
        Effect.callback((resume) =>
          doer.realm.schedule(`${deed.operation} ${deed.path}`, () => {
            goesOn()
            carryNow(doer, deed, resume)
          })
        )
      )
    )
