/** I03: a reserved name is held by a request that is under way, and by nobody else. */
import { type ApiCall, slotName, slotUuid } from "../history/api-call.ts"
import type { Operation } from "../history/operation.ts"
import type { Invariant, View } from "../simulation/view.ts"
import { indexAfter, type Named, reservationsOf } from "./domains-index.ts"

/** What a call reserves while it works. */
const wantedBy = (call: ApiCall): Named | undefined => {
  if (call.call === "define" || call.call === "create")
    return { uuid: slotUuid(call.domain), name: slotName(call.as ?? call.domain) }
  if (call.call === "rename") return { uuid: slotUuid(call.domain), name: slotName(call.to) }
  return undefined
}

const isUnderWay = (view: View, { life, result }: Operation): boolean =>
  result === undefined && life === view.life?.number

/** Those that nobody's call accounts for, each call for one. */
const unowned = (view: View, reserved: readonly Named[]): Named | undefined => {
  const working = view.history.operations.flatMap((operation) => {
    const wanted = isUnderWay(view, operation) ? wantedBy(operation.call) : undefined
    return wanted === undefined ? [] : [wanted]
  })
  for (const { uuid, name } of reserved) {
    // An engine that opens holds the uuid of a guest without a record until its process is dead.
    if (name === uuid) continue
    const at = working.findIndex((one) => one.uuid === uuid && one.name === name)
    if (at < 0) return { uuid, name }
    working.splice(at, 1)
  }
  return undefined
}

const complaint = ({ name, uuid }: Named): string =>
  `'${name}' (${uuid}) is reserved, and no call under way reserved it`

export const reservationOwned: Invariant = {
  id: "I03",
  name: "ReservationOwned",
  statement:
    "Each reserved name and uuid belongs to a call that has not been answered, and is committed " +
    "or given back before that call's answer, or to a process of an earlier engine that dies; " +
    "at rest nothing is reserved.",
  needsCalls: true,
  make: () => {
    let last: { readonly reserved: readonly Named[]; readonly life: number | undefined } = {
      reserved: [],
      life: undefined
    }
    const check = (view: View): string | undefined => {
      if (last.life !== view.life?.number) return undefined
      const free = unowned(view, last.reserved)
      return free && complaint(free)
    }
    return {
      decided: (turn, view) => {
        const index = indexAfter(turn)
        if (index === undefined) return undefined
        last = { reserved: reservationsOf(index), life: view.life?.number }
        return last.reserved.length === 0 ? undefined : check(view)
      },
      rest: (view) => {
        const [first] = last.life === view.life?.number ? last.reserved : []
        return first && `at rest '${first.name}' (${first.uuid}) is still reserved`
      }
    }
  }
}
