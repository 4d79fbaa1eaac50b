/**
 * What the kernel costs on this machine: memory of an idle actor, an ask to an idle actor without a
 * chart, a turn of a chart, a script's round. A plain script, run by node, not a timed test: it
 * prints a table and one line of JSON. Ratios against a raw promise and an Effect Semaphore of the
 * same run mean more than the times, which change with the machine's load.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { assign, setup, transition } from "xstate"
import { answered, type Request } from "../../src/base/protocol.ts"
import { Actor } from "../../src/kernel/actor.ts"
import type { Behaviour, Fact } from "../../src/kernel/behaviour.ts"
import { nodeDispatcher } from "../../src/kernel/dispatcher.live.ts"
import { Kernel } from "../../src/kernel/kernel.ts"
import { initialStep, step } from "../../src/kernel/statechart.ts"

setFlagsFromString("--expose-gc")
const collectGarbage = runInNewContext("gc") as () => void

const idleActors = 100_000
const roundsPerCase = 7
const callsPerRound = 20_000

type Counter = { readonly add: Request<object, number>; readonly work: Request<object, number> }

const counter = (name: string): Behaviour<number, Counter, Fact, never> => ({
  name,
  initial: { next: 0, actions: [] },
  decide: (count, message) => {
    if (message.type === "work")
      return { next: count + 1, actions: [{ type: "job", params: message }] }
    const call =
      "call" in message ? (message as { readonly call: number }).call : Number(message.epoch)
    const reply = { type: "reply", params: { calls: [call], answer: answered(count) } }
    return { next: count + 1, actions: [reply] }
  },
  describe: String,
  scripts: {
    job: ({ call }: { readonly call: number }) => Effect.succeed({ type: "done", epoch: `${call}` })
  }
})

/** Bytes of heap and of resident memory for each, with all of them held. */
const memoryOf = (count: number, make: (index: number) => unknown) => {
  const held: unknown[] = Array.from({ length: count })
  collectGarbage()
  const before = process.memoryUsage()
  for (let index = 0; index < count; index++) held[index] = make(index)
  collectGarbage()
  const after = process.memoryUsage()
  if (held.length !== count) throw new Error("all of them are held while they are measured")
  return {
    heapBytesEach: (after.heapUsed - before.heapUsed) / count,
    residentMiB: (after.rss - before.rss) / 1024 / 1024
  }
}

const memoryOfUsed = async () => {
  const shared = counter("shared")
  const actors: Actor<number, Counter>[] = []
  const { heapBytesEach, residentMiB } = memoryOf(idleActors, () => {
    const actor = new Actor(shared, kernel, Context.empty())
    actors.push(actor)
    return actor
  })
  const before = process.memoryUsage()
  for (const actor of actors)
    await Effect.runPromise(Effect.andThen(actor.ask("add", {}), actor.ask("work", {})))
  collectGarbage()
  const after = process.memoryUsage()
  return {
    heapBytesEach: heapBytesEach + (after.heapUsed - before.heapUsed) / idleActors,
    residentMiB: residentMiB + (after.rss - before.rss) / 1024 / 1024
  }
}

/** Nanoseconds of CPU of this thread for one call: the best and the median round. */
const costOf = async (round: (calls: number) => Promise<unknown>) => {
  await round(callsPerRound)
  const costs: number[] = []
  for (let index = 0; index < roundsPerCase; index++) {
    const before = process.cpuUsage()
    await round(callsPerRound)
    const { user, system } = process.cpuUsage(before)
    costs.push(((user + system) * 1000) / callsPerRound)
  }
  const sorted = costs.toSorted((a, b) => a - b)
  return { bestNs: sorted[0] ?? 0, medianNs: sorted[roundsPerCase >> 1] ?? 0 }
}

const repeat = <A>(calls: number, once: Effect.Effect<A, unknown>) =>
  Effect.runPromise(
    Effect.gen(function* () {
      for (let index = 0; index < calls; index++) yield* once
    })
  )

