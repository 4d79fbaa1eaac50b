/**
 * What a statechart looks like, as plain data: the JSON that `troupe chart --format json` prints
 * and the one thing that the other formats are drawn from. Holds no functions and no references.
 */

/** JSON of the kinds that stand in charts. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json }

/** Something to be done: a script's name, or one of the kernel's words. */
export interface ChartAction {
  readonly type: string
  /** Only when the machine gives them as data; those computed in a step are not known here. */
  readonly params?: Json
}

export type TransitionKind = "reenter" | "internal"

export interface ChartTransition {
  /**
   * The event's type; `*` for any event that nothing else takes; empty when none is needed. What
   * xstate raises itself: `done`, `after 1000` (ms) or `after NAME`, `done ID`, `error ID`.
   */
  readonly event: string
  /** In words: names as the machine gives them, inline conditions by their source text. */
  readonly guard?: string
  /** Ids of states; empty when the state stays and only actions run. */
  readonly targets: readonly string[]
  /** Whether the state itself is left and entered when the target lies in it. */
  readonly reenters: boolean
  /**
   * Of a transition to the state itself or into it, where two kinds would look the same: the state
   * is left and entered again, or it stays. One into it without a word stays.
   */
  readonly kind?: TransitionKind
  readonly actions: readonly ChartAction[]
}

export interface ChartInvoke {
  /** The name that its events bear: `done ID`, `error ID`, `snapshot ID`. */
  readonly id: string
  /** The actor's name in the machine; empty for one that is given in place. */
  readonly src: string
}

export interface ChartState {
  /** Keys from the root, joined by dots; the root's is the machine's id. Unique in the chart. */
  readonly id: string
  readonly key: string
  readonly type: "atomic" | "compound" | "parallel" | "final" | "history"
  readonly description?: string
  /** The id of the child that is entered first. Compound states have one. */
  readonly initial?: string
  readonly entry: readonly ChartAction[]
  readonly exit: readonly ChartAction[]
  /** Scripts that run while the state lasts: leaving it stops them. */
  readonly during: readonly string[]
  /** How long the state may last, in ms, when the machine says so as data. */
  readonly deadlineMs?: number
  readonly meta?: Json
  readonly tags?: readonly string[]
  /** Actors that run while the state lasts, as the machine invokes them. */
  readonly invokes?: readonly ChartInvoke[]
  /** Of a history state: how far down it remembers. Its one transition is its default. */
  readonly history?: "shallow" | "deep"
  /** In the order in which they are tried. */
  readonly transitions: readonly ChartTransition[]
  readonly states: readonly ChartState[]
}

export interface Chart {
  /** Of this structure. A change that readers notice raises it. */
  readonly version: 1
  /** The machine's id. */
  readonly id: string
  readonly root: ChartState
}

/** The state and all states in it, parents first. */
export const statesWithin = (state: ChartState): readonly ChartState[] => [
  state,
  ...state.states.flatMap(statesWithin)
]
