/** I19: whoever hears of something finds it so. */
import { definitionPath } from "../../store/layout.ts"
import type { Invariant, View } from "../simulation/view.ts"
import { type DomainTurn, domainTurn, lifeOf } from "./domain-turn.ts"
import { Held } from "./held.ts"
import { textAt } from "./on-disk.ts"

/** What is told on this turn is what readers see from this turn on. */
const unpublished = ({ uuid, record, after }: DomainTurn, view: View): string | undefined => {
  const ref = view.life?.driver?.parts()?.domains.byUuid(uuid)?.ref
  if (ref === undefined || ref.actor.version !== record.version) return undefined
  return ref.actor.published === after
    ? undefined
    : `${record.actor} told of '${record.message}' before it could be read`
}

/** A guest that has stopped holds nothing, and one that was transient has left its name. */
const unfinished = (
  { uuid, record, before, after }: DomainTurn,
  { held, view }: { readonly held: Held; readonly view: View }
): string | undefined => {
  const { epoch } = before.context
  if (epoch === undefined || after.context.epoch !== undefined) return undefined
  if (held.tokens.includes(`${uuid}/${epoch}`))
    return `${record.actor} told of the end of ${epoch}, which still holds devices or ports`
  if (lifeOf(after) !== "gone") return undefined
  const listed = view.life?.driver?.parts()?.domains.byUuid(uuid)?.ref
  return listed?.actor.published === after
    ? `${record.actor} told of its end while it was listed`
    : undefined
}

/** A change that was told of is on disk. */
const unwritten = (
  { uuid, record, message, before, after }: DomainTurn,
  view: View
): string | undefined => {
  const layout = view.life?.driver?.parts()?.store.layout
  const isChange = message.type === "written" || message.type === "unregistered"
  const job = before.context.job?.change.type
  if (!isChange || layout === undefined || job === undefined) return undefined
  const { persistent } = after.context
  if (job !== "define" && job !== "undefine") return undefined
  const name = persistent?.name ?? before.context.persistent?.name
  if (name === undefined) return undefined
  // Its name may be another's by now.
  const isThere = textAt(view.host.disk, definitionPath(layout, name))?.includes(uuid) === true
  return isThere === (persistent !== undefined)
    ? undefined
    : `${record.actor} told that '${name}' is ${job}d: its file is ${isThere ? "" : "not "}there`
}

export const eventAfterEffect: Invariant = {
  id: "I19",
  name: "EventAfterEffect",
  statement:
    "When an event is told its state can be read, a guest that stopped holds nothing any more, " +
    "and a definition that was changed is on disk.",
  make: () => {
    const held = new Held()
    return {
      decided: (turn, view) => {
        held.see(turn, view.life?.number)
        const { outcome, actions } = turn.record
        if (outcome !== "taken" || !actions.includes("emit")) return undefined
        const mine = domainTurn(turn)
        return (
          mine &&
          (unpublished(mine, view) ?? unfinished(mine, { held, view }) ?? unwritten(mine, view))
        )
      }
    }
  }
}
