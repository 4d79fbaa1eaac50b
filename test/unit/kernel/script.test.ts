/**
 * Goal: a script lives as long as its state, and nothing that it says after that is heard.
 * Method: one actor whose scripts are the test's, in the simulated world.
 */
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import type { Decision } from "../../../src/kernel/behaviour.ts"
import { explore } from "../../../src/testing/explore.ts"
import { go, type Message, type Probe, reply, stage, stop } from "./stage.ts"

test("scripts begin in order when the turn is complete, recorded and published", () => {
  const { world, kernel, actor } = stage()
  const log: string[] = []
  kernel.inspection.watch((record) => log.push(`turn to ${record.to}`))
  const a: Probe = actor("a", () => go("busy", { type: "one" }, { type: "two" }), {
    scripts: {
      one: () => Effect.sync(() => void log.push(`one sees ${a.published}`)),
      two: () => Effect.sync(() => void log.push("two"))
    }
  })
  a.tell({ type: "go" })
  world.drain()
  expect(log).toEqual(["turn to busy", "one sees busy", "two"])
})

test("a new actor's scripts begin when whoever makes it has it", () => {
  const { world, actor } = stage()
  const log: string[] = []
  const a: Probe = actor("a", (state) => go(state), {
    initial: go("busy", { type: "one" }),
    scripts: { one: () => Effect.sync(() => void log.push(a.name)) }
  })
  expect(log).toEqual([])
  world.drain()
  expect(log).toEqual(["a"])
})

const fenced = (
  choices: readonly number[],
  decide: (state: string, message: Message) => Decision<string>
) => {
  const here = stage(choices)
  const a = here.actor("a", decide, {
    scripts: {
      quick: ({ word }: { readonly word: string }) => Effect.sync(() => ({ type: word })),
      slow: ({ word }: { readonly word: string }) => Effect.as(Effect.sleep(5), { type: word })
    }
  })
  return { ...here, a }
}

test.each(["quick", "slow"])(
  "a word that a stopped %s script had said already is stale in every interleaving",
  (script) => {
    let stale = 0
    const { isComplete } = explore((choices) => {
      const heard: string[] = []
      const { world, records, a } = fenced(choices, (_state, { type, call }) => {
        if (type === "start") return go("busy", { type: script, params: { word: "ended" } })
        if (type === "leave") return go("idle", stop(script), reply([call]))
        heard.push(`${type} while ${a.published}`)
        return go("done")
      })
      a.tell({ type: "start" })
      // The quick one ends in the step that it begins in, the slow one after 5 ms: so long, or as
      // soon, may the others leave.
      const wait = script === "quick" ? Effect.yieldNow : Effect.sleep(5)
      world.fork(Effect.andThen(wait, a.ask("leave", {})))
      world.fork(Effect.andThen(wait, a.ask("leave", {}, "control")))
      world.drain()
      // Whether it was heard is a matter of order; that it was heard only while busy is the law.
      expect(heard.filter((word) => word !== "ended while busy")).toEqual([])
      stale += records.filter((record) => record.outcome === "stale").length
      return world
    })
    expect(isComplete).toBe(true)
    expect(stale).toBeGreaterThan(0)
  }
)

test("a script started again is another run: the old word is not taken for it", () => {
  const heard: string[] = []
  const { world, a } = fenced([], (_state, message) => {
    if (message.type === "start")
      return go(`${message["word"]}`, stop("quick"), {
        type: "quick",
        params: { word: message["word"] }
      })
    heard.push(message.type)
    return go("done")
  })
  for (const word of ["one", "two"]) a.tell({ type: "start", word } as { readonly type: string })
  world.drain()
  expect(heard).toEqual(["two"])
})

test("a script with nothing to say ends quietly, and may then be started again", () => {
  const { world, records, actor } = stage()
  let runs = 0
  const a = actor("a", (state) => go(`${state}.`, { type: "quiet" }), {
    scripts: { quiet: () => Effect.sync(() => void runs++) }
  })
  for (let index = 0; index < 3; index++) a.tell({ type: "go" })
  world.drain()
  expect(runs).toBe(3)
  expect(records.length).toBe(3)
  expect(a.isIdle).toBe(true)
})

test("one script runs several times at once under different keys", () => {
  const { world, actor } = stage()
  const heard: string[] = []
  const a = actor(
    "a",
    (state, { type }) => {
      if (type !== "go") {
        heard.push(type)
        return go(state)
      }
      const query = (key: number) => ({ type: "query", params: { key, ms: 10 - key } })
      return go("asking", query(1), query(2), query(3))
    },
    {
      scripts: {
        query: ({ key, ms }: { readonly key: number; readonly ms: number }) =>
          Effect.as(Effect.sleep(ms), { type: `answer ${key}` })
      }
    }
  )
  a.tell({ type: "go" })
  world.drain()
  expect(heard).toEqual(["answer 3", "answer 2", "answer 1"])
})

test("facts of another epoch, or of none, never reach the chart; requests always do", () => {
  const { world, records, actor } = stage()
  const heard: string[] = []
  const a = actor(
    "a",
    (_state, { type, call, epoch }) => {
      heard.push(`${type} ${epoch ?? "-"}`)
      if (type === "start") return go(`${epoch}`, reply([call]))
      return type === "end" || type === "plain" ? go("idle") : go(`${epoch}`)
    },
    { epochOf: (state) => (state === "idle" ? undefined : state) }
  )
  a.tell({ type: "exit", epoch: "e0" })
  world.run(a.ask("start", { epoch: "e1" }))
  a.tell({ type: "exit", epoch: "e0" })
  a.offer({ type: "event", epoch: "e0" })
  a.offer({ type: "event", epoch: "e1" })
  world.drain()
  a.tell({ type: "end" })
  a.tell({ type: "exit", epoch: "e1" })
  a.tell({ type: "plain" })
  world.drain()
  expect(heard).toEqual(["start e1", "event e1", "end -", "plain -"])
  expect(records.filter((record) => record.outcome === "stale").length).toBe(4)
})

test("a stop awaits nothing by itself, and what awaits settled sees everything given back", () => {
  const { world, actor } = stage()
  const log: string[] = []
  const a = actor(
    "a",
    (_state, { type }) => {
      if (type === "start") return go("busy", { type: "launch" })
      if (type === "leave") return go("leaving", stop("launch"), { type: "undo" })
      return go("idle")
    },
    {
      scripts: {
        launch: () =>
          Effect.ensuring(
            Effect.never,
            Effect.andThen(
              Effect.sleep(40),
              Effect.sync(() => log.push("given back"))
            )
          ),
        undo: (_: never, self) =>
          Effect.as(
            Effect.andThen(
              self.settled,
              Effect.sync(() => log.push("undone"))
            ),
            {
              type: "undone"
            }
          )
      }
    }
  )
  a.tell({ type: "start" })
  a.tell({ type: "leave" })
  world.advance(30)
  expect(a.published).toBe("leaving")
  expect(log).toEqual([])
  world.drain()
  expect(log).toEqual(["given back", "undone"])
  expect(a.published).toBe("idle")
})

test("a script that awaits settled while it gives back itself does not wait for itself", () => {
  const { world, actor } = stage()
  const a = actor(
    "a",
    (_state, { type }) =>
      type === "start" ? go("busy", { type: "job" }) : go("idle", stop("job")),
    { scripts: { job: (_: never, self) => Effect.ensuring(Effect.never, self.settled) } }
  )
  a.tell({ type: "start" })
  a.tell({ type: "leave" })
  world.drain()
  expect(a.isIdle).toBe(true)
})
