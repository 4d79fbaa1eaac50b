/** I33: a damaged record is said to be one, and hurts nobody but its domain. */
import * as Result from "effect/Result"
import { parseStatus } from "../../store/status.ts"
import type { Invariant, View } from "../simulation/view.ts"
import { definitionsOn, namesIn, textAt } from "./on-disk.ts"

/** Paths of records and definitions that cannot be understood. */
const damaged = (view: View): readonly string[] => {
  const layout = view.life?.driver?.parts()?.store.layout
  if (layout === undefined) return []
  const { disk } = view.host
  const statuses = namesIn(disk, layout.statuses)
    .filter((name) => !name.startsWith("."))
    .map((name) => `${layout.statuses}/${name}`)
    .filter((path) => Result.isFailure(parseStatus(textAt(disk, path) ?? "")))
  const definitions = definitionsOn(disk, layout)
    .filter(({ uuid, name }) => uuid === undefined || name === undefined)
    .map(({ file }) => `${layout.definitions}/${file}`)
  return [...statuses, ...definitions]
}

export const corruptContained: Invariant = {
  id: "I33",
  name: "CorruptContained",
  statement:
    "An engine opens in spite of torn records and definitions, names each of them among its " +
    "problems, and leaves their files as they are.",
  make: () => {
    let found: { readonly life: number | undefined; readonly texts: ReadonlyMap<string, string> }
    found = { life: undefined, texts: new Map() }
    return {
      opened: (view) => {
        const paths = damaged(view)
        const texts = paths.map((path) => [path, textAt(view.host.disk, path) ?? ""] as const)
        found = { life: view.life?.number, texts: new Map(texts) }
        const told = new Set((view.life?.driver?.problems() ?? []).map(({ what }) => what))
        const silent = paths.find((path) => !told.has(path))
        return silent && `${silent} cannot be read, and no problem tells of it`
      },
      rest: (view) => {
        if (found.life !== view.life?.number) return undefined
        for (const [path, text] of found.texts)
          if (textAt(view.host.disk, path) !== text) return `${path} was damaged, and was changed`
        return undefined
      }
    }
  }
}
