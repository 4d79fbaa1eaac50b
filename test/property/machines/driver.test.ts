/**
 * Goal: the driver's phases keep their promises: calls work only while it runs, a drain waits for
 * them and ends, and whoever opens or closes is answered.
 * Method: random requests, leaves and outcomes on the pure chart, each turn held against the laws;
 * then whatever runs ends, and nobody may be left waiting.
 */
import fc from "fast-check"
import { expect, test } from "vitest"
import type { EventFrom, SnapshotFrom } from "xstate"
import { driverMachine } from "../../../machines/driver.ts"
import { Coverage } from "./coverage.ts"
import { endings, playsOf } from "./plays.ts"
import { type Cast, type Law, Rig, type Running, type Word } from "./rig.ts"

type Message = EventFrom<typeof driverMachine>
type State = SnapshotFrom<typeof driverMachine>
type DriverRig = Rig<typeof driverMachine>

const last = (message: Message | undefined): Word<Message> => ({ message, isLast: true })

const words = ({ script }: Running): readonly Word<Message>[] => {
  switch (script) {
    case "boot":
      return [last({ type: "opened" }), last({ type: "openFailed", error: "no root" })]
    case "deadline":
      return [last({ type: "overdue" })]
    case "endChildren":
      return [last({ type: "ended" })]
    default:
      return [last(undefined)]
  }
}

const cast: Cast<Message, DriverRig> = {
  words,
  requests: (call) => [
    { type: "enter", call, lease: call, procedure: "list", connection: "c", sinceMs: 0 },
    { type: "enter", call, lease: call, procedure: "start", connection: "c", sinceMs: 0 },
    { type: "open", call },
    { type: "close", call, stopsGuests: false },
    { type: "close", call, stopsGuests: true }
  ],
  // A defect of a child may come at any time. Leases leave in any order, twice, and after a drain
  // that did not wait for them.
  facts: ({ turns }) =>
    turns.flatMap(({ message }): readonly Message[] =>
      message.type === "enter"
        ? [
            { type: "leave", lease: message.lease },
            { type: "childFailed", error: "a defect" }
          ]
        : []
    )
}

const isMade = ({ value }: State) => value === "starting" || value === "restarting"
const leases = ({ context }: State) => Object.keys(context.leases)
const runsIn: { readonly [script: string]: readonly string[] } = {
  boot: ["starting"],
  deadline: ["draining"],
  endChildren: ["stopping", "restarting"]
}

const laws: readonly Law<State, Message, DriverRig>[] = [
  ({ before, message, outcome }) =>
    message.type === "enter" &&
    (outcome === "taken") !== (before.value === "running") &&
    `enter is ${outcome}`,
  ({ before, message, outcome }) =>
    message.type === "enter" &&
    (outcome === "postponed") !== isMade(before) &&
    `enter is ${outcome}`,
  ({ before, after, message }) =>
    before.value === "draining" &&
    after.value === "stopping" &&
    message.type !== "overdue" &&
    leases(after).length > 0 &&
    "a drain left before the last lease",
  ({ before, message, actions }) =>
    message.type === "overdue" &&
    before.value === "draining" &&
    JSON.stringify(actions.find(({ type }) => type === "interruptLeases")?.params) !==
      JSON.stringify({ leases: leases(before).map(Number) }) &&
    "a drain that is overdue interrupts exactly what is left",
  ({ before, message, actions }) =>
    message.type === "leave" &&
    before.value !== "draining" &&
    actions.length > 0 &&
    "a lease that leaves does something",
  ({ message, after }) =>
    message.type === "leave" && leases(after).includes(String(message.lease)) && "it did not leave",
  ({ after }) =>
    ["stopped", "failed", "starting", "restarting"].includes(String(after.value)) &&
    leases(after).length > 0 &&
    `a lease in ${String(after.value)}`,
  ({ before, message, outcome }) =>
    message.type === "close" &&
    outcome === "refused" &&
    before.value !== "stopped" &&
    "close is refused",
  ({ before, message, outcome }) =>
    message.type === "open" &&
    (outcome === "taken") !== (before.value === "stopped") &&
    `open is ${outcome}`,
  (_, { scripts, name }) => {
    const astray = [...scripts.keys()].find((script) => runsIn[script]?.includes(name) === false)
    return astray !== undefined && `${astray} runs in ${name}`
  },
  (_, { scripts, name }) => {
    const missing = Object.entries(runsIn).find(
      ([script, at]) => at.includes(name) && !scripts.has(script)
    )
    return missing !== undefined && `${missing[0]} does not run in ${name}`
  }
]

