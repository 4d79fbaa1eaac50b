/**
 * Goal: the cached way of stepping a chart is xstate's own, a refusal is recognised, and a defect
 * in a chart is one. Method: random events on a chart that has what ours use (parallel regions,
 * guards, nested entry and exit, always, assign, raise, stateIn), stepped both ways.
 */
import fc from "fast-check"
import { expect, test } from "vitest"
import { assign, initialTransition, raise, setup, stateIn, transition } from "xstate"
import { initialStep, stateName, step } from "../../../src/kernel/statechart.ts"

interface Context {
  readonly count: number
  readonly calls: readonly number[]
}
type Event =
  | { readonly type: "start" | "stop" | "work" | "finish" | "reset"; readonly call: number }
  | { readonly type: "noise" | "poke" }

const params = (at: string) => ({ type: "reply" as const, params: { at } })

const chart = setup({
  types: { context: {} as Context, events: {} as Event },
  actions: { reply: (_, _params: { readonly at: string }) => {}, enter: () => {}, leave: () => {} },
  guards: {
    isCalm: ({ context }) => context.count < 3,
    isIdle: stateIn({ job: "idle" })
  }
}).createMachine({
  id: "sample",
  context: { count: 0, calls: [] },
  type: "parallel",
  states: {
    life: {
      initial: "off",
      states: {
        off: {
          on: {
            start: [
              { guard: "isIdle", target: "on", actions: params("start") },
              { actions: params("wait") }
            ]
          }
        },
        on: {
          entry: "enter",
          exit: "leave",
          initial: "steady",
          on: { stop: { target: "off", actions: params("stop") } },
          states: {
            steady: { entry: params("steady"), on: { poke: "restless" } },
            restless: {
              entry: assign({ count: ({ context }) => context.count + 1 }),
              exit: params("calmer"),
              always: [{ guard: "isCalm", target: "steady", actions: raise({ type: "noise" }) }],
              on: { reset: { target: "steady", actions: assign({ count: 0 }) } }
            }
          }
        }
      }
    },
    job: {
      initial: "idle",
      states: {
        idle: {
          on: {
            work: {
              target: "busy",
              actions: assign({ calls: ({ context, event }) => [...context.calls, event.call] })
            }
          }
        },
        busy: {
          entry: ["enter", params("busy")],
          exit: "leave",
          on: {
            finish: { target: "idle", actions: [params("done"), assign({ calls: [] })] },
            work: { guard: "isCalm", actions: params("joined") }
          }
        }
      }
    }
  }
})

const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({
    type: fc.constantFrom("start", "stop", "work", "finish", "reset"),
    call: fc.nat(9)
  }),
  fc.record({ type: fc.constantFrom("noise", "poke") })
) as fc.Arbitrary<Event>

const plain = (actions: readonly { readonly type: string; readonly params?: unknown }[]) =>
  actions
    .filter(({ type }) => !type.startsWith("xstate."))
    .map(({ type, params: with_ }) => ({ type, params: with_ }))

const next = step(chart)

test("both ways give the same state, context and actions, and refuse alike", () => {
  let [refusals, steps] = [0, 0]
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60, size: "max" }), (events) => {
      const [first, firstActions] = initialTransition(chart)
      const start = initialStep(chart)
      expect(start.next.value).toEqual(first.value)
      expect(start.actions).toEqual(plain(firstActions))
      let ours = start.next
      let theirs = first
      for (const each of events) {
        const [after, actions] = transition(chart, theirs, each)
        const stepped = next(ours, each)
        expect(stepped.next.value).toEqual(after.value)
        expect(stepped.next.context).toEqual(after.context)
        expect(stepped.actions).toEqual(plain(actions))
        expect(stepped.next === ours).toBe(after === theirs)
        if (stepped.next === ours && stepped.actions.length === 0) refusals++
        steps++
        ours = stepped.next
        theirs = after
      }
    }),
    { numRuns: 400 }
  )
  expect(steps).toBeGreaterThan(2000)
  expect(refusals).toBeGreaterThan(100)
})

test("refused is: same reference and no action; what only acts is not refused", () => {
  const { next: off } = initialStep(chart)
  expect(next(off, { type: "noise" })).toEqual({ next: off, actions: [] })
  expect(next(off, { type: "noise" }).next).toBe(off)
  const busy = next(off, { type: "work", call: 1 }).next
  const acted = next(busy, { type: "start", call: 2 })
  expect(acted.next).toBe(busy)
  expect(acted.actions).toEqual([params("wait")])
})

test("a step changes nothing but what it returns", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), event, (events, last) => {
      const state = events.reduce((at, each) => next(at, each).next, initialStep(chart).next)
      const before = JSON.stringify([state.value, state.context])
      const [one, two] = [next(state, last), next(state, last)]
      expect(JSON.stringify([state.value, state.context])).toBe(before)
      expect(two.actions).toEqual(one.actions)
      expect(two.next.value).toEqual(one.next.value)
    })
  )
})

const faulty = (where: "guard" | "assign" | "always") =>
  setup({ types: { events: {} as { type: "go" } } }).createMachine({
    initial: "a",
    states: {
      a: {
        on: {
          go: {
            target: "b",
            ...(where === "guard" ? { guard: bang } : {}),
            ...(where === "assign" ? { actions: assign(bang) } : {})
          }
        }
      },
      b: where === "always" ? { always: [{ guard: bang, target: "a" }] } : {}
    }
  })
const bang = (): never => {
  throw new Error("bang")
}

test.each(["guard", "assign", "always"] as const)(
  "an exception in a chart's %s is a defect",
  (where) => {
    const machine = faulty(where)
    const { next: a } = initialStep(machine)
    expect(() => step(machine)(a, { type: "go" })).toThrow("bang")
    // And the next step of another chart knows nothing of it.
    expect(next(initialStep(chart).next, { type: "poke" }).actions).toEqual([])
  }
)

test("a chart that steps another within a step keeps its own actions", () => {
  const outer = setup({
    types: {
      context: {} as { readonly child: ReturnType<typeof next>["next"] },
      events: {} as { type: "go" }
    },
    actions: { before: () => {}, after: () => {} }
  }).createMachine({
    context: { child: initialStep(chart).next },
    on: {
      go: {
        actions: [
          "before",
          assign({ child: ({ context }) => next(context.child, { type: "start", call: 1 }).next }),
          "after"
        ]
      }
    }
  })
  const { actions } = step(outer)(initialStep(outer).next, { type: "go" })
  expect(actions.map((action) => action.type)).toEqual(["before", "after"])
})

test("the name of a state: regions apart by a blank, nested states joined by a dot", () => {
  expect(stateName("off")).toBe("off")
  expect(stateName({ life: { on: "steady" }, job: "idle" })).toBe("life.on.steady job.idle")
  expect(stateName({ life: { on: { one: "a", two: { b: "c" } } }, job: "idle" })).toBe(
    "life.on.one.a life.on.two.b.c job.idle"
  )
  expect(stateName({ life: {} })).toBe("life")
})

test("two states have one name only if they are one state", () => {
  const seen = new Map<string, string>()
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), (events) => {
      const { value } = events.reduce((at, each) => next(at, each).next, initialStep(chart).next)
      const name = stateName(value)
      expect(seen.get(name) ?? JSON.stringify(value)).toBe(JSON.stringify(value))
      seen.set(name, JSON.stringify(value))
    })
  )
  expect(seen.size).toBeGreaterThan(3)
})
