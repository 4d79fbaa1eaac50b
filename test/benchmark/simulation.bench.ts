/**
 * How many interleavings a second the simulated world runs on one core: a kernel scenario of two
 * actors and one resource; two starts with the real charts and actors, whose deeds answer at once;
 * the same explored with reduction; whole engines with clients and faults, without and with the
 * laws that are looked at all along. A plain script, run by node, not a timed test. It counts the
 * process' own CPU time, best and median of several rounds, for the machine is seldom its own.
 */
import * as Effect from "effect/Effect"
import { Actor } from "../../src/kernel/actor.ts"
import { answered, type Request, type RequestMessage } from "../../src/base/protocol.ts"
import { Kernel } from "../../src/kernel/kernel.ts"
import { exploreReduced } from "../../src/testing/explore.ts"
import { invariants } from "../../src/testing/invariants/index.ts"
import { type ClientStep, type Plan, runPlan } from "../../src/testing/simulation/index.ts"
import { pct } from "../../src/testing/strategy/pct.ts"
import { swizzle } from "../../src/testing/strategy/swizzle.ts"
import { uniform } from "../../src/testing/strategy/uniform.ts"
import { type Strategy, World } from "../../src/testing/world.ts"
import { ask, stage, wrongAtRest } from "../simulation/charts/stage.ts"

type PoolProtocol = { readonly reserve: Request<{ readonly by: string }, boolean> }
type UserProtocol = { readonly begin: Request<object, boolean> }
interface UserState {
  readonly call: number
}
type UserFact = { readonly type: "done"; readonly isMine: boolean; readonly epoch?: undefined }

const reply = (call: number, value: unknown) => ({
  type: "reply",
  params: { calls: [call], answer: answered(value) }
})

/** Two actors, each of which asks a third for the one resource in a script. */
const kernelScenario = (strategy: Strategy): number => {
  const world = new World(strategy)
  const kernel = new Kernel(world, world.context)
  const pool = new Actor<string | undefined, PoolProtocol>(
    {
      name: "pool",
      initial: { next: undefined, actions: [] },
      decide: (owner, message) => {
        const { by, call } = message as RequestMessage<PoolProtocol>
        return { next: owner ?? by, actions: [reply(call, owner === undefined)] }
      },
      describe: String,
      scripts: {}
    },
    kernel,
    world.context
  )
  const user = (name: string) =>
    new Actor<UserState, UserProtocol, UserFact>(
      {
        name,
        initial: { next: { call: 0 }, actions: [] },
        decide: (state, message) =>
          message.type === "begin"
            ? { next: { call: message.call }, actions: [{ type: "take" }] }
            : { next: { call: 0 }, actions: [reply(state.call, message.isMine)] },
        describe: ({ call }) => (call === 0 ? "idle" : "busy"),
        scripts: {
          take: () =>
            Effect.matchEffect(pool.ask("reserve", { by: name }), {
              onSuccess: (isMine) => Effect.succeed({ type: "done" as const, isMine }),
              onFailure: () => Effect.die("the pool answers")
            })
        }
      },
      kernel,
      world.context
    )
  let got = 0
  for (const name of ["a", "b"]) {
    const actor = user(name)
    const asking = actor.ask("begin", {})
    world.schedule(name, () => {
      world.fork(Effect.map(asking, (isMine) => void (got += isMine ? 1 : 0)))
    })
  }
  world.drain()
  if (got !== 1) throw new Error(`${got} got the one resource`)
  return world.steps
}

/** Two domains start that want one device. */
const twoStarts = (strategy: Strategy): number => {
  const here = stage(["a", "b"], strategy)
  for (const [index, domain] of here.domains.entries())
    ask(here, { domain, request: "start", epoch: `1.${index}` })
  here.world.drain()
  const wrong = wrongAtRest(here)
  if (wrong !== undefined) throw new Error(wrong)
  return here.world.steps
}

