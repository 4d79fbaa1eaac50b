/**
 * Owns how many starts work on the host at once. The others wait in the order in which they came;
 * one that gives up leaves the line.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { answered, type Request, type RequestMessage } from "../src/base/protocol.ts"
import { Actor } from "../src/kernel/actor.ts"
import type { Decision, Fact } from "../src/kernel/behaviour.ts"
import type { Kernel } from "../src/kernel/kernel.ts"

interface State {
  /** Places that are taken, by the call that got each. */
  readonly working: readonly number[]
  readonly waiting: readonly number[]
}

interface LaneProtocol {
  readonly enter: Request<object, number>
}

type LaneFact =
  | (Fact & { readonly type: "leave"; readonly place: number })
  | (Fact & { readonly type: "resized" })

const admit = (state: State, width: number): Decision<State> => {
  const free = Math.max(0, width - state.working.length)
  const admitted = state.waiting.slice(0, free)
  return {
    next: { working: [...state.working, ...admitted], waiting: state.waiting.slice(free) },
    actions: admitted.map((call) => ({
      type: "reply",
      params: { calls: [call], answer: answered(call) }
    }))
  }
}

const decide =
  (width: () => number) =>
  (state: State, message: RequestMessage<LaneProtocol> | LaneFact): Decision<State> => {
    switch (message.type) {
      case "enter":
        return admit({ ...state, waiting: [...state.waiting, message.call] }, width())
      case "leave":
        return admit(
          { ...state, working: state.working.filter((place) => place !== message.place) },
          width()
        )
      case "resized":
        return admit(state, width())
    }
  }

export interface StartLane {
  readonly within: <A, E, R>(work: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  readonly stop: () => Effect.Effect<void>
}

/** `width` is read at each turn, so that a reload of the config takes effect with the next. */
export const makeStartLane = (kernel: Kernel, width: () => number): StartLane => {
  const actor = new Actor<State, LaneProtocol, LaneFact>(
    {
      name: "start-lane",
      initial: { next: { working: [], waiting: [] }, actions: [] },
      decide: decide(width),
      describe: ({ working, waiting }) => `${working.length} start, ${waiting.length} wait`,
      scripts: {}
    },
    kernel,
    Context.empty()
  )
  const leave = (place: number) => Effect.sync(() => actor.tell({ type: "leave", place }))
  return {
    within: (work) =>
      // The line cannot be longer than there are domains, and each start has a deadline of its own.
      Effect.acquireUseRelease(Effect.orDie(actor.ask("enter", {})), () => work, leave),
    stop: () => actor.stop()
  }
}
