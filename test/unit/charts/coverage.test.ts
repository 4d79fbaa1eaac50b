/**
 * Goal: coverage counts what was entered and taken, whoever takes it, and says how to get to the
 * rest; a file of counts is read as it was written, and a bad one is refused in plain words.
 * Method: small machines are played; the ways that are told are walked on the machine itself.
 */
import {
  createActor,
  createMachine,
  fromPromise,
  initialTransition,
  transition as plainStep
} from "xstate"
import { expect, test } from "vitest"
import {
  BadCoverage,
  coverageOf,
  describe as chartOf,
  faults,
  draw,
  hitMarks,
  hitsText,
  mergeHits,
  readHits,
  reportOf
} from "../../../src/charts.ts"
import { statesWithin } from "../../../src/charts/chart.ts"
import { wayTo } from "../../../src/charts/ways.ts"
import { machines } from "../../../machines/index.ts"
import { fixtures } from "./fixtures.ts"

const checkout = createMachine({
  id: "checkout",
  initial: "cart",
  states: {
    cart: {
      on: { ADD: { actions: "count" }, NEXT: [{ guard: "isEmpty" }, { target: "payment" }] }
    },
    payment: {
      initial: "choosing",
      on: { BACK: "cart" },
      states: {
        choosing: { on: { CARD: "paying", INVOICE: "paying", AGAIN: "choosing" } },
        paying: { invoke: { src: "pay", onDone: "#done", onError: "refused" } },
        refused: { always: { guard: "isHopeless", target: "#done" }, on: { RETRY: "paying" } }
      }
    },
    done: { id: "done", type: "final" }
  }
})

const provided = checkout.provide({
  actions: { count: () => {} },
  guards: { isEmpty: () => false, isHopeless: () => true },
  actors: { pay: fromPromise(() => Promise.reject(new Error("no money"))) }
})

const settled = (actor: { subscribe: (observer: { complete: () => void }) => void }) =>
  new Promise<void>((done) => actor.subscribe({ complete: done }))

test("an actor's run is counted: states, transitions, and what follows at once", async () => {
  const coverage = coverageOf(checkout)
  const actor = createActor(provided, { inspect: coverage.inspect })
  const end = settled(actor)
  actor.start()
  for (const type of ["ADD", "ADD", "NEXT", "BACK", "NEXT", "AGAIN", "UNKNOWN", "CARD"])
    actor.send({ type })
  await end
  expect(JSON.parse(coverage.text())).toEqual({
    format: "troupe-chart-coverage",
    version: 1,
    machines: {
      checkout: {
        states: {
          checkout: 1,
          cart: 2,
          payment: 2,
          // AGAIN leads to the state itself, which is not left: only `reenter` would enter it anew.
          "payment.choosing": 2,
          "payment.paying": 1,
          "payment.refused": 1,
          done: 1
        },
        transitions: {
          cart: { ADD: [2], NEXT: [0, 2] },
          payment: { BACK: [1] },
          "payment.choosing": { CARD: [1], INVOICE: [0], AGAIN: [1] },
          "payment.paying": { "done pay": [0], "error pay": [1] },
          "payment.refused": { "": [1], RETRY: [0] }
        }
      }
    }
  })
  const { states, transitions, percent } = coverage.report()
  expect({ states, transitions }).toEqual({
    states: { reached: 6, all: 6 },
    transitions: { reached: 7, all: 11 }
  })
  expect(percent).toBeCloseTo((100 * 7) / 11)
})

test("a transition that reenters enters its own state anew, and all that is in it", () => {
  const machine = createMachine({
    id: "m",
    type: "parallel",
    states: {
      p: {
        type: "parallel",
        on: { R: { target: ".a.two", reenter: true }, I: ".a.one", S: "p" },
        states: {
          a: { initial: "one", states: { one: {}, two: { on: { S2: "two" } } } },
          b: { initial: "x", states: { x: {} } }
        }
      }
    }
  })
  const after = (...events: readonly string[]) => {
    const coverage = coverageOf(machine)
    const actor = createActor(machine, { inspect: coverage.inspect }).start()
    for (const type of events) actor.send({ type })
    const of = (id: string) => coverage.hits.states.get(id) ?? 0
    return [of("m"), of("p"), of("p.a"), of("p.b"), of("p.a.one"), of("p.a.two"), of("p.b.x")]
  }
  expect(after()).toEqual([1, 1, 1, 1, 1, 0, 1])
  expect(after("R", "R")).toEqual([1, 3, 3, 3, 1, 2, 3])
  // Without `reenter` the state stays, and its regions are entered anew all the same.
  expect(after("I")).toEqual([1, 1, 2, 2, 2, 0, 2])
  expect(after("S")).toEqual([1, 1, 2, 2, 2, 0, 2])
  expect(after("R", "S2")).toEqual([1, 2, 2, 2, 1, 1, 2])
})

