/**
 * The driver's chart: its write phases are startup and shutdown, its read phase admits API calls,
 * each of which holds a lease for as long as it works. A drain knows what it waits for.
 */
import { assign, setup } from "xstate"
import { answered, failed } from "../src/base/protocol.ts"
import type { Request, RequestMessage } from "../src/base/protocol.ts"
import { during, words } from "./words.ts"

/** How long a shutdown waits for calls under way before it interrupts them. */
export const drainDeadlineMs = 30_000

/** More defects than this in one life of an engine are no accident. */
export const restartsMax = 3

export interface Lease {
  readonly procedure: string
  readonly connection: string
  /** Monotonic, in ms. */
  readonly sinceMs: number
}

export interface DriverContext {
  readonly leases: { readonly [lease: number]: Lease }
  readonly openers: readonly number[]
  readonly closers: readonly number[]
  readonly stopsGuests: boolean
  readonly failure: unknown
  /** How often the engine was brought up anew after a defect of a child. */
  readonly restarts: number
}

export interface DriverProtocol {
  readonly open: Request<object, void, unknown>
  /** Answered once calls are admitted. The lease has a number that the asker chose. */
  readonly enter: Request<Lease & { readonly lease: number }>
  readonly close: Request<{ readonly stopsGuests: boolean }, void, unknown>
}

export type DriverFact =
  | { readonly type: "opened" | "overdue" | "ended" }
  | { readonly type: "openFailed"; readonly error: unknown }
  | { readonly type: "leave"; readonly lease: number }
  /** A child that everything stands on has a defect: what it knew is lost. */
  | { readonly type: "childFailed"; readonly error: unknown }

const base = setup({
  types: {
    context: {} as DriverContext,
    events: {} as RequestMessage<DriverProtocol> | DriverFact
  },
  actions: {
    ...words,
    /** Lock the root, load the config, index, list what runs: ends in `opened` or `openFailed`. */
    boot: () => {},
    /** Ends in `overdue`. */
    deadline: (_, _params: { readonly ms: number }) => {},
    /** Ends the calls that hold these leases, each with an answer. */
    interruptLeases: (_, _params: { readonly leases: readonly number[] }) => {},
    /** Ends the children in reverse order of their start: ends in `ended`. */
    endChildren: (_, _params: { readonly stopsGuests: boolean }) => {}
  },
  guards: {
    isFree: ({ context }) => Object.keys(context.leases).length === 0,
    mayRestart: ({ context }) => context.restarts < restartsMax,
    /** The children are being ended already, and their guests go on. */
    isTooLate: ({ context, event }) =>
      event.type === "close" && event.stopsGuests && !context.stopsGuests
  }
})

const without = (leases: DriverContext["leases"], lease: number): DriverContext["leases"] => {
  const { [lease]: _, ...others } = leases
  return others
}

const leave = {
  actions: base.assign({
    leases: ({ context, event }) =>
      event.type === "leave" ? without(context.leases, event.lease) : context.leases
  })
}

const joinClose = base.assign({
  closers: ({ context, event }) =>
    event.type === "close" ? [...context.closers, event.call] : context.closers,
  stopsGuests: ({ context, event }) =>
    event.type === "close" ? event.stopsGuests || context.stopsGuests : context.stopsGuests
})

/** The calls under way are answered: what they worked with is gone. */
const cutShort = [
  {
    type: "interruptLeases" as const,
    params: ({ context }: { context: DriverContext }) => ({
      leases: Object.keys(context.leases).map(Number)
    })
  },
  base.assign({ leases: {} })
]

const starting = base.createStateConfig({
  entry: "boot",
  ...during("boot"),
  on: {
    opened: {
      target: "running",
      actions: [
        {
          type: "reply",
          params: ({ context }) => ({ calls: context.openers, answer: answered() })
        },
        assign({ openers: [] })
      ]
    },
    openFailed: {
      target: "failed",
      actions: [
        {
          type: "reply",
          params: ({ context, event }) => ({
            calls: context.openers,
            answer: failed(event.error)
          })
        },
        assign({ openers: [], failure: ({ event }) => event.error })
      ]
    },
    childFailed: {
      target: "failed",
      actions: [
        {
          type: "reply",
          params: ({ context, event }) => ({
            calls: context.openers,
            answer: failed(event.error)
          })
        },
        assign({ openers: [], failure: ({ event }) => event.error })
      ]
    },
    enter: { actions: "postpone" },
    close: { actions: "postpone" }
  }
})

const running = base.createStateConfig({
  on: {
    enter: {
      actions: [
        assign({
          leases: ({ context, event }) => ({
            ...context.leases,
            [event.lease]: {
              procedure: event.procedure,
              connection: event.connection,
              sinceMs: event.sinceMs
            }
          })
        }),
        {
          type: "reply",
          params: ({ event }) => ({ calls: [event.call], answer: answered() })
        }
      ]
    },
    childFailed: [
      {
        guard: "mayRestart",
        target: "restarting",
        actions: [...cutShort, assign({ restarts: ({ context }) => context.restarts + 1 })]
      },
      {
        target: "failed",
        actions: [...cutShort, assign({ failure: ({ event }) => event.error })]
      }
    ],
    // Not by way of `draining`: nothing is to be waited for, and its deadline would outlive it.
    close: [
      { guard: "isFree", target: "stopping", actions: joinClose },
      { target: "draining", actions: joinClose }
    ]
  }
})

const draining = base.createStateConfig({
  entry: { type: "deadline", params: { ms: drainDeadlineMs } },
  ...during("deadline"),
  always: { guard: "isFree", target: "stopping" },
  on: {
    close: { actions: joinClose },
    overdue: {
      target: "stopping",
      actions: {
        type: "interruptLeases",
        params: ({ context }) => ({ leases: Object.keys(context.leases).map(Number) })
      }
    }
  }
})

const stopping = base.createStateConfig({
  entry: {
    type: "endChildren",
    params: ({ context }) => ({ stopsGuests: context.stopsGuests })
  },
  on: {
    close: [{ guard: "isTooLate", actions: "postpone" }, { actions: joinClose }],
    ended: {
      target: "stopped",
      actions: [
        {
          type: "reply",
          params: ({ context }) => ({ calls: context.closers, answer: answered() })
        },
        assign({ closers: [], leases: {}, stopsGuests: false, failure: undefined, restarts: 0 })
      ]
    }
  }
})

export const driverMachine = base.createMachine({
  id: "driver",
  context: {
    leases: {},
    openers: [],
    closers: [],
    stopsGuests: false,
    failure: undefined,
    restarts: 0
  },
  initial: "stopped",
  on: { leave },
  states: {
    stopped: {
      on: {
        open: { target: "starting", actions: assign({ openers: ({ event }) => [event.call] }) }
      }
    },
    starting,
    running,
    /** All children end and are made anew from what is durable. Guests go on, and are adopted. */
    restarting: {
      entry: { type: "endChildren", params: { stopsGuests: false } },
      ...during("interruptLeases"),
      on: {
        ended: "starting",
        enter: { actions: "postpone" },
        close: { actions: "postpone" }
      }
    },
    draining,
    stopping,
    failed: {
      on: { close: { target: "stopping", actions: joinClose } }
    }
  }
})
