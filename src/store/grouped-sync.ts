/**
 * Group commit: one sync of a directory keeps the names that everybody had changed before it
 * began. Who asks while one is under way waits for the next, which all who wait share; a failure is
 * told to each of them. Nothing is ever waited for on behalf of somebody who may still come.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { FileError, Files } from "../host/files.ts"

interface Turn {
  readonly outcome: Deferred.Deferred<void, FileError>
  isBegun: boolean
  next: Turn | undefined
}

const fresh = (): Turn => ({
  outcome: Deferred.makeUnsafe<void, FileError>(),
  isBegun: false,
  next: undefined
})

/** The same files, whose directories are synced in turns. */
export const withGroupedSyncs = (files: Files["Service"]): Files["Service"] => {
  /** Of each directory the turn that is under way, or the one that somebody is about to begin. */
  const turns = new Map<string, Turn>()

  const end = (path: string, turn: Turn) => {
    if (turn.next === undefined) turns.delete(path)
    else turns.set(path, turn.next)
  }

  /**
   * The first who comes does it for all. Nobody is chosen beforehand: who was interrupted meanwhile
   * keeps nobody waiting.
   */
  const take = (path: string, turn: Turn): Effect.Effect<void, FileError> =>
    Effect.suspend(() => {
      if (turn.isBegun) return Deferred.await(turn.outcome)
      turn.isBegun = true
      turns.set(path, turn)
      return files.syncDirectory(path).pipe(
        Effect.onExit((exit) =>
          Effect.suspend(() => {
            end(path, turn)
            return Deferred.done(turn.outcome, exit)
          })
        ),
        Effect.uninterruptible
      )
    })

  const syncDirectory = (path: string): Effect.Effect<void, FileError> =>
    Effect.suspend(() => {
      const now = turns.get(path) ?? fresh()
      if (!now.isBegun) return take(path, now)
      // It may have begun before what the caller has changed.
      const next = (now.next ??= fresh())
      return Effect.andThen(Effect.exit(Deferred.await(now.outcome)), take(path, next))
    })

  return { ...files, syncDirectory }
}
