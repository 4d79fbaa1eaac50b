/**
 * `npm run exhaustive`: every state or every order of scopes that are larger from line to line, and
 * how many there were. The composed pure charts are walked with a visited set; real actors with the
 * real charts are run in every order that differs. Stops at a law that is broken, or when the time
 * is over or memory short (NODE_OPTIONS=--max-old-space-size=8000 gives more); what was not
 * finished is said to be so. Exit code 1 when a law was broken.
 */
import { parseArgs } from "node:util"
import { getHeapStatistics } from "node:v8"
import { walk } from "../../src/testing/chart-space.ts"
import { exploreReduced } from "../../src/testing/explore.ts"
import type { ClientStep } from "../../src/testing/simulation/plan.ts"
import type { Strategy } from "../../src/testing/world.ts"
import { ask, type Request, stage, wrongAtRest } from "./charts/stage.ts"
import { requestNames, type Scope, System } from "./charts/system.ts"
import {
  type Broken,
  type Crash,
  type EngineScope,
  type Level,
  searchDelayed,
  searchReduced
} from "./engine-scope.ts"

const usage = `npm run exhaustive -- [options]
  --minutes N      for how long at most (default 10)
  --only WORD      scopes whose name has this word
  --json           one object a line instead of sentences
  --help           this text`

/** What came of one scope. */
interface Found {
  readonly what: string
  readonly isComplete: boolean
  readonly broken: string | undefined
}

interface Named {
  readonly name: string
  readonly run: (isOver: () => boolean) => Found
}

const count = (number: number): string => number.toLocaleString("en")

const usual = requestNames.slice(0, 4)
const two: Scope = {
  domains: 2,
  clients: 2,
  callsEach: 2,
  requests: usual,
  whims: 0,
  deaths: 0
}

const charts = (name: string, scope: Scope): Named => ({
  name: `charts: ${name}`,
  run: (isOver) => {
    const system = new System(scope)
    const found = walk(system, { statesMax: 40_000_000, isOver })
    const { states, transitions, depth, ends, isComplete, broken } = found
    return {
      what:
        `${count(states)} states, ${count(transitions)} transitions, depth ${depth}, ` +
        `${count(ends)} ends; ${count(system.partCount)} states of one domain`,
      isComplete,
      broken: broken && `${broken.what}, after: ${broken.path.join("; ")}`
    }
  }
})

/** Each domain's client asks for these one after the other, without waiting for answers. */
const actors = (name: string, requests: readonly (readonly Request[])[]): Named => ({
  name: `actors: ${name}`,
  run: (isOver) => {
    const names = requests.map((_, index) => `domain${index}`)
    const run = (strategy: Strategy) => {
      const here = stage(names, strategy)
      for (const [index, domain] of here.domains.entries())
        for (const [number, request] of (requests[index] ?? []).entries())
          ask(here, { domain, request, epoch: `1.${index * 10 + number}` })
      here.world.drain()
      const wrong = wrongAtRest(here)
      if (wrong !== undefined) throw new Error(wrong)
    }
    try {
      const { schedules, pruned, isComplete } = exploreReduced(run, { runsMax: 5_000_000, isOver })
      const what = `${count(schedules)} schedules that differ, ${count(pruned)} runs left early`
      return { what, isComplete, broken: undefined }
    } catch (thrown) {
      return { what: "", isComplete: false, broken: String(thrown) }
    }
  }
})

/** What two clients call of two domains that want one device. */
const engineScope = (first: readonly ClientStep[], second: readonly ClientStep[]): EngineScope => ({
  domains: 2,
  // Until what goes on behind the answers has come to rest, and to see what came of it.
  clients: [[...first, { call: "list", afterMs: 300 }], second]
})

const levelText = ({ delays, schedules, crashes, isComplete }: Level): string =>
  `${isComplete ? "all" : "only"} ${count(schedules)} schedules with ${delays} delays` +
  (crashes === 0 ? "" : ` and their ${count(crashes)} crashes`)

const brokenText = ({ violation: { invariant, message }, plan }: Broken): string =>
  `${invariant}: ${message}; ${JSON.stringify(plan)}`

interface Searching {
  readonly name: string
  readonly scope: EngineScope
  readonly delaysMax: number
  /** None: nothing goes wrong. */
  readonly crashes?: readonly Crash["fault"][]
}

const everyCrash = ["kill-before", "kill-after", "power-cut"] as const

const crashText = (crashes: Searching["crashes"] = []): string =>
  crashes.length === 0 ? "no crash" : `a crash at every deed (${crashes.join(", ")})`

/** The whole engine on the simulated host. */
const engine = ({ name, scope, delaysMax, crashes = [] }: Searching): readonly Named[] =>
  (["last", "behind"] as const).map((lag) => ({
    name: `engine: ${name}, ${crashText(crashes)}, delayed ${lag}`,
    run: (isOver) => {
      const { levels, broken } = searchDelayed(scope, { delaysMax, lag, crashes, isOver })
      return {
        what: levels.map(levelText).join("; "),
        isComplete: levels.length > delaysMax && levels.every((level) => level.isComplete),
        broken: broken && brokenText(broken)
      }
    }
  }))

/** Every order of the whole engine that differs, without a crash. */
const orders = (name: string, ...clients: readonly (readonly ClientStep[])[]): Named => ({
  name: `engine: ${name}, every order`,
  run: (isOver) => {
    try {
      const options = { runsMax: 5_000_000, isOver }
      const { schedules, isComplete } = searchReduced({ domains: 2, clients }, options)
      return { what: `${count(schedules)} schedules that differ`, isComplete, broken: undefined }
    } catch (thrown) {
      return { what: "", isComplete: false, broken: String(thrown) }
    }
  }
})