const made = () => new Rig(driverMachine, cast, { laws })

/** Nothing is drawn that the plays do not reach. */
const whole = { states: [], transitions: [] }

test("calls enter only while it runs, a drain is bounded, and everybody is answered", () => {
  const coverage = new Coverage(driverMachine)
  fc.assert(
    fc.property(playsOf(40), endings, (plays, ending) => {
      const rig = made()
      rig.play(plays)
      rig.rest(ending)
      for (const turn of rig.turns) coverage.note(turn)
      expect(rig.broken).toEqual([])
      expect(["stopped", "running", "failed"]).toContain(rig.name)
    }),
    { numRuns: 3000 }
  )
  for (const turn of worn().turns) coverage.note(turn)
  expect(coverage.missing).toEqual(whole)
})

/** Of one life, from its opening to its end: what was asked of its end, and what was done. */
const livesOf = (rig: DriverRig) => {
  const lives: { asked: boolean; done: boolean[]; acknowledged: boolean }[] = []
  for (const { before, message, outcome, actions } of rig.turns) {
    if (message.type === "open" && outcome === "taken")
      lives.push({ asked: false, done: [], acknowledged: false })
    const life = lives.at(-1)
    if (life === undefined) continue
    if (message.type === "close" && outcome === "taken") life.asked ||= message.stopsGuests
    const end = actions.find(({ type }) => type === "endChildren")
    // A defect ends the children too, and brings them up again; that is no end of the engine.
    if (end !== undefined && message.type !== "childFailed")
      life.done.push((end.params as { stopsGuests: boolean }).stopsGuests)
    if (message.type === "ended" && before.value !== "restarting") life.acknowledged = true
  }
  return lives
}

test("guests are stopped if and only if somebody who was acknowledged asked for it", () => {
  let [stopped, spared] = [0, 0]
  fc.assert(
    fc.property(playsOf(40), endings, (plays, ending) => {
      const rig = made()
      rig.play(plays)
      rig.rest(ending)
      for (const { asked, done, acknowledged } of livesOf(rig)) {
        expect(done.length).toBe(acknowledged ? 1 : 0)
        if (acknowledged) expect(done).toEqual([asked])
        if (done[0] === true) stopped++
        else spared++
      }
    }),
    { numRuns: 1500 }
  )
  expect(Math.min(stopped, spared)).toBeGreaterThan(5)
})

const through = (...messages: readonly Message[]) => {
  const rig = made()
  for (const message of messages) rig.serve(message, message.type !== "leave")
  return rig
}
const open = { type: "open", call: 1 } as const
const close = { type: "close", call: 2, stopsGuests: false } as const

/** One defect more than an engine is brought up again after. */
const worn = () => {
  const failing = { type: "childFailed", error: "a defect" } as const
  const again = [failing, { type: "ended" }, { type: "opened" }] as const
  return through(open, { type: "opened" }, ...again, ...again, ...again, failing)
}

test("a child that keeps failing is an end of the engine, and closing it still works", () => {
  const rig = worn()
  expect(rig.name).toBe("failed")
  rig.serve(close, true)
  rig.serve({ type: "ended" }, true)
  expect(rig.name).toBe("stopped")
})

test("an engine that was closed can be opened again, and one that could not start too", () => {
  const again = through(open, { type: "opened" }, close, { type: "ended" }, { ...open, call: 3 })
  expect(again.name).toBe("starting")
  const after = through(open, { type: "openFailed", error: 1 }, { ...open, call: 3 })
  expect(after.name).toBe("failed")
  expect(after.answers.get(3)).toBe("refused")
  after.serve({ ...close, call: 4 })
  after.serve({ type: "ended" }, true)
  after.serve({ ...open, call: 5 })
  expect(after.name).toBe("starting")
})
