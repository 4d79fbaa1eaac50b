/** A checkout in two versions, and a run of it: for the guide's pictures, and tests of them. */
import { createActor, createMachine, fromPromise } from "xstate"
import { coverageOf } from "../../../src/charts.ts"

export const checkout = createMachine({
  id: "checkout",
  initial: "cart",
  states: {
    cart: {
      on: {
        ADD: { actions: "count" },
        NEXT: [{ guard: "isEmpty", actions: "warn" }, { target: "payment" }]
      }
    },
    payment: {
      initial: "choosing",
      on: { BACK: "cart" },
      states: {
        choosing: { on: { CARD: "paying", INVOICE: "paying" } },
        paying: {
          invoke: { src: "pay", onDone: "#done", onError: "refused" },
          after: { 30_000: "refused" }
        },
        refused: { on: { RETRY: { guard: "mayRetry", target: "paying" } } }
      }
    },
    done: { id: "done", type: "final", entry: "thank" }
  }
})

export const olderCheckout = createMachine({
  id: "checkout",
  initial: "cart",
  states: {
    cart: { on: { ADD: { actions: "count" }, NEXT: "payment" } },
    payment: {
      initial: "paying",
      on: { BACK: "cart" },
      states: { paying: { invoke: { src: "pay", onDone: "#done", onError: "#lost" } } }
    },
    lost: { id: "lost", on: { RETRY: "payment" } },
    done: { id: "done", type: "final", entry: "thank" }
  }
})

/** What a customer who changes his mind once reaches. */
export async function shopping() {
  const coverage = coverageOf(checkout)
  const machine = checkout.provide({
    guards: { isEmpty: () => false, mayRetry: () => true },
    actions: { count: () => {}, warn: () => {}, thank: () => {} },
    actors: { pay: fromPromise(async () => "paid") }
  })
  const actor = createActor(machine, { inspect: coverage.inspect })
  const end = new Promise<void>((complete) => actor.subscribe({ complete }))
  actor.start()
  for (const type of ["ADD", "ADD", "NEXT", "BACK", "NEXT", "CARD"]) actor.send({ type })
  await end
  return coverage
}
