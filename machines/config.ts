/**
 * The config holder's chart: one immutable snapshot at a time. A reload publishes a whole new one
 * or nothing; a reload that comes while one is read is answered by a later one of its own.
 */
import { assign, setup } from "xstate"
import { answered, failed } from "../src/base/protocol.ts"
import type { Request, RequestMessage } from "../src/base/protocol.ts"
import { during, words } from "./words.ts"

export interface ConfigContext {
  /** What readers take; typed by the actor, opaque to the chart. */
  readonly snapshot: unknown
  readonly reloaders: readonly number[]
  /** What asked, for the record: `api`, `signal`, `file`. */
  readonly cause: string
}

export interface ConfigProtocol {
  readonly reload: Request<{ readonly cause: string }, unknown, unknown>
}

export type ConfigFact =
  | { readonly type: "loaded"; readonly snapshot: unknown }
  | { readonly type: "loadFailed"; readonly error: unknown }
  | { readonly type: "fileChanged" | "signalled" }

const base = setup({
  types: {
    context: {} as ConfigContext,
    events: {} as RequestMessage<ConfigProtocol> | ConfigFact,
    input: {} as { readonly snapshot: unknown }
  },
  actions: {
    ...words,
    /** Reads and judges the file: ends in `loaded` or `loadFailed`. */
    load: () => {}
  }
})

const reply = (answer: "loaded" | "loadFailed") => [
  {
    type: "reply" as const,
    params: ({ context, event }: { context: ConfigContext; event: { type: string } }) => ({
      calls: context.reloaders,
      answer:
        answer === "loaded"
          ? answered("snapshot" in event ? event.snapshot : undefined)
          : failed("error" in event ? event.error : undefined)
    })
  },
  base.assign({ reloaders: [] })
]

export const configMachine = base.createMachine({
  id: "config",
  context: ({ input }) => ({ snapshot: input?.snapshot, reloaders: [], cause: "open" }),
  initial: "current",
  states: {
    current: {
      on: {
        reload: {
          target: "loading",
          actions: assign({
            reloaders: ({ event }) => [event.call],
            cause: ({ event }) => event.cause
          })
        },
        fileChanged: { target: "loading", actions: assign({ cause: "file" }) },
        signalled: { target: "loading", actions: assign({ cause: "signal" }) }
      }
    },
    loading: {
      entry: "load",
      ...during("load"),
      on: {
        // What is being read may be older than what this one asks for.
        reload: { actions: "postpone" },
        loaded: {
          target: "current",
          actions: [assign({ snapshot: ({ event }) => event.snapshot }), ...reply("loaded")]
        },
        loadFailed: {
          target: "current",
          actions: [
            ...reply("loadFailed"),
            { type: "emit", params: ({ event }) => ({ event: event.error }) }
          ]
        },
        fileChanged: { target: "loading", reenter: true },
        signalled: { target: "loading", reenter: true }
      }
    }
  }
})
