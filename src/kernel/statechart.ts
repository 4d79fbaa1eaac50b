/**
 * Runs a pure xstate machine as a decider: snapshot and event in, snapshot and actions out. Of
 * xstate only the transition function is used: no actor of its, no invoke, no spawn, no timers.
 *
 * Gotchas: xstate's public `transition` builds a throw-away actor on each call; one cached scope is
 * twice to three times as fast. The scope's shape is semi-internal, so xstate is pinned and a
 * property test holds both ways equal.
 */
import {
  type AnyStateMachine,
  createEmptyActor,
  type EventFrom,
  type SnapshotFrom,
  type StateValue
} from "xstate"

export interface ChartAction {
  readonly type: string
  readonly params?: unknown
}

export interface Step<S> {
  readonly next: S
  readonly actions: readonly ChartAction[]
}

let collected: ChartAction[] = []
const self = createEmptyActor()
const scope = {
  self,
  system: self.system,
  id: "",
  sessionId: "",
  logger: () => {},
  defer: () => {},
  emit: () => {},
  stopChild: () => {},
  // xstate's own actions (assign, raise) are applied already or are no business of ours.
  actionExecutor: (action: ChartAction) => {
    if (!action.type.startsWith("xstate.")) collected.push(action)
  }
}

/** The two methods of a machine that this file needs, with our scope in place of an actor's. */
interface PureMachine<S> {
  readonly getInitialSnapshot: (cached: typeof scope, input: unknown) => S
  readonly transition: (snapshot: S, event: unknown, cached: typeof scope) => S
}
const pure = <M extends AnyStateMachine>(machine: M): PureMachine<SnapshotFrom<M>> =>
  machine as unknown as PureMachine<SnapshotFrom<M>>

const collect = <S>(step: () => S): Step<S> => {
  // An assigner may step a child chart: its actions are the child's, and ours are kept.
  const outer = collected
  collected = []
  try {
    const next = step()
    const status = (next as { readonly status?: string; readonly error?: unknown }).status
    // xstate keeps a guard's or assigner's exception as an error snapshot: to us it is a defect.
    if (status === "error") throw (next as { readonly error?: unknown }).error
    const actions = collected.map(({ type, params }) => ({ type, params }))
    return { next, actions }
  } finally {
    collected = outer
  }
}

export const initialStep = <M extends AnyStateMachine>(
  machine: M,
  input?: unknown
): Step<SnapshotFrom<M>> => collect(() => pure(machine).getInitialSnapshot(scope, input))

export const step =
  <M extends AnyStateMachine>(machine: M) =>
  (snapshot: SnapshotFrom<M>, event: EventFrom<M>): Step<SnapshotFrom<M>> =>
    collect(() => pure(machine).transition(snapshot, event, scope))

/** `life.running.steady job.idle`: regions apart by a blank, nested states joined by a dot. */
export const stateName = (value: StateValue): string => {
  if (typeof value === "string") return value
  const parts = Object.entries(value).map(([key, child]) =>
    stateName(child ?? "")
      .split(" ")
      .map((name) => (name === "" ? key : `${key}.${name}`))
      .join(" ")
  )
  return parts.join(" ")
}
