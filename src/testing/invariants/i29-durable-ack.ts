/** I29: what a client was told is done is on disk, whatever becomes of engine and power after. */
import { slotName, slotUuid } from "../history/api-call.ts"
import type { History, Operation } from "../history/operation.ts"
import { titleOf } from "../simulation/definition.ts"
import type { Invariant, View } from "../simulation/view.ts"
import { type DefinitionOnDisk, definitionsOn } from "./on-disk.ts"

type Value = string | undefined

/** What a call makes of one property of a definition; `undefined` value: there is none. */
interface Write {
  readonly value: Value
  /** It has happened. Otherwise it may have. */
  readonly isCertain: boolean
  readonly invokedAt: number
  /** After this it has no effect any more. */
  readonly endedAt: number
}

interface Property {
  readonly name: string
  /** What is on disk before anybody writes. */
  readonly initial: Value
  readonly of: (definition: DefinitionOnDisk | undefined) => Value
  /** `isSure: false`: an answer of success does not say that the file has it. */
  readonly written: (call: Operation["call"]) => { value: Value; isSure: boolean } | undefined
}

const sure = (value: Value) => ({ value, isSure: true })

const properties: readonly Property[] = [
  {
    name: "title",
    initial: undefined,
    of: (definition) => definition?.title,
    written: (call) => {
      if (call.call === "define") return sure(titleOf(call.version))
      if (call.call === "undefine") return sure(undefined)
      // The title of a guest that runs is not that of its definition.
      return call.call === "setTitle" ? { value: titleOf(call.version), isSure: false } : undefined
    }
  },
  {
    name: "name",
    initial: undefined,
    of: (definition) => definition?.name,
    written: (call) => {
      if (call.call === "define") return sure(slotName(call.as ?? call.domain))
      if (call.call === "undefine") return sure(undefined)
      return call.call === "rename" ? sure(slotName(call.to)) : undefined
    }
  },
  {
    name: "autostart",
    initial: "false",
    of: (definition) => String(definition?.isAutostart ?? false),
    written: (call) => {
      if (call.call === "setAutostart") return sure(String(call.isAutostart))
      return call.call === "undefine" ? sure("false") : undefined
    }
  }
]

/** When each engine ended: a call that it had not answered has no effect after that. */
const endsOf = ({ happenings }: History): ReadonlyMap<number, number> =>
  new Map(
    happenings
      .filter(({ kind }) => ["engine-killed", "engine-closed", "power-cut"].includes(kind))
      .map(({ life, at }) => [life, at])
  )

const writesOf = (history: History, uuid: string, property: Property): readonly Write[] => {
  const ends = endsOf(history)
  return history.operations.flatMap(({ call, result, life, invokedAt, endedAt }) => {
    if (!("domain" in call) || slotUuid(call.domain) !== uuid) return []
    const written = property.written(call)
    if (written === undefined) return []
    const isCertain = result?.kind === "ok" && written.isSure
    // An error does not say that nothing was done, nor that it will not be done yet.
    const isOver = result?.kind === "ok"
    const until = isOver ? endedAt : ends.get(life)
    const end = until ?? Number.POSITIVE_INFINITY
    return [{ value: written.value, isCertain, invokedAt, endedAt: end }]
  })
}

/** What the last write may have been: none that a certain one has followed. */
const possible = (writes: readonly Write[], initial: Value): ReadonlySet<Value> => {
  const certain = writes.filter(({ isCertain }) => isCertain)
  const isLast = ({ endedAt }: Pick<Write, "endedAt">) =>
    !certain.some(({ invokedAt }) => invokedAt > endedAt)
  const first: Pick<Write, "value" | "endedAt"> = { value: initial, endedAt: -1 }
  return new Set([first, ...writes].filter(isLast).map(({ value }) => value))
}

const shown = (values: Iterable<Value>): string =>
  [...values].map((value) => value ?? "nothing").join(" or ")

const lost = (view: View): string | undefined => {
  const layout = view.life?.driver?.parts()?.store.layout
  if (layout === undefined) return undefined
  const found = definitionsOn(view.host.disk, layout)
  const torn = found.find(({ uuid, name }) => uuid === undefined || name === undefined)
  if (torn !== undefined) return `${torn.file} is no whole definition`
  for (let slot = 0; slot < view.plan.domains; slot++) {
    const uuid = slotUuid(slot)
    const mine = found.filter((one) => one.uuid === uuid)
    // A rename that could be neither finished nor undone: its journal decides at the next opening.
    if (view.host.disk.has(`${layout.renames}/${uuid}.json`)) continue
    if (mine.length > 1) return `${uuid} is in ${mine.map(({ file }) => file).join(" and ")}`
    for (const property of properties) {
      const is = property.of(mine[0])
      const may = possible(writesOf(view.history, uuid, property), property.initial)
      if (!may.has(is))
        return `the ${property.name} of ${slotName(slot)} is ${shown([is])}, not ${shown(may)}`
    }
  }
  return undefined
}

export const durableAck: Invariant = {
  id: "I29",
  name: "DurableAck",
  statement:
    "When an engine has opened, and at rest, the definitions on disk are those that were " +
    "acknowledged; what was under way when an engine ended is there whole or not at all.",
  needsCalls: true,
  make: () => ({ opened: lost, rest: lost })
}
