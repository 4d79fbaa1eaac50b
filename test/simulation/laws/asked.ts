/** L01: a guest whose start was answered ends by itself, or because somebody asked for its end. */
import type { Happening, Operation } from "../../../src/testing/history/operation.ts"
import { slotUuid } from "../../../src/testing/history/api-call.ts"
import type { Sent } from "../../../src/testing/host/processes.ts"
import { guestOf } from "../../../src/testing/invariants/living.ts"
import type { Invariant, View } from "../../../src/testing/simulation/view.ts"

interface Guest {
  readonly uuid: string
  readonly epoch: string
}

/** As happenings have it: `1-2`. */
const isOf =
  ({ uuid, epoch }: Guest) =>
  (happening: Happening): boolean =>
    happening.uuid === uuid && happening.epoch?.replace("-", ".") === epoch

const mayEndIt = new Set(["destroy", "reboot", "shutdown"])

const isOn = ({ call }: Operation, uuid: string): boolean =>
  "domain" in call && slotUuid(call.domain) === uuid

/** The call that this guest was started by, if it was told so. */
const starterOf = ({ operations }: View["history"], uuid: string, bornAt: number) =>
  operations.find(
    ({ call, invokedAt, endedAt, result, ...rest }) =>
      (call.call === "start" || call.call === "create") &&
      isOn({ call, invokedAt, endedAt, result, ...rest }, uuid) &&
      invokedAt < bornAt &&
      endedAt !== undefined &&
      endedAt > bornAt &&
      result?.kind === "ok"
  )

const unasked = ({ pid, signal, words }: Sent, view: View): string | undefined => {
  const guest = guestOf(words)
  if (guest === undefined) return undefined
  const { operations, happenings } = view.history
  const mine = happenings.filter(isOf(guest))
  const born = mine.find(({ kind }) => kind === "qemu-started")
  const starter = born && starterOf(view.history, guest.uuid, born.at)
  if (born === undefined || starter === undefined) return undefined
  if ("autoDestroy" in starter.call && starter.call.autoDestroy === true) return undefined
  const isOver = mine.some(({ kind }) =>
    ["qemu-shutdown", "qemu-crashed", "qemu-exited"].includes(kind)
  )
  const isAsked = operations.some(
    (one) =>
      isOn(one, guest.uuid) &&
      mayEndIt.has(one.call.call) &&
      (one.endedAt === undefined || one.endedAt > born.at)
  )
  return isOver || isAsked
    ? undefined
    : `${signal} came to ${pid} of ${guest.uuid}/${guest.epoch}, which nobody asked to end`
}

/** A process that is told to be dead is; one that has stopped running instructions is dying. */
export const endIsAsked: Invariant = {
  id: "L01",
  name: "EndIsAsked",
  statement:
    "A guest whose start was answered is ended by nobody but those who asked for it, its " +
    "client's going, the guest itself, or the end of an engine that takes its guests with it.",
  needsCalls: true,
  make: () => {
    let seen = 0
    let isClosing = false
    return {
      step: (view) => {
        const { sent } = view.host.processes
        for (; seen < sent.length; seen++) {
          const one = sent[seen]
          const why = one && !isClosing ? unasked(one, view) : undefined
          if (why !== undefined) return why
        }
        return undefined
      },
      decided: ({ record, message }) => {
        const closes = message as { readonly type: string; readonly stopsGuests?: boolean }
        if (record.actor === "driver" && closes.stopsGuests === true) isClosing = true
        return undefined
      }
    }
  }
}
