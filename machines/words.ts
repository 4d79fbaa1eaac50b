/**
 * The words that every chart may say to the kernel, as xstate actions without a body: a chart
 * names, the actor carries out. Also how a script is bound to a state, so that the drawing shows
 * it.
 */
import type { Answer } from "../src/base/protocol.ts"

/** For `setup({ actions: { ...words } })`. */
export const words = {
  /** Answers these calls, each exactly once. */
  reply: (
    _: unknown,
    _params: { readonly calls: readonly number[]; readonly answer: Answer }
  ) => {},
  /** Interrupts a script. */
  stop: (_: unknown, _params: { readonly script: string }) => {},
  /** Holds the request back until the state changes. Must be alone in its step. */
  postpone: () => {},
  /** Tells the world; who listens is not the chart's business. */
  emit: (_: unknown, _params: { readonly event: unknown }) => {}
}

/** Spread into a state: leaving it interrupts the scripts that its entry started. */
export const during = (...scripts: readonly string[]) => ({
  exit: scripts.map((script) => ({ type: "stop" as const, params: { script } }))
})
