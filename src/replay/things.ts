/**
 * What some actors own many of, host devices first of all, each with the states that it came to: as
 * far as the records of its owner say. What is not said of a part of the trace is not guessed.
 */
import { type Entry, kindOf, type TraceHeader } from "../trace/trace.ts"

export interface Thing {
  /** Below its owner, as actors are named: `pci-pool/0000:03:00.0`. */
  readonly name: string
  /** The id of the chart that it follows; `undefined` where the trace does not say. */
  readonly machine: string | undefined
  /** From which row on it is in which state; `undefined`: not known. Rows only grow. */
  readonly marks: readonly (readonly [row: number, state: string | undefined])[]
  /** Rows that changed it. */
  readonly rows: ReadonlySet<number>
}

interface Draft {
  readonly owner: string
  readonly marks: (readonly [number, string | undefined])[]
  readonly rows: Set<number>
  /** Its states are those of its owner's present life. */
  isPresent: boolean
}

const ends: ReadonlySet<string> = new Set(["stopped", "crashed", "restarted"])

class Shelf {
  readonly drafts = new Map<string, Draft>()
  /** Of each owner, the row that its present life began with. */
  private readonly births = new Map<string, number>()
  private birth = 0

  read(entry: Entry, row: number): void {
    if (entry.kind !== "turn") return
    const { actor, outcome, moved } = entry
    if (ends.has(outcome)) this.end(actor, row)
    for (const { thing, from, to } of moved) {
      const draft = this.draft(actor, thing)
      // What it was until now it has been since its owner began.
      const birth = this.births.get(actor) ?? this.birth
      if (!draft.isPresent && birth < row) draft.marks.push([birth, from])
      draft.isPresent = true
      draft.marks.push([row, to])
      draft.rows.add(row)
    }
  }

  /** The engine's next life: nothing of before is known of it. */
  reborn(row: number): void {
    this.birth = row
    this.births.clear()
    for (const draft of this.drafts.values()) this.forget(draft, row)
  }

  private end(owner: string, row: number): void {
    this.births.set(owner, row)
    for (const draft of this.drafts.values()) if (draft.owner === owner) this.forget(draft, row)
  }

  private forget(draft: Draft, row: number): void {
    if (draft.isPresent) draft.marks.push([row, undefined])
    draft.isPresent = false
  }

  private draft(owner: string, thing: string): Draft {
    const name = `${owner}/${thing}`
    const known = this.drafts.get(name)
    if (known !== undefined) return known
    const made: Draft = { owner, marks: [], rows: new Set(), isPresent: false }
    this.drafts.set(name, made)
    return made
  }
}

export interface Things {
  readonly things: readonly Thing[]
  /** Those that changed least, past the bound. */
  readonly hidden: number
}

/** By default 500 of them: a host has some hundred devices, and few are ever given away. */
export function thingsOf(rows: readonly Entry[], header: TraceHeader, max = 500): Things {
  const shelf = new Shelf()
  for (const [row, entry] of rows.entries()) {
    const before = rows[row - 1]
    if (before !== undefined && before.life !== entry.life) shelf.reborn(row)
    shelf.read(entry, row)
  }
  const all = [...shelf.drafts]
  const busiest = all.toSorted(([, one], [, other]) => other.rows.size - one.rows.size)
  const kept = new Set(busiest.slice(0, max))
  const machineOf = (owner: string) => {
    const kind = kindOf(owner)
    return Object.hasOwn(header.things, kind) ? header.things[kind] : undefined
  }
  const things = all
    .filter((one) => kept.has(one))
    .map(([name, { owner, marks, rows }]) => ({ name, machine: machineOf(owner), marks, rows }))
  return { things, hidden: all.length - things.length }
}

/** Its state at a row; `undefined` where the trace does not say. */
export const stateOfThing = ({ marks }: Thing, row: number): string | undefined =>
  marks.findLast(([from]) => from <= row)?.[1]