const chart = setup({
  types: {
    context: {} as { readonly count: number },
    events: {} as { readonly type: "start" | "launched" | "stop" | "noise" }
  },
  actions: { launch: () => {}, release: () => {} }
}).createMachine({
  type: "parallel",
  context: { count: 0 },
  states: {
    life: {
      initial: "off",
      states: {
        off: { on: { start: "starting" } },
        starting: { entry: "launch", on: { launched: "running", stop: "off" } },
        running: {
          entry: assign({ count: ({ context }) => context.count + 1 }),
          exit: "release",
          on: { stop: "off" }
        }
      }
    },
    job: { initial: "idle", states: { idle: {}, busy: {} } }
  }
})
const events = (["start", "launched", "stop", "noise"] as const).map((type) => ({ type }))

const chartTurns =
  (next: (state: unknown, event: unknown) => unknown, first: unknown) => async (calls: number) => {
    let state = first
    for (let index = 0; index < calls; index++) state = next(state, events[index % events.length])
    return state
  }

const kernel = new Kernel(nodeDispatcher(), Context.empty())
const actor = new Actor(counter("bench"), kernel, Context.empty())
const semaphore = Semaphore.makeUnsafe(1)
const ours = step(chart)
type Snapshot = Parameters<typeof ours>[0]
type ChartEvent = Parameters<typeof ours>[1]
const first = initialStep(chart).next

const memory = {
  actors: memoryOf(idleActors, (index) => new Actor(counter(`a${index}`), kernel, Context.empty())),
  // Actors of one kind may share all of their behaviour but the name: what the kernel itself adds.
  kernelOnly: memoryOf(
    idleActors,
    (
      (shared) => () =>
        new Actor(shared, kernel, Context.empty())
    )(counter("shared"))
  ),
  // Idle again after an answer and a script: what it made for them stays.
  usedOnce: await memoryOfUsed()
}

const cases: { readonly [name: string]: (calls: number) => Promise<unknown> } = {
  "raw promise": async (calls) => {
    for (let index = 0; index < calls; index++) await Promise.resolve(index)
  },
  "Effect semaphore": (calls) => repeat(calls, semaphore.withPermits(1)(Effect.void)),
  "ask, idle actor": (calls) => repeat(calls, actor.ask("add", {})),
  "ask with a script": (calls) => repeat(calls, actor.ask("work", {})),
  "ask, 64 callers": (calls) =>
    Promise.all(
      Array.from({ length: 64 }, () => repeat(Math.ceil(calls / 64), actor.ask("add", {})))
    ),
  "chart, cached scope": chartTurns(
    (state, event) => ours(state as Snapshot, event as ChartEvent).next,
    first
  ),
  "chart, xstate's own": chartTurns(
    (state, event) => transition(chart, state as Snapshot, event as ChartEvent)[0],
    first
  )
}

const costs: { [name: string]: Awaited<ReturnType<typeof costOf>> } = {}
for (const [name, round] of Object.entries(cases)) costs[name] = await costOf(round)
kernel.close()

const semaphoreNs = costs["Effect semaphore"]?.bestNs ?? 1
const promiseNs = costs["raw promise"]?.bestNs ?? 1
console.log("case                     best us   median us   x promise   x semaphore")
for (const [name, { bestNs, medianNs }] of Object.entries(costs))
  console.log(
    name.padEnd(22),
    (bestNs / 1000).toFixed(2).padStart(9),
    (medianNs / 1000).toFixed(2).padStart(11),
    (bestNs / promiseNs).toFixed(1).padStart(11),
    (bestNs / semaphoreNs).toFixed(2).padStart(13)
  )
for (const [name, { heapBytesEach, residentMiB }] of Object.entries(memory))
  console.log(
    `${idleActors} idle, ${name}: ${heapBytesEach.toFixed(0)} bytes of heap each, ` +
      `${((heapBytesEach * idleActors) / 1024 / 1024).toFixed(0)} MiB in all, ` +
      `${residentMiB.toFixed(0)} MiB resident`
  )
console.log(JSON.stringify({ node: process.version, costs, memory }))