const calls = [
  "start",
  "suspend",
  "resume",
  "info",
  "list",
  "destroy",
  "setTitle",
  "xml",
  "start",
  "shutdown"
] as const

/** Ten calls over the five domains, for each client others. */
const client = (number: number): readonly ClientStep[] =>
  calls.map((call, at): ClientStep => {
    const domain = (2 * number + at) % 5
    if (call === "list") return { call }
    return call === "setTitle" ? { call, domain, version: 10 * number + at } : { call, domain }
  })

/** A QEMU that hangs, one that dies, and an engine that is killed and comes again. */
const wholePlan = (seed: number): Plan => ({
  domains: 5,
  isWarm: true,
  clients: [client(0), client(1), client(2)],
  faults: [
    { seam: "qmp", nth: 9, fault: "hang" },
    { seam: "qemu", nth: 2, fault: "die" },
    { seam: "file", nth: 200, fault: "kill-after" }
  ],
  schedule: { kind: "mixed", seed }
})

const wholeEngine = (seed: number, laws: typeof invariants): number => {
  const { steps, violations } = runPlan(wholePlan(seed), { invariants: laws })
  if (violations.length > 0) throw new Error(JSON.stringify(violations))
  return steps
}

const rounds = 9
const roundMs = 700
/** Whole engines are slow: their rounds are longer, and end between any two runs. */
const wholeRounds = 5
const wholeRoundMs = 3_000

const cpuMs = (since?: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1000
}

interface Figures {
  readonly best: number
  readonly median: number
  readonly stepsEach: number
}

interface Measuring {
  readonly rounds: number
  readonly roundMs: number
  readonly batch: number
}

const quick: Measuring = { rounds, roundMs, batch: 200 }
const slow: Measuring = { rounds: wholeRounds, roundMs: wholeRoundMs, batch: 1 }

/** `run` gives the deliveries of one interleaving. */
const measure = (run: (seed: number) => number, how: Measuring): Figures => {
  const rates: number[] = []
  let [seed, steps] = [0, 0]
  for (let round = 0; round < how.rounds; round++) {
    const since = process.cpuUsage()
    const first = seed
    while (cpuMs(since) < how.roundMs)
      for (let batch = 0; batch < how.batch; batch++) steps += run(seed++)
    rates.push(((seed - first) * 1000) / cpuMs(since))
  }
  const sorted = rates.toSorted((a, b) => b - a)
  return { best: sorted[0] ?? 0, median: sorted[how.rounds >> 1] ?? 0, stepsEach: steps / seed }
}

const cases: {
  readonly [name: string]: readonly [run: (seed: number) => number, how: Measuring]
} = {
  "kernel scenario, uniform": [(seed) => kernelScenario(uniform(seed)), quick],
  "kernel scenario, pct": [(seed) => kernelScenario(pct(seed)), quick],
  "kernel scenario, swizzle": [(seed) => kernelScenario(swizzle(seed)), quick],
  "two starts, uniform": [(seed) => twoStarts(uniform(seed)), quick],
  "two starts, pct": [(seed) => twoStarts(pct(seed)), quick],
  "whole engine, faults": [(seed) => wholeEngine(seed, []), slow],
  "whole engine, faults, laws": [(seed) => wholeEngine(seed, invariants), slow]
}

const only = process.argv[2]
const figures: { [name: string]: Figures } = {}
console.log("case                          best /s   median /s   deliveries each")
for (const [name, [run, how]] of Object.entries(cases)) {
  if (only !== undefined && !name.includes(only)) continue
  const found = measure(run, how)
  figures[name] = found
  console.log(
    name.padEnd(28),
    found.best.toFixed(0).padStart(9),
    found.median.toFixed(0).padStart(11),
    found.stepsEach.toFixed(1).padStart(17)
  )
}
const reduced = exploreReduced(twoStarts)
console.log(`two starts, every order: ${reduced.schedules} schedules that differ`)
console.log(JSON.stringify({ node: process.version, figures, reduced }))