const start = (domain: number): ClientStep => ({ call: "start", domain })
const destroy = (domain: number): ClientStep => ({ call: "destroy", domain })
const undefine = (domain: number): ClientStep => ({ call: "undefine", domain })
const define = (domain: number, version: number): ClientStep => ({
  call: "define",
  domain,
  version
})
const rename: ClientStep = { call: "rename", domain: 0, to: 2 }

/** Two calls at the same time, and four. */
const pairs: readonly (readonly [string, EngineScope])[] = [
  ["start d0 and start d1, one device", engineScope([start(0)], [start(1)])],
  ["start and destroy d0", engineScope([start(0)], [destroy(0)])],
  ["define and start d0", engineScope([define(0, 1)], [start(0)])],
  ["undefine and start d0", engineScope([undefine(0)], [start(0)])],
  ["rename d0 and define d1", engineScope([rename], [define(1, 1)])]
]

const list: ClientStep = { call: "list" }

/** Those that end, and those whose end nobody has seen yet: they come last. */
const engineScopes = [
  orders("list and undefine d0", [list], [undefine(0)]),
  ...pairs.flatMap(([name, scope]) => engine({ name, scope, delaysMax: 1, crashes: everyCrash })),
  ...pairs.slice(0, 2).flatMap(([name, scope]) => engine({ name, scope, delaysMax: 2 }))
]

const endlessScopes = [
  orders("rename d0 and list", [rename, list], [list]),
  orders("start d0", [start(0), { ...list, afterMs: 300 }]),
  orders("suspend and destroy d0", [{ call: "suspend", domain: 0 }], [destroy(0)]),
  orders(
    "read and change d0",
    [{ call: "xml", domain: 0 }],
    [{ call: "setTitle", domain: 0, version: 1 }]
  ),
  ...pairs
    .slice(0, 1)
    .flatMap(([name, scope]) => engine({ name, scope, delaysMax: 2, crashes: ["kill-after"] })),
  orders("start d0 and start d1, one device", [start(0)], [start(1)])
]

const scopes: readonly Named[] = [
  actors("two starts, one device", [["start"], ["start"]]),
  actors("two domains, start and destroy", [
    ["start", "destroy"],
    ["start", "destroy"]
  ]),
  actors("three starts, one device", [["start"], ["start"], ["start"]]),
  ...engineScopes,
  charts("2 domains, 2 clients with 2 calls", two),
  charts("and a guest that does something by itself, once", { ...two, whims: 1 }),
  charts("and a QEMU that dies, once", { ...two, whims: 1, deaths: 1 }),
  charts("3 clients with 2 calls", { ...two, clients: 3 }),
  charts("2 clients with 2 calls, every request", { ...two, requests: requestNames }),
  charts("3 domains, 2 clients with 2 calls", { ...two, domains: 3 }),
  charts("1 domain, every request, whim and death", {
    ...two,
    domains: 1,
    requests: requestNames,
    whims: 1,
    deaths: 1
  }),
  actors("three domains, start and destroy", [
    ["start", "destroy"],
    ["start", "destroy"],
    ["start", "destroy"]
  ]),
  charts("2 domains, every request, whim and death", {
    ...two,
    requests: requestNames,
    whims: 1,
    deaths: 1
  }),
  ...endlessScopes
]

interface Options {
  readonly minutes: number
  readonly only: string
  readonly isJson: boolean
}

const optionsOf = (): Options | undefined => {
  const { values } = parseArgs({
    options: {
      help: { type: "boolean", default: false },
      minutes: { type: "string", default: "10" },
      only: { type: "string", default: "" },
      json: { type: "boolean", default: false }
    }
  })
  if (values.help) return undefined
  const minutes = Number(values.minutes)
  if (!scopes.some(({ name }) => name.includes(values.only)))
    throw new Error(`no scope has '${values.only}' in its name`)
  if (!(minutes > 0)) throw new Error(`--minutes takes a number, and not '${values.minutes}'`)
  return { minutes, only: values.only, isJson: values.json }
}

const main = ({ minutes, only, isJson }: Options): number => {
  const until = performance.now() + minutes * 60_000
  const heapMax = getHeapStatistics().heap_size_limit * 0.8
  const isLate = () => performance.now() > until
  // What a scope that is over has kept is free again, collected or not: the next one begins.
  const isOver = () => isLate() || process.memoryUsage().heapUsed > heapMax
  for (const { name, run } of scopes.filter((scope) => scope.name.includes(only))) {
    if (isLate()) {
      console.log(`${name}: not begun`)
      continue
    }
    const since = performance.now()
    const found = run(isOver)
    const seconds = (performance.now() - since) / 1000
    if (isJson) console.log(JSON.stringify({ name, seconds, ...found }))
    else if (found.broken !== undefined) console.log(`${name}: broken: ${found.broken}`)
    else {
      const end = found.isComplete ? "complete" : "not finished"
      console.log(`${name}: ${found.what}; ${end} after ${seconds.toFixed(1)} s`)
    }
    if (found.broken !== undefined) return 1
  }
  return 0
}

try {
  const options = optionsOf()
  if (options === undefined) console.log(usage)
  else process.exitCode = main(options)
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
  process.exitCode = 2
}