test("what never happened is listed with a shortest way there", () => {
  const coverage = coverageOf(checkout)
  createActor(provided, { inspect: coverage.inspect }).start()
  const told = coverage
    .report()
    .never.map(({ state, transition, path }) => [state, transition?.event ?? "", path?.join(" ")])
  expect(told).toContainEqual(["payment.refused", "", "NEXT CARD error pay"])
  expect(told).toContainEqual(["payment.refused", "RETRY", "NEXT CARD error pay RETRY"])
  expect(told).toContainEqual(["cart", "ADD", "ADD"])
})

test("steps without an actor are counted as an actor's are", () => {
  const [acted, stepped] = [coverageOf(checkout), coverageOf(provided)]
  const actor = createActor(provided, { inspect: acted.inspect }).start()
  let [snapshot] = initialTransition(provided)
  for (const type of ["ADD", "NEXT", "BACK", "NEXT", "AGAIN"]) {
    actor.send({ type })
    const [expected] = plainStep(provided, snapshot, { type })
    snapshot = stepped.step(snapshot, { type })
    expect(snapshot.value).toEqual(expected.value)
  }
  expect(stepped.text()).toBe(acted.text())
})

test("only this machine's actors are counted, children among them", () => {
  const child = createMachine({
    id: "child",
    initial: "a",
    states: { a: { on: { GO: "b" } }, b: {} }
  })
  const parent = createMachine({
    id: "parent",
    invoke: { id: "kid", src: child },
    initial: "on",
    states: { on: {} }
  })
  const coverage = coverageOf(child)
  const actor = createActor(parent, { inspect: coverage.inspect }).start()
  actor.getSnapshot().children["kid"]?.send({ type: "GO" })
  expect(Object.fromEntries(coverage.hits.states)).toEqual({ child: 1, a: 1, b: 1 })
})

test("a file is read as it was written, of any machine; runs add up", () => {
  for (const machine of Object.values({ ...machines, ...fixtures })) {
    const chart = chartOf(machine)
    let next = 0
    const counted = (key: string) => [key, next++ % 5] as const
    const states = new Map(statesWithin(chart.root).map(({ id }) => counted(id)))
    const transitions = new Map(
      statesWithin(chart.root).flatMap(({ id, transitions }) =>
        transitions.map((_, at) => counted(`${id}#${at}`))
      )
    )
    const hits = { states, transitions }
    expect(readHits(chart, hitsText(chart, hits))).toEqual({ ...hits, strangers: 0 })
    const twice = mergeHits([hits, hits])
    expect(twice.states.get(chart.root.id)).toBe(2 * (states.get(chart.root.id) ?? 0))
    expect(reportOf(chart, twice)).toEqual(reportOf(chart, hits))
  }
})

test("a file that is none, newer, of another machine or broken is refused in a sentence", () => {
  const chart = chartOf(checkout)
  const good = JSON.parse(coverageOf(checkout).text())
  const wrong = (file: unknown) => {
    const text = typeof file === "string" ? file : JSON.stringify(file)
    try {
      readHits(chart, text)
    } catch (error) {
      if (error instanceof BadCoverage) return error.message
    }
    return "no error"
  }
  expect(wrong("{")).toBe("it is not JSON")
  expect(wrong([])).toBe("the file is no object")
  expect(wrong({})).toContain("its format is not")
  expect(wrong({ ...good, version: 2 })).toContain("of version 2")
  expect(wrong({ ...good, machines: { other: {} } })).toContain("'checkout'; it is of other")
  const with_ = (machine: object) => ({ ...good, machines: { checkout: machine } })
  expect(wrong(with_({ states: { cart: -1 }, transitions: {} }))).toBe("states.cart is no count")
  expect(wrong(with_({ states: {}, transitions: { cart: { ADD: 1 } } }))).toContain("no list")
  const strange = with_({ states: { gone: 1 }, transitions: { cart: { ADD: [1, 1], GONE: [2] } } })
  expect(readHits(chart, JSON.stringify(strange)).strangers).toBe(3)
})

test("the counts are drawn without overlaps", async () => {
  for (const machine of Object.values({ ...fixtures, checkout })) {
    const chart = chartOf(machine)
    const marks = hitMarks(chart, { states: new Map(), transitions: new Map() })
    expect(faults(await draw(chart, { marks }))).toEqual([])
  }
})

test("a way that is told leads there, where no condition is in the way", () => {
  const ways = createMachine({
    id: "ways",
    initial: "a",
    states: {
      a: { on: { ONE: "b", LONG: "c" } },
      b: { always: { target: "d" } },
      c: { on: { TWO: "e" } },
      d: { initial: "x", states: { x: { on: { DEEP: "y" } }, y: {} }, on: { TWO: "e" } },
      e: { type: "parallel", states: { l: { initial: "m", states: { m: {} } }, r: {} } },
      island: {}
    }
  })
  const way = wayTo(chartOf(ways))
  for (const { id } of statesWithin(chartOf(ways).root)) {
    const path = way(id)
    if (id === "island") expect(path).toBeUndefined()
    if (path === undefined || id === "ways" || id === "b") continue
    const actor = createActor(ways).start()
    for (const type of path) actor.send({ type })
    const active = actor.getSnapshot()._nodes.map((node) => node.path.join("."))
    expect(active, `${path.join(" ")} leads to ${id}`).toContain(id)
  }
  expect(way("e.l.m")).toHaveLength(2)
})
