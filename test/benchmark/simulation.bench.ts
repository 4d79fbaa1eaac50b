/**
 * How many interleavings a second the simulated world runs on one core: a kernel scenario of two
 * actors and one resource; two starts with the real charts and actors, whose deeds answer at once;
 * the same explored with reduction. A plain script, run by node, not a timed test. It counts the
 * process' own CPU time, best and median of several rounds, for the machine is seldom its own.
 */
import * as Effect from "effect/Effect"
import { Actor } from "../../src/kernel/actor.ts"
import { answered, type Request, type RequestMessage } from "../../src/base/protocol.ts"
import { Kernel } from "../../src/kernel/kernel.ts"
import { exploreReduced } from "../../src/testing/explore.ts"
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

const rounds = 9
const roundMs = 700

const cpuMs = (since?: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1000
}

interface Figures {
  readonly best: number
  readonly median: number
  readonly stepsEach: number
}

const measure = (run: (strategy: Strategy) => number, of: (seed: number) => Strategy): Figures => {
  const rates: number[] = []
  let [seed, steps] = [0, 0]
  for (let round = 0; round < rounds; round++) {
    const since = process.cpuUsage()
    const first = seed
    while (cpuMs(since) < roundMs)
      for (let batch = 0; batch < 200; batch++) steps += run(of(seed++))
    rates.push(((seed - first) * 1000) / cpuMs(since))
  }
  const sorted = rates.toSorted((a, b) => b - a)
  return { best: sorted[0] ?? 0, median: sorted[rounds >> 1] ?? 0, stepsEach: steps / seed }
}

const cases: {
  readonly [name: string]: readonly [(strategy: Strategy) => number, (seed: number) => Strategy]
} = {
  "kernel scenario, uniform": [kernelScenario, uniform],
  "kernel scenario, pct": [kernelScenario, pct],
  "kernel scenario, swizzle": [kernelScenario, swizzle],
  "two starts, uniform": [twoStarts, uniform],
  "two starts, pct": [twoStarts, pct]
}

const only = process.argv[2]
const figures: { [name: string]: Figures } = {}
console.log("case                          best /s   median /s   deliveries each")
for (const [name, [run, of]] of Object.entries(cases)) {
  if (only !== undefined && !name.includes(only)) continue
  const found = measure(run, of)
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
