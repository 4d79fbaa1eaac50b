/**
 * What a trace is about, by name: a device, one start of a guest, a domain, a call, a process, a
 * file. Of each, the entries that concern it and those that changed it; and what a broken rule is
 * about, by the names in its own words. A rule that is only found broken at rest is told long after
 * it was broken: the last change of what it is about is where to look.
 */
import type { Entry, NoteEntry, Trace, TurnEntry } from "../trace/trace.ts"

/** From the most particular to the least: what a rule's words are about is the first of these. */
const kinds = [
  "device",
  "call",
  "operation",
  "start",
  "process",
  "file",
  "client",
  "domain",
  "actor"
] as const
export type SubjectKind = (typeof kinds)[number]

export interface Subject {
  readonly kind: SubjectKind
  readonly name: string
  /** Places in the trace that concern it, in order. */
  readonly places: readonly number[]
  /** Those of them that changed it. */
  readonly changes: readonly number[]
}

type Name = readonly [kind: SubjectKind, name: string]

interface Draft {
  readonly kind: SubjectKind
  readonly name: string
  readonly places: number[]
  readonly changes: number[]
}

const uuidText = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
const wholeUuid = new RegExp(`^${uuidText}$`)
const domainName = new RegExp(`^domain/(${uuidText})$`)
const startOfActor = new RegExp(`^[a-z]+/${uuidText}/(\\d+\\.\\d+)$`)

/** Words as names are told apart in sentences, and the parts of those that are paths. */
export const wordsIn = (text: string): readonly string[] => {
  const words = text.slice(0, 4000).match(/[\w./:-]+/g) ?? []
  const plain = words.map((word) => word.replace(/[.:]+$/, ""))
  const parts = (word: string) => word.split("/").map((part) => part.replace(/\.json$/, ""))
  return [...new Set(plain.flatMap((word) => [word, ...parts(word)]))]
}

/** What ends with a life of the engine, or is done to all of it, concerns whatever is in it. */
const isOfAll = ({ kind, name }: NoteEntry): boolean =>
  kind === "violation" ||
  (kind === "fault" && name.startsWith("world/")) ||
  (kind === "happening" && name.startsWith("engine-"))

const isChange = ({ from, to }: { readonly from: string; readonly to: string }) => from !== to

/** Follows a trace, entry by entry. */
class Ledger {
  readonly drafts = new Map<string, Draft>()
  readonly ofAll: number[] = []
  /** Of a domain, the start that it is in: what it asks of others is for that. */
  private readonly present = new Map<string, string>()
  /** What a client's call is called, by its number. */
  private readonly called = new Map<number, string>()

  turn(turn: TurnEntry, place: number): void {
    const { actor, sender, call, answers, epoch, moved } = turn
    const hasMoved = isChange(turn)
    this.note(["actor", actor], place, hasMoved)
    const uuid = domainName.exec(actor)?.[1]
    if (uuid !== undefined) this.note(["domain", uuid], place, hasMoved)
    if (epoch !== undefined) this.present.set(actor, epoch)
    const asker = sender === undefined ? undefined : this.present.get(sender)
    const start = epoch ?? startOfActor.exec(actor)?.[1] ?? asker
    if (start !== undefined)
      this.note(["start", start], place, hasMoved && (epoch !== undefined || moved.length > 0))
    const asking = sender === undefined ? undefined : domainName.exec(sender)?.[1]
    if (asking !== undefined && asking !== uuid) this.note(["domain", asking], place, false)
    for (const move of moved) this.note(["device", move.thing], place, isChange(move))
    for (const number of call === undefined ? answers : [call, ...answers])
      this.note(["call", `${number}`], place, true)
  }

  happened(entry: NoteEntry, place: number): void {
    const { kind, name, who, about, text, operation } = entry
    if (isOfAll(entry)) this.ofAll.push(place)
    if (kind === "violation") return
    if (kind === "invoke" && operation !== undefined) this.called.set(operation, name)
    const called = this.called.get(operation ?? -1)
    if (called !== undefined) this.note(["operation", `${called} ${operation}`], place, true)
    const client = /^client (\d+)$/.exec(who ?? "")?.[1]
    if (client !== undefined) this.note(["client", client], place, true)
    const pid = /^qemu (\d+)$/.exec(who ?? "")?.[1]
    if (pid !== undefined) this.note(["process", pid], place, true)
    if (about !== undefined && wholeUuid.test(about))
      this.note(["domain", about], place, kind === "happening")
    const start = /^epoch (\d+)[-.](\d+)$/.exec(text ?? "")
    if (start !== null) this.note(["start", `${start[1]}.${start[2]}`], place, kind === "happening")
    // A call for a device changes nothing yet; its pool's turns tell when it does.
    for (const word of wordsIn(`${about ?? ""} ${text ?? ""}`)) {
      if (this.drafts.has(`device ${word}`)) this.note(["device", word], place, false)
      if (word.startsWith("/")) this.note(["file", word], place, true)
    }
  }

