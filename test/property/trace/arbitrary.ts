/** Random traces: every kind of entry, hostile words, times to the microsecond. */
import fc from "fast-check"
import { lanes, outcomes } from "../../../src/trace/rows.ts"
import {
  type Entry,
  type Json,
  noteKinds,
  type NoteEntry,
  type Trace,
  type TurnEntry
} from "../../../src/trace/trace.ts"

const hostile = [
  "",
  "<script>alert(1)</script>",
  "\u001b[2J\u001b[31m",
  "\u202egnp.exe",
  "\ud800",
  '"],["',
  "\u2028\n\u0000",
  "__proto__"
]

export const word: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom("domain/1", "start", "life.running job.idle", ...hostile),
  fc.string({ unit: "binary", maxLength: 20 })
)

const optional = <A>(part: fc.Arbitrary<A>) => fc.option(part, { nil: undefined })

const atMs = fc.nat({ max: 10 ** 12 }).map((microseconds) => microseconds / 1000)

const turn: fc.Arbitrary<TurnEntry> = fc.record({
  kind: fc.constant("turn" as const),
  serial: fc.maxSafeNat(),
  atMs,
  life: fc.integer({ min: 1, max: 9 }),
  actor: word,
  message: word,
  lane: fc.constantFrom(...lanes),
  outcome: fc.constantFrom(...outcomes),
  from: word,
  to: word,
  actions: fc.array(word, { maxLength: 4 }),
  version: fc.nat(),
  call: optional(fc.nat()),
  procedure: optional(word),
  cause: word,
  sender: optional(word),
  script: optional(word),
  sent: fc.nat(),
  answers: fc.array(fc.nat(), { maxLength: 3 }),
  defect: optional(word),
  epoch: optional(word),
  moved: fc.array(fc.record({ thing: word, from: word, to: word }), { maxLength: 3 })
})

const note: fc.Arbitrary<NoteEntry> = fc.record({
  kind: fc.constantFrom(...noteKinds),
  atMs,
  life: fc.integer({ min: 1, max: 9 }),
  who: optional(word),
  name: word,
  about: optional(word),
  operation: optional(fc.nat()),
  text: optional(word)
})

export const entry: fc.Arbitrary<Entry> = fc.oneof({ arbitrary: turn, weight: 3 }, note)

/** As JSON gives it back: without `-0`. */
const plan: fc.Arbitrary<Json> = fc
  .jsonValue({ maxDepth: 4 })
  .map((value): Json => JSON.parse(JSON.stringify(value)))

export const trace: fc.Arbitrary<Trace> = fc.record({
  header: fc.record({
    program: word,
    createdBy: word,
    wallOriginMs: optional(fc.nat().map(Number)),
    simulation: optional(fc.record({ seed: optional(fc.integer()), plan })),
    machines: fc.dictionary(word, word, { maxKeys: 3, noNullPrototype: true }),
    things: fc.dictionary(word, word, { maxKeys: 2, noNullPrototype: true }),
    charts: fc.dictionary(word, word, { maxKeys: 2, noNullPrototype: true }),
    definitions: fc.dictionary(word, word, { maxKeys: 2, noNullPrototype: true }),
    omitted: fc.nat()
  }),
  entries: fc.array(entry, { maxLength: 12 })
})
