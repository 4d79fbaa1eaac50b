/** L07: a guest that was started paused runs when somebody says so. */
import { slotUuid } from "../../../src/testing/history/api-call.ts"
import type { Happening } from "../../../src/testing/history/operation.ts"
import type { Invariant, View } from "../../../src/testing/simulation/view.ts"

const mayRun = new Set(["resume", "wakeup", "reboot", "reset"])

const early = (view: View, running: Happening): string | undefined => {
  const { uuid, epoch } = running
  const born = view.history.happenings.find(
    (one) => one.kind === "qemu-started" && one.uuid === uuid && one.epoch === epoch
  )
  if (uuid === undefined || born === undefined) return undefined
  const mine = view.history.operations.filter(
    ({ call, invokedAt }) =>
      "domain" in call && slotUuid(call.domain) === uuid && invokedAt < running.at
  )
  const starters = mine.filter(
    ({ call, invokedAt, endedAt }) =>
      (call.call === "start" || call.call === "create") &&
      invokedAt < born.at &&
      (endedAt ?? Number.POSITIVE_INFINITY) > born.at
  )
  const isToWait =
    starters.length > 0 &&
    starters.every(({ call }) => "isPaused" in call && call.isPaused === true)
  // What an engine starts by itself is to run.
  const isMarked = mine.some(({ call }) => call.call === "setAutostart")
  const isTold = mine.some(({ call }) => mayRun.has(call.call))
  return isToWait && !isTold && !isMarked
    ? `${uuid} was to stay paused in ${epoch}, and runs`
    : undefined
}

export const pausedUntilTold: Invariant = {
  id: "L07",
  name: "PausedUntilTold",
  statement: "A guest that is started paused runs no instruction before somebody resumes it.",
  needsCalls: true,
  make: () => ({
    history: (view) =>
      view.history.happenings
        .filter(({ kind }) => kind === "qemu-running")
        .map((one) => early(view, one))
        .find((why) => why !== undefined)
  })
}