  private note([kind, name]: Name, place: number, isChanged: boolean): void {
    const key = `${kind} ${name}`
    let draft = this.drafts.get(key)
    if (draft === undefined) {
      draft = { kind, name, places: [], changes: [] }
      this.drafts.set(key, draft)
    }
    if (draft.places.at(-1) !== place) draft.places.push(place)
    if (isChanged && draft.changes.at(-1) !== place) draft.changes.push(place)
  }
}

const merged = (one: readonly number[], other: readonly number[]): readonly number[] =>
  [...new Set([...one, ...other])].toSorted((a, b) => a - b)

/** How many steps before what was broken, or before its last change, one begins to look. */
export const stepsBefore = 9

/** What a trace is about, and where to begin. */
export interface Concerns {
  /** What somebody may look for by name: devices, domains, their starts; the broken one first. */
  readonly subjects: readonly Subject[]
  /** The place in the trace of the first broken rule; -1 where none is. */
  readonly broken: number
  /** What that rule is about, if its words say so: the first of `subjects`. */
  readonly about: Subject | undefined
  /** The place where one begins to look. */
  readonly start: number
}

const listed: ReadonlySet<SubjectKind> = new Set(["device", "domain", "start"])

/** Of a rule's words, the most particular names that the trace knows, as one subject. */
const subjectOf = (entry: Entry | undefined, drafts: ReadonlyMap<string, Draft>) => {
  if (entry?.kind !== "violation") return undefined
  const words = wordsIn(`${entry.about ?? ""} ${entry.text ?? ""}`)
  const numbered = (pattern: RegExp) =>
    [...(entry.text ?? "").matchAll(pattern)].flatMap(([, ...numbers]) => numbers)
  const named: { readonly [K in SubjectKind]?: readonly (string | undefined)[] } = {
    call: numbered(/\bcall (\d{1,15})\b/g),
    process: numbered(/\bprocess(?:es)? (\d{1,9})(?: and (\d{1,9}))?/g),
    operation: numbered(/\b(?=(\w+ \d{1,9})\b)/g),
    client: numbered(/\bclient (\d{1,6})\b/g)
  }
  for (const kind of kinds) {
    const names = new Set(named[kind] ?? words)
    const found = [...names].flatMap((name) => drafts.get(`${kind} ${name}`) ?? [])
    if (found.length > 0) return found
  }
  return undefined
}

/** Numbers alone say nothing. */
const shown = ({ kind, name }: Draft): string =>
  ["call", "start", "process", "client"].includes(kind) ? `${kind} ${name}` : name

const united = (found: readonly Draft[], ofAll: readonly number[]): Subject => ({
  kind: found[0]?.kind ?? "actor",
  name: found.map(shown).join(", "),
  places: found.reduce<readonly number[]>((all, { places }) => merged(all, places), ofAll),
  changes: found.reduce<readonly number[]>((all, { changes }) => merged(all, changes), [])
})

const rank = ({ kind }: Draft): number => kinds.indexOf(kind)

/** Names that nobody would choose from anyway. */
const subjectsMax = 200

/** Before the rule was found broken, or at all: its last change, or what concerned it last. */
const lastChange = ({ changes, places }: Subject, broken: number): number => {
  const isBefore = (place: number) => broken < 0 || place < broken
  return changes.findLast(isBefore) ?? places.findLast(isBefore) ?? broken
}

/** The same, about what somebody names: the first that has these signs in its name, if any. */
export function concernsAbout(concerns: Concerns, name: string): Concerns | undefined {
  const { subjects, broken } = concerns
  const about = subjects.find((one) => one.name.includes(name))
  if (about === undefined) return undefined
  const others = subjects.filter((one) => one !== about)
  const start = Math.max(0, lastChange(about, broken) - stepsBefore)
  return { subjects: [about, ...others], broken, about, start }
}

/** Time in which nothing happened at all: the run had come to rest. */
const restMs = 10_000

/** Found long after it was broken: at rest, or by the next life of the engine. */
const isLate = (entries: readonly Entry[], broken: number, last: number): boolean => {
  const [found, before, changed] = [entries[broken], entries[broken - 1], entries[last]]
  if (found === undefined || before === undefined) return false
  return found.atMs - before.atMs >= restMs || found.life !== changed?.life
}

export function concernsOf({ entries }: Trace): Concerns {
  const ledger = new Ledger()
  for (const [place, entry] of entries.entries()) {
    if (entry.kind === "turn") ledger.turn(entry, place)
    else ledger.happened(entry, place)
  }
  const { drafts, ofAll } = ledger
  const broken = entries.findIndex(({ kind }) => kind === "violation")
  const found = subjectOf(entries[broken], drafts)
  const about = found === undefined ? undefined : united(found, ofAll)
  const others = [...drafts.values()]
    .filter((draft) => listed.has(draft.kind) && !(found?.length === 1 && found[0] === draft))
    .toSorted((one, other) => rank(one) - rank(other))
    .slice(0, subjectsMax)
    .map((draft) => united([draft], ofAll))
  const last = about === undefined ? broken : lastChange(about, broken)
  const place = isLate(entries, broken, last) ? last : broken
  const subjects = about === undefined ? others : [about, ...others]
  return { subjects, broken, about, start: Math.max(0, place - stepsBefore) }
}
