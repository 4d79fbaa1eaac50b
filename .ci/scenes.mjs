// Draws the scenes of docs/internals from traces of the engine in the simulated world; with
// `--check` it only says whether they are fresh.
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { sequenceSvg } from "../src/replay/sequence.ts"
import { storyOf } from "../src/replay/story.ts"
import { tracePlan } from "../src/testing/simulation/trace-plan.ts"

const at = (path) => join(import.meta.dirname, "..", path)

/** The first turn of a domain in which it takes this message, or comes to this state. */
const turnOf = ({ entries }, { message, state }) =>
  entries.findIndex(
    (entry) =>
      entry.kind === "turn" &&
      entry.actor.startsWith("domain/") &&
      (state === undefined ? entry.message === message : entry.to.split(" ").includes(state))
  )

/** The guest has a PCI function of the host, managed; there is another one, free. */
const cards = (...calls) => ({ ...simplest, hasDevices: true, clients: [calls] })

const simplest = { domains: 1, faults: [], schedule: { kind: "fifo", seed: 0 } }

/** A plan, and the turns with which the scene begins and ends. */
const scenes = {
  start: {
    plan: { ...simplest, clients: [[{ call: "start", domain: 0 }]] },
    from: { message: "start" },
    to: { message: "started" }
  },
  destroy: {
    plan: {
      ...simplest,
      clients: [
        [
          { call: "start", domain: 0 },
          { call: "suspend", domain: 0 }
        ],
        [{ call: "destroy", domain: 0, afterMs: 300 }]
      ]
    },
    from: { message: "destroy" },
    to: { message: "released" }
  },
  "device-start": {
    plan: cards({ call: "start", domain: 0 }),
    from: { message: "start" },
    to: { message: "launched" }
  },
  "device-attach": {
    plan: cards({ call: "start", domain: 0 }, { call: "attachDevice", domain: 0, device: 3 }),
    from: { state: "job.attaching" },
    to: { message: "attached" }
  },
  "device-return": {
    plan: cards({ call: "start", domain: 0 }, { call: "destroy", domain: 0 }),
    from: { message: "destroy" },
    to: { message: "released" }
  }
}

const pictures = () =>
  Object.entries(scenes).map(([name, { plan, from, to }]) => {
    const { trace } = tracePlan(plan)
    const window = { from: turnOf(trace, from), to: turnOf(trace, to) + 1 }
    if (window.from < 0 || window.to <= window.from) throw new Error(`${name}: no such scene`)
    return [`docs/pictures/scene-${name}.svg`, sequenceSvg(storyOf(trace, { window }), trace)]
  })

const isStale = ([path, text]) => !existsSync(at(path)) || readFileSync(at(path), "utf8") !== text
if (process.argv.includes("--check")) {
  const stale = pictures()
    .filter(isStale)
    .map(([path]) => path)
  if (stale.length > 0) console.error(`stale: ${stale.join(", ")}; run: node .ci/scenes.mjs`)
  process.exitCode = stale.length === 0 ? 0 : 1
} else for (const [path, text] of pictures()) writeFileSync(at(path), text)
