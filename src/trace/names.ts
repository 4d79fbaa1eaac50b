/**
 * Names of a trace as they are shown to people: bounded, with controls and marks of direction told
 * by their numbers, and uuids by their first digits where those tell them apart.
 */
import { type Entry, type Trace, kindOf } from "./trace.ts"

const uuid = /\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g

const escaped = (character: string): string =>
  `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`

/** The text with everything in it visible, at most `lengthMax` characters. */
export function shownText(text: string, lengthMax: number): string {
  const start = text.slice(0, lengthMax * 2).replace(/\s+/g, " ")
  const shown = [...start.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}]/gu, escaped).trim()]
  const isWhole = shown.length <= lengthMax && text.length <= lengthMax * 2
  return isWhole ? shown.join("") : `${shown.slice(0, lengthMax - 1).join("")}…`
}

/** Where what is no actor's stands: clients and the host, which have no name here. */
export const outside = "outside"

/** The lane that an entry is drawn in. */
export const laneOf = (entry: Entry): string =>
  entry.kind === "turn" ? entry.actor : (entry.who ?? outside)

/** All lanes of some entries, senders too, in the order in which they are met. */
export function lanesOf(entries: readonly Entry[]): readonly string[] {
  const lanes = new Set<string>()
  for (const entry of entries) {
    if (entry.kind === "turn") lanes.add(entry.sender ?? outside)
    lanes.add(laneOf(entry))
  }
  return [...lanes]
}

const lengthMax = 60

/** What each lane is called: short, and no two the same. */
export function lanesShown(lanes: readonly string[]): ReadonlyMap<string, string> {
  const short = (lane: string) => shownText(lane.replace(uuid, "$1"), lengthMax)
  const count = new Map<string, number>()
  for (const lane of lanes) count.set(short(lane), (count.get(short(lane)) ?? 0) + 1)
  const isOnly = (lane: string) => count.get(short(lane)) === 1
  const taken = new Set<string>()
  return new Map(
    lanes.map((lane) => {
      const plain = isOnly(lane) ? short(lane) : shownText(lane, 2 * lengthMax)
      let name = plain
      for (let nth = 2; taken.has(name); nth += 1) name = `${plain} (${nth})`
      taken.add(name)
      return [lane, name] as const
    })
  )
}

/** The id of the statechart that an actor runs; undefined for one that runs none. */
export const machineOf = ({ header }: Trace, actor: string): string | undefined => {
  const kind = kindOf(actor)
  return Object.hasOwn(header.machines, kind) ? header.machines[kind] : undefined
}
