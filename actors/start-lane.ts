/**
 * Owns how many starts work on the host at once. The others wait in the order in which they came;
 * one that gives up leaves the line.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { answered, type Request, type RequestMessage } from "../src/base/protocol.ts"
import { Actor } from "../src/kernel/actor.ts"
import type { Decision, Fact } from "../src/kernel/behaviour.ts"
import type { KernelError } from "../src/kernel/error.ts"
import type { Kernel } from "../src/kernel/kernel.ts"

interface Waiting {
  readonly place: number
  readonly call: number
}

interface State {
  /** Places that are taken. */
  readonly working: readonly number[]
  readonly waiting: readonly Waiting[]
}

interface LaneProtocol {
  /** The place is the asker's own number, so that it can leave whether or not it was let in. */
  readonly enter: Request<{ readonly place: number }>
}

type LaneFact = Fact & { readonly type: "leave"; readonly place: number }

const letIn = (calls: readonly number[]) => ({
  type: "reply",
  params: { calls, answer: answered() }
})

const admit = (state: State, width: number): Decision<State> => {
  const free = Math.max(0, width - state.working.length)
  const admitted = state.waiting.slice(0, free)
  const working = [...state.working, ...admitted.map(({ place }) => place)]
  return {
    next: { working, waiting: state.waiting.slice(free) },
    actions: admitted.length === 0 ? [] : [letIn(admitted.map(({ call }) => call))]
  }
}

/** Wherever it is. One that leaves the line is answered too, though nobody listens any more. */
const leave = ({ working, waiting }: State, gone: number, width: number): Decision<State> => {
  const left = waiting.filter(({ place }) => place === gone)
  const { next, actions } = admit(
    {
      working: working.filter((place) => place !== gone),
      waiting: waiting.filter(({ place }) => place !== gone)
    },
    width
  )
  return {
    next,
    actions: left.length === 0 ? actions : [letIn(left.map(({ call }) => call)), ...actions]
  }
}

const decide =
  (width: () => number) =>
  (state: State, message: RequestMessage<LaneProtocol> | LaneFact): Decision<State> => {
    if (message.type === "leave") return leave(state, message.place, width())
    const { place, call } = message
    return admit({ ...state, waiting: [...state.waiting, { place, call }] }, width())
  }

export interface StartLane {
  /** Waits for its turn, at most as long as a call may wait, and can be interrupted meanwhile. */
  readonly within: <A, E, R>(work: Effect.Effect<A, E, R>) => Effect.Effect<A, E | KernelError, R>
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
  return {
    within: (work) =>
      Effect.suspend(() => {
        const place = kernel.number()
        // Not `acquireUseRelease`: its acquisition cannot be interrupted, and this one waits.
        return Effect.ensuring(
          Effect.andThen(actor.ask("enter", { place }), work),
          Effect.sync(() => actor.tell({ type: "leave", place }))
        )
      }),
    stop: () => actor.stop()
  }
}
