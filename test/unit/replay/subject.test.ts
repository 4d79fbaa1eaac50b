/**
 * Goal: what a broken rule is about is found by the names in its words, one begins to look before
 * the last change of it, and the player goes from each step that concerns it to the next; devices
 * have the states that their pool's records say, and none where they say nothing.
 * Method: small traces by hand.
 */
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import { hostdevMachine } from "../../../machines/hostdev.ts"
import { describe } from "../../../src/charts/describe.ts"
import { stateLines } from "../../../src/replay/listing.ts"
import { pageData, windowAround } from "../../../src/replay/page-data.ts"
import { beginning, frame, pressed } from "../../../src/replay/player.ts"
import { reportPage } from "../../../src/replay/report.ts"
import { Followed } from "../../../src/replay/report-charts.ts"
import { storyOf } from "../../../src/replay/story.ts"
import { concernsOf, wordsIn } from "../../../src/replay/subject.ts"
import { stateOfThing } from "../../../src/replay/things.ts"
import type { Entry, NoteEntry, Trace, TurnEntry } from "../../../src/trace/trace.ts"
import { hostileTrace, longTrace } from "../../e2e/report/long.ts"

const base = longTrace(1)
const [first] = base.entries
if (first?.kind !== "turn") throw new Error("a long trace is of turns")

const uuid = "00000000-0000-4000-8000-000000000007"
const card = "0000:03:00.0"

const turn = (part: Partial<TurnEntry>): TurnEntry => ({
  ...first,
  actor: "driver",
  sender: undefined,
  call: undefined,
  answers: [],
  from: "running",
  to: "running",
  ...part
})

const note = (part: Partial<NoteEntry>): NoteEntry => ({
  kind: "violation",
  // Long after everything else: the run has come to rest.
  atMs: 180_000,
  life: 1,
  who: undefined,
  name: "I26 NoLeak",
  about: undefined,
  operation: undefined,
  text: undefined,
  ...part
})

const noise = (count: number): readonly Entry[] => Array.from({ length: count }, () => turn({}))

const moved = (from: string, to: string, thing = card): Partial<TurnEntry> => ({
  actor: "pci-pool",
  moved: [{ thing, from, to }]
})

const traceOf = (...entries: readonly Entry[]): Trace => ({
  header: { ...base.header, things: { "pci-pool": "hostdev" } },
  entries: entries.map((entry, serial) =>
    entry.kind === "turn" ? { ...entry, serial, sent: serial } : entry
  )
})

/** The device leaves the host at 20 and is never given back; the rule is found broken at 62. */
const leak = traceOf(
  ...noise(20),
  turn(moved("host", "reserved")),
  ...noise(20),
  // From hand to hand: it concerns the device, and does not change its state.
  turn(moved("reserved", "reserved")),
  ...noise(20),
  note({ text: `${card} is reserved: it should have arrived` })
)

test("one begins nine steps before the last change of what the broken rule names", () => {
  const { about, broken, start } = concernsOf(leak)
  expect({ broken, start }).toEqual({ broken: 62, start: 11 })
  expect(about).toMatchObject({ kind: "device", name: card, changes: [20] })
  expect(about?.places).toEqual([20, 41, 62])
})

test("what is found broken at once is shown where it was found, unless a life lies between", () => {
  const found = (life: number) => note({ atMs: 0, life, text: `${card} is with two guests` })
  const taken = turn(moved("host", "reserved"))
  const one = traceOf(...noise(20), taken, ...noise(30), found(1))
  expect(concernsOf(one)).toMatchObject({ about: { name: card }, broken: 51, start: 42 })
  const next = traceOf(...noise(20), taken, ...noise(30), found(2))
  expect(concernsOf(next)).toMatchObject({ about: { name: card }, broken: 51, start: 11 })
})

test("where a rule's words name nothing that is known, one begins before it was found", () => {
  const trace = traceOf(...noise(30), note({ text: "at rest open: file /tmp/some.log" }))
  expect(concernsOf(trace)).toMatchObject({ about: undefined, broken: 30, start: 21 })
  expect(concernsOf(traceOf(...noise(3)))).toMatchObject({ broken: -1, subjects: [] })
})

const domain = `domain/${uuid}`
const starting = turn({ actor: domain, epoch: "1.3", from: "life.shutoff", to: "life.starting" })
const taking = turn({ actor: "ports", sender: domain, from: "0 taken", to: "1 taken" })
const ending = turn({ actor: domain, epoch: "1.3", from: "life.stopping", to: "life.shutoff" })

test.each([
  ["a directory of a start", "at rest /var/lib/troupe/run/1.3 was left", "start 1.3"],
  ["a record of a start", "at rest the record 1.3.json is of no guest", "start 1.3"],
  ["a token", `${uuid}/1.3 holds devices or ports`, "start 1.3"],
  ["a domain", `at rest ${uuid}: its job is writing`, uuid],
  [
    "a call that is owed",
    "at rest driver owes an answer to 'enter', call 77, since 3 ms",
    "call 77"
  ],
  ["a process", "process 302, qemu, is left", "process 302"],
  ["a client's call", "suspend 4 took 90000 ms, and may take 60000", "suspend 4"],
  ["a client", 'client 2: {"call":"list"}', "client 2"],
  ["a file", "at rest /etc/qemu/.t13.tmp is left", "/etc/qemu/.t13.tmp"],
  ["an actor", "at rest ports did not come to rest", "ports"]
])("%s is found in the words of a rule", (_, text, name) => {
  const what = [
    note({ kind: "invoke", name: "suspend", who: "client 2", operation: 4 }),
    note({ kind: "happening", name: "qemu-started", who: "qemu 302", about: uuid }),
    note({ kind: "fault", name: "file/ENOSPC", text: "3: write /etc/qemu/.t13.tmp" }),
    turn({ call: 77, message: "enter" })
  ]
  const trace = traceOf(
    ...noise(5),
    ...what,
    starting,
    taking,
    ending,
    ...noise(40),
    note({ text })
  )
  const { about, start } = concernsOf(trace)
  expect(about?.name).toBe(name)
  expect(start).toBeLessThan(12)
})

