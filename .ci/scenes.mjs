// Draws the scenes of docs/internals from traces of the engine in the simulated world; with
// `--check` it only says whether they are fresh.
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { sequenceSvg } from "../src/replay/sequence.ts"
import { storyOf } from "../src/replay/story.ts"
import { tracePlan } from "../src/testing/simulation/trace-plan.ts"

const at = (path) => join(import.meta.dirname, "..", path)

/** The first turn of a domain in which it takes this message. */
const turnOf = ({ entries }, message) =>
  entries.findIndex(
    (entry) =>
      entry.kind === "turn" && entry.actor.startsWith("domain/") && entry.message === message
  )

const simplest = { domains: 1, faults: [], schedule: { kind: "fifo", seed: 0 } }

/** A plan and the messages with which the scene begins and ends. */
const scenes = {
  start: {
    plan: { ...simplest, clients: [[{ call: "start", domain: 0 }]] },
    from: "start",
    to: "started"
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
    from: "destroy",
    to: "released"
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
