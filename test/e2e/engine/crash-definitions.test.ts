/**
 * Goal: after a kill at any instant of defining, changing, renaming and undefining, the next engine
 * has what was acknowledged, whole; what was under way is there whole or not at all; nothing that
 * was undefined comes back.
 * Method: several changes at once in an engine that is killed at a random instant; its
 * acknowledgements against what the next engine lists and reads.
 */
import { expect, test } from "vitest"
import * as Domain from "../../../actors/domain/domain.ts"
import type { Fate } from "./child.ts"
import type { Order } from "./crash-child.ts"
import { type CrashBench, onCrashBench } from "./crash.ts"
import { type Bench, type Engine, freshUuid } from "./harness.ts"

const rounds = 25

/** What a domain may be after what was ordered: each is possible. Absent: `undefined`. */
interface Known {
  readonly uuid: string
  readonly possible: readonly (State | undefined)[]
}

interface State {
  readonly name: string
  readonly title: string
  readonly isAutostart: boolean
}

/** After this order by its fate: from each state that was possible. */
const after = (
  known: Known,
  fate: Fate["is"],
  change: (state: State) => State | undefined
): Known => {
  const changed = known.possible.map((state) => state && change(state))
  if (fate === "done") return { ...known, possible: changed }
  return fate === "refused" ? known : { ...known, possible: [...known.possible, ...changed] }
}

interface Step {
  readonly order: Order
  readonly change: (state: State) => State | undefined
}

let titles = 0

const stepFor = (crash: CrashBench, { name }: State): Step => {
  const config = { config: true, live: false }
  const text = `title ${++titles}`
  const isAutostart = crash.random() < 0.5
  const to = `n${titles}`
  return crash.pick<Step>([
    {
      order: { op: "change", name, change: { type: "title", affects: config, text } },
      change: (state) => ({ ...state, title: text })
    },
    {
      order: { op: "change", name, change: { type: "autostart", isAutostart } },
      change: (state) => ({ ...state, isAutostart })
    },
    { order: { op: "rename", name, to }, change: (state) => ({ ...state, name: to }) },
    { order: { op: "change", name, change: { type: "undefine" } }, change: () => undefined }
  ])
}

/** What the next engine has of each, by uuid. Nothing may start: autostart is only looked at. */
const statesIn = async (engine: Engine): Promise<ReadonlyMap<string, State>> => {
  const states = new Map<string, State>()
  for (const entry of engine.parts.domains.all()) {
    const { context } = Domain.view(await engine.lookUp(entry.uuid))
    const { name, isAutostart, persistent } = context
    expect(entry.name).toBe(name)
    states.set(entry.uuid, { name, isAutostart, title: persistent?.title ?? "" })
  }
  return states
}

const xmlOf = (bench: Bench, name: string, uuid: string): string => {
  // A machine that cannot start: autostart is to be looked at, not carried out.
  const edit = (xml: string) =>
    xml.replace(/<source file='[^']*disk.img'\/>/, "<source file='/no/disk'/>")
  return bench.guest(name, { uuid, edit }).xml
}

test("killed while definitions change", { timeout: 180_000 }, () =>
  onCrashBench("kill during define", async (crash, bench) => {
    let domains: readonly Known[] = []
    let unknown = 0
    for (let round = 0; round < rounds; round++) {
      const engine = await crash.engine()
      const name = `d${round}`
      const uuid = freshUuid()
      const fresh: Known = { uuid, possible: [undefined] }
      const plain: State = { name, title: "", isAutostart: false }
      const steps = domains.flatMap((known): readonly { known: Known; step: Step }[] => {
        const [state] = known.possible
        return state === undefined ? [] : [{ known, step: stepFor(crash, state) }]
      })
      const [first, ...fates] = await crash.killDuring(engine, () => [
        engine.order({ op: "define", xml: xmlOf(bench, name, uuid) }),
        ...steps.map(({ step }) => engine.order(step.order))
      ])
      const defined = { ...fresh, possible: first?.is === "done" ? [plain] : [undefined, plain] }
      expect(first?.is, JSON.stringify(first)).not.toBe("refused")
      const expected = [
        defined,
        ...steps.map(({ known, step }, index) => {
          const { is } = fates[index] ?? { is: "unknown" }
          expect(is, JSON.stringify(fates[index])).not.toBe("refused")
          return after(known, is, step.change)
        })
      ]
      unknown += expected.filter(({ possible }) => possible.length > 1).length
      const next = await crash.next()
      const found = await statesIn(next)
      for (const { uuid: one, possible } of expected)
        expect(possible, `${JSON.stringify(found.get(one))} ${crash.random.told}`).toContainEqual(
          found.get(one)
        )
      const ours = new Set(expected.map((known) => known.uuid))
      expect(
        [...found.keys()].filter((one) => !ours.has(one)),
        crash.random.told
      ).toEqual([])
      await crash.expectSound(next)
      await next.close()
      domains = [...found].slice(-6).map(([one, state]) => ({ uuid: one, possible: [state] }))
      await forget([...found.keys()].slice(0, -6), crash)
    }
    // The instants cut some changes short, and not all.
    expect(unknown, crash.random.told).toBeGreaterThan(5)
  })
)

/** Keeps the rounds short. */
const forget = async (uuids: readonly string[], crash: CrashBench): Promise<void> => {
  if (uuids.length === 0) return
  const engine = await crash.next()
  for (const uuid of uuids) await engine.change(await engine.lookUp(uuid), { type: "undefine" })
  await engine.close()
}
