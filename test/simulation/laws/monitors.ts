/** L08: what QEMU says is read to its end, in whatever pieces it comes. */
import type { Invariant, View } from "../../../src/testing/simulation/view.ts"
import {
  isOver,
  type MonitorTurn,
  monitorTurn
} from "../../../src/testing/invariants/monitor-turn.ts"

/** After these QEMU's words are no QMP any more. */
const spoiling = new Set(["garbage", "no-id", "double", "reset"])

const isSpoilt = ({ faults }: View): boolean => faults.met.some(({ fault }) => spoiling.has(fault))

const broken = (
  { record, message, before, after }: MonitorTurn,
  { view, hungUp }: { readonly view: View; readonly hungUp: Set<string> }
): string | undefined => {
  const { actor } = record
  if (message.type === "ended") hungUp.add(actor)
  if (message.type !== "bytes") return undefined
  if (isOver(before))
    return hungUp.has(actor) && (message.bytes?.length ?? 0) > 0
      ? `${actor} reads on after the end of its connection`
      : undefined
  return isOver(after) && !isSpoilt(view)
    ? `${actor} gave up on words with which nothing was wrong`
    : undefined
}

export const readToTheEnd: Invariant = {
  id: "L08",
  name: "ReadToTheEnd",
  statement:
    "All that QEMU has said is read before the end of its connection is taken note of, and words " +
    "that are right are understood in whatever pieces they come.",
  make: () => {
    const hungUp = new Set<string>()
    return {
      decided: (turn, view) => {
        const mine = monitorTurn(turn)
        return mine && broken(mine, { view, hungUp })
      }
    }
  }
}
