/**
 * Goal: the configuration is replaced whole or not at all, one load at a time, and whoever asks
 * for a reload gets what a load found that began after the asking.
 * Method: random reloads, signals, file changes and outcomes of loads on the pure chart.
 */
import fc from "fast-check"
import { expect, test } from "vitest"
import type { EventFrom, SnapshotFrom } from "xstate"
import { configMachine } from "../../../machines/config.ts"
import { Coverage } from "./coverage.ts"
import { endings, playsOf } from "./plays.ts"
import { type Cast, type Law, Rig } from "./rig.ts"

type Message = EventFrom<typeof configMachine>
type State = SnapshotFrom<typeof configMachine>
type ConfigRig = Rig<typeof configMachine>

const isLoad = ({ type }: { readonly type: string }) => type === "load"
const loadsOf = ({ turns }: ConfigRig) => turns.flatMap(({ actions }) => actions).filter(isLoad)

const cast: Cast<Message, ConfigRig> = {
  // What a load says carries the number of that load.
  words: (_, rig) => {
    const load = loadsOf(rig).length
    return [
      { message: { type: "loaded", snapshot: { load } }, isLast: true },
      { message: { type: "loadFailed", error: { load } }, isLast: true }
    ]
  },
  requests: (call) => [{ type: "reload", call, cause: "api" }],
  facts: () => [{ type: "fileChanged" }, { type: "signalled" }]
}

const laws: readonly Law<State, Message, ConfigRig>[] = [
  ({ before, after, message }) =>
    before.context.snapshot !== after.context.snapshot &&
    !(message.type === "loaded" && after.context.snapshot === message.snapshot) &&
    "something else than a load that succeeded changes what is published",
  ({ after }, { scripts }) =>
    scripts.has("load") !== (after.value === "loading") && "it loads, and nothing is read",
  ({ message, outcome, isWord }) =>
    outcome === "refused" && !isWord && `${message.type} is refused`,
  ({ message, actions }) =>
    message.type === "loadFailed" &&
    !actions.some(({ type }) => type === "emit") &&
    "a load that came to nothing is told to nobody"
]

const loadOf = (answer: unknown): number => {
  const { ok, value, error } = answer as { ok: boolean; value: unknown; error: unknown }
  return ((ok ? value : error) as { readonly load: number }).load
}

const input = { snapshot: { load: 0 } }

test("all or nothing, one at a time; a reload is answered by a load that began after it", () => {
  let [later, failed] = [0, 0]
  const coverage = new Coverage(configMachine)
  fc.assert(
    fc.property(playsOf(40), endings, (plays, ending) => {
      const askedAt = new Map<number, number>()
      const requests: Cast<Message, ConfigRig>["requests"] = (call, rig) => {
        askedAt.set(call, loadsOf(rig).length)
        return cast.requests(call, rig)
      }
      const rig: ConfigRig = new Rig(configMachine, { ...cast, requests }, { laws, input })
      rig.play(plays)
      rig.rest(ending)
      for (const turn of rig.turns) coverage.note(turn)
      expect(rig.broken).toEqual([])
      expect(rig.name).toBe("current")
      for (const [call, answer] of rig.answers) {
        expect(loadOf(answer)).toBeGreaterThan(askedAt.get(call) ?? 0)
        if (loadOf(answer) > (askedAt.get(call) ?? 0) + 1) later++
        if (!(answer as { ok: boolean }).ok) failed++
      }
    }),
    { numRuns: 2000 }
  )
  expect(Math.min(later, failed)).toBeGreaterThan(5)
  // Nothing is drawn that the plays do not reach.
  expect(coverage.missing).toEqual({ states: [], transitions: [] })
})