test("what a domain asks of others during a start concerns that start", () => {
  const trace = traceOf(taking, starting, taking, ending, note({ text: "1.3 is left" }))
  const { subjects } = concernsOf(trace)
  expect(subjects.map(({ name }) => name)).toEqual(["start 1.3", uuid])
  expect(subjects[0]).toMatchObject({ places: [1, 2, 3, 4], changes: [1, 3] })
})

test("names are whole words: a device is not another whose name begins like it", () => {
  expect(wordsIn("'d0' (0000:03:00.0), /run/1.1/x.json; 0000:03:00.")).toEqual([
    "d0",
    "0000:03:00.0",
    "/run/1.1/x.json",
    "",
    "run",
    "1.1",
    "x",
    "0000:03:00"
  ])
})

test("the player begins there, and goes from each step that concerns it to the next", () => {
  const story = storyOf(leak)
  const begun = beginning(story)
  const rows = (keys: readonly string[]) =>
    keys.reduce((player, key) => pressed(player, story, key), begun)
  expect(begun).toMatchObject({ row: 11, about: 0 })
  expect(rows(["]"]).row).toBe(20)
  expect(rows(["]", "]"]).row).toBe(41)
  expect(rows(["]", "]", "["]).row).toBe(20)
  expect(rows(["["])).toMatchObject({ row: 11, notice: `nothing concerns ${card} before this` })
  const lines = frame(rows(["]"]), story, { columns: 120, rows: 30 }).map(({ text }) => text)
  expect(lines.filter((line) => /^[> ]\*/.test(line))).toHaveLength(1)
  expect(lines.find((line) => line.startsWith(">*"))).toContain("pci-pool")
  expect(lines.at(-1)).toContain(`about ${card}`)
})

test("somebody says what is followed, or that nothing is", () => {
  const story = storyOf(leak)
  const typed = (word: string) =>
    ["a", ...word, "enter"].reduce(
      (player, key) => pressed(player, story, key),
      pressed(beginning(story), story, "home")
    )
  expect(typed("03:00").about).toBe(0)
  expect(typed("").about).toBe(-1)
  expect(typed("usb").notice).toBe("no device, domain or start is called 'usb'")
  expect(pressed(typed(""), story, "]").notice).toContain("about what?")
})

test("a device has the states that its pool told, and what it was before the first of them", () => {
  const stop = { outcome: "stopped", moved: [] } as const
  const story = storyOf(
    traceOf(
      turn({}),
      turn(moved("host", "reserved")),
      turn({}),
      turn(moved("reserved", "assigned")),
      turn({ ...moved("", ""), ...stop }),
      turn({ life: 2 }),
      turn({ ...moved("unknown", "looking"), life: 2 })
    )
  )
  const [thing] = story.things
  expect(thing).toMatchObject({ name: `pci-pool/${card}`, machine: "hostdev" })
  const states = story.moments.map((_, row) => thing && stateOfThing(thing, row))
  expect(states).toEqual([
    "host",
    "reserved",
    "reserved",
    "assigned",
    undefined,
    "unknown",
    "looking"
  ])
  const lines = stateLines(story, 3, 80).map(({ tone, text }) => [tone, text.trim()])
  expect(lines).toContainEqual(["now", expect.stringMatching(/^pci-pool\/0000:03:00.0 +assigned$/)])
})

test("a trace of before, which says nothing of devices, has none", () => {
  expect(storyOf(longTrace(30)).things).toEqual([])
})

test("of more devices than there is room for, the quiet ones are left out", async () => {
  const many = Array.from({ length: 501 }, (_, at) => turn(moved("host", "reserved", `card ${at}`)))
  const trace = traceOf(...many, turn(moved("reserved", "host", "card 7")))
  expect(storyOf(trace)).toMatchObject({ thingsHidden: 1 })
  const { page } = await Effect.runPromise(reportPage(trace, { charts: {} }))
  expect(page).toContain("1 quiet devices left out")
})

test("a page has the rows of each subject, and where it begins also when that is long ago", () => {
  const story = storyOf(leak)
  const charts = { hostdev: { svg: "", chart: describe(hostdevMachine) } }
  const data = pageData(story, new Followed(story, charts, leak.header))
  expect(data).toMatchObject({ start: 11, about: 0 })
  expect(data.subjects).toEqual([{ name: card, short: card, rows: [20, 21, 21] }])
  expect(data.things).toMatchObject([{ machine: "0", changes: [20, 41] }])
  expect(windowAround(leak, concernsOf(leak), 30)).toEqual({ from: 8, to: 38 })
  expect(windowAround(leak, concernsOf(leak), 60)).toEqual({ from: 3, to: 63 })
})

test("whatever a trace says, its subjects are signs only", () => {
  const trace = hostileTrace()
  const story = storyOf(trace)
  const { subjects, things } = pageData(story, new Followed(story, {}, trace.header))
  for (const { name } of [...subjects, ...things]) expect(name).not.toMatch(/[\p{Cc}\p{Cf}]/u)
})
