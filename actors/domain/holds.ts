/**
 * What an epoch changes on the host outside its own directory, and how it is given back. The list
 * stands in the status record before the first deed, so that a start, its failure, a crash of the
 * engine and a recovery all end by the same undos, each of which undoes only what is ours.
 */
import * as Effect from "effect/Effect"
import { removeCgroup } from "../../src/host/cgroup.ts"
import { Files } from "../../src/host/files.ts"
import type { StatusRecord } from "../../src/store/status.ts"
import type { Belongings } from "./belongings.ts"
import { settingsOf, takeSettingsBack } from "./card-settings.ts"
import type { Needs } from "./needs.ts"
import type { Owner } from "./ownership.ts"
import { removeTap } from "./tap.ts"

export type Holds = NonNullable<StatusRecord["holds"]>

export const noHolds: Holds = { owners: [], taps: [], sockets: [], directories: [], logs: [] }

/** Whether a crash right after the deeds would leave anything that only the record tells of. */
export const leavesTraces = ({ owners, taps, cards = [], directories, cgroup }: Holds): boolean =>
  owners.length + taps.length + cards.length + directories.length > 0 || cgroup !== undefined

/** Gives a file to the account. Only what was looked at changes hands: a link does not count. */
export const giveOwner = Effect.fnUntraced(function* ({ path, to }: Owner) {
  const files = yield* Files
  yield* files.chown(path, to.uid, to.gid)
})

/** Back to whom it belonged; whoever else has got it meanwhile keeps it. */
export const giveBack = Effect.fnUntraced(function* ({ path, from, to }: Owner) {
  const files = yield* Files
  const stat = yield* files.stat(path)
  const isFile = stat.kind === "file" || stat.kind === "block"
  // Of characters only the nodes of host devices were ever given.
  const isOurs = (isFile || stat.kind === "character") && stat.uid === to.uid
  if (isOurs && stat.gid === to.gid) yield* files.chown(path, from.uid, from.gid)
})

type Sockets = Holds["sockets"]

/** A socket in a place of the definition's choosing, unless another has come in its place. */
const removeSocket = Effect.fnUntraced(function* ({ path, inode }: Sockets[number]) {
  const files = yield* Files
  const stat = yield* files.stat(path)
  if (inode === stat.inode && stat.kind === "socket") yield* files.unlink(path)
})

/** A directory of this epoch alone, with the files in it. */
const removeFolder = Effect.fnUntraced(function* (path: string) {
  const files = yield* Files
  for (const name of yield* files.list(path)) yield* files.unlink(`${path}/${name}`)
  yield* files.removeDirectory(path)
})

/** The sockets as the record has them by now: their inodes are known only once they are bound. */
const socketsOf = (mine: Belongings<Needs>, holds: Holds): Sockets => mine.sockets ?? holds.sockets

/** Pushes the undos. What the newest one gives back was taken last. */
export const oweHolds = (mine: Belongings<Needs>, holds: Holds): void => {
  for (const path of holds.directories) mine.owe(`folder '${path}'`, quiet(removeFolder(path)))
  for (const owner of holds.owners) mine.owe(`owner of '${owner.path}'`, quiet(giveBack(owner)))
  for (const tap of holds.taps) mine.owe(`tap device '${tap}'`, quiet(removeTap(tap)))
  for (const card of holds.cards ?? []) mine.owe(settingsOf(card), quiet(takeSettingsBack(card)))
  const { cgroup } = holds
  if (cgroup !== undefined) mine.owe("control group", quiet(removeCgroup(cgroup)))
  if (holds.sockets.length > 0)
    mine.owe(
      "sockets",
      Effect.suspend(() =>
        Effect.forEach(socketsOf(mine, holds), (socket) => quiet(removeSocket(socket)), {
          discard: true
        })
      )
    )
}

/** What is gone needs no undo; what cannot be undone must not keep the guest from ending. */
const quiet = <R>(undo: Effect.Effect<unknown, unknown, R>): Effect.Effect<void, never, R> =>
  Effect.ignore(undo)

/** The sockets with the inodes that they have now. */
export const lookAtSockets = Effect.fnUntraced(function* (sockets: Sockets) {
  const files = yield* Files
  return yield* Effect.forEach(sockets, ({ path }) =>
    Effect.map(Effect.option(files.stat(path)), (found): Sockets[number] =>
      found._tag === "Some" && found.value.kind === "socket"
        ? { path, inode: found.value.inode }
        : { path }
    )
  )
})
