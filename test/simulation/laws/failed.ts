/** L13: a change that failed has changed nothing, and leaves nothing behind. */
import { isTemporary } from "../../../src/store/atomic.ts"
import { definitionPath } from "../../../src/store/layout.ts"
import { type DomainTurn, domainTurn } from "../../../src/testing/invariants/domain-turn.ts"
import { namesIn, textAt } from "../../../src/testing/invariants/on-disk.ts"
import type { Invariant, View } from "../../../src/testing/simulation/view.ts"

const layoutOf = (view: View) => view.life?.driver?.parts()?.store.layout

/** The store says of each failure whether the old content is in place. */
const changed = ({ record, message, before }: DomainTurn, view: View): string | undefined => {
  const layout = layoutOf(view)
  if (message.type !== "writeFailed" || layout === undefined) return undefined
  const { isUnchanged } = message.error as { readonly isUnchanged?: boolean }
  const { job, persistent } = before.context
  if (isUnchanged !== true || job?.change.type !== "define" || persistent === undefined)
    return undefined
  const text = textAt(view.host.disk, definitionPath(layout, persistent.name))
  const title = persistent.title === undefined ? "" : `<title>${persistent.title}</title>`
  return text?.includes(title) === true
    ? undefined
    : `${record.actor} says that nothing was changed, and its file is another`
}

/** What was begun under a temporary name is gone when it is over, if it could be removed. */
const leftOver = (view: View): string | undefined => {
  const layout = layoutOf(view)
  const isRemovable = view.faults.met.every(({ what }) => !/^unlink .*\.tmp$/.test(what))
  if (layout === undefined || !isRemovable) return undefined
  const { root, lib, renames, operations, definitions, statuses } = layout
  for (const directory of [root, lib, renames, operations, definitions, statuses]) {
    const name = namesIn(view.host.disk, directory).find(isTemporary)
    if (name !== undefined) return `at rest ${directory}/${name} is left`
  }
  return undefined
}

export const failedIsNothing: Invariant = {
  id: "L13",
  name: "FailedIsNothing",
  statement:
    "A change that is said to have changed nothing has changed nothing on disk; at rest no file " +
    "of a write that was given up is left.",
  make: () => ({
    decided: (turn, view) => {
      const mine = domainTurn(turn)
      return mine && changed(mine, view)
    },
    rest: leftOver
  })
}
