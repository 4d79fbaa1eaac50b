/**
 * Goal: nothing in the engine's own code escapes from the simulated world, and each ban can fail.
 * Method: every syntax node of the files that run in the world is held against each way out; small
 * texts show what each finds, and what it leaves alone.
 */
import { describe, expect, test } from "vitest"
import { escapes, isInWorld } from "./escapes.ts"
import { placeOf, sourceOf, sources } from "./source.ts"

test.each(escapes)("no $way is used by code that runs in the simulated world", (escape) => {
  const found = sources
    .filter(({ path }) => isInWorld(path))
    .flatMap((source) =>
      source.nodes
        .filter(({ node }) => escape.matches(node))
        .map(({ node }) => placeOf(source, node))
    )
  expect([...new Set(found)], escape.remedy).toEqual([])
})

test("the engine is looked at, and what touches the platform is not", () => {
  expect(isInWorld("actors/domain/start.ts")).toBe(true)
  expect(isInWorld("src/store/atomic.ts")).toBe(true)
  expect(isInWorld("src/host/files.live.ts")).toBe(false)
  expect(sources.filter(({ path }) => isInWorld(path)).length).toBeGreaterThan(100)
})

describe("ways out", () => {
  const ways = (text: string): readonly string[] => {
    const { nodes } = sourceOf("actors/a.ts", text)
    const found = escapes.filter(({ matches }) => nodes.some(({ node }) => matches(node)))
    return found.map(({ way }) => way)
  }

  test.each([
    ["setTimeout(f, 1)", "timer"],
    ["queueMicrotask(f)", "timer"],
    ["const a = AbortSignal.timeout(5)", "timer"],
    ["const a = new Promise(f)", "promise"],
    ["const a = Promise.all([])", "promise"],
    ["const a = async () => 1", "promise"],
    ["async function f() {}", "promise"],
    ["a.then(f)", "promise"],
    ["const a = Effect.tryPromise(f)", "promise"],
    ["Effect.runSync(f)", "promise"],
    ["const a = Date.now()", "clock"],
    ["const a = performance.now()", "clock"],
    ["const a = x.hrtime()", "clock"],
    ["const a = Math.random()", "chance"],
    ["const a = crypto.randomUUID()", "chance"],
    ["const a = nanoid()", "chance"],
    ['import { connect } from "node:net"', "outside"],
    ['const a = import("x")', "outside"],
    ["const a = fetch(b)", "outside"],
    ["const a = new WeakRef(b)", "garbage"]
  ])("%s: %s", (text, way) => {
    expect(ways(text)).toEqual([way])
  })

  test.each([
    "const a = Effect.sleep(5)",
    "const a = Effect.callback((resume) => resume(b))",
    "const a = Clock.currentTimeMillis",
    "// await Date.now()",
    'const a = "new Promise"',
    "const a = { then: 1, Date: 2 }"
  ])("%s: none", (text) => {
    expect(ways(text)).toEqual([])
  })
})
