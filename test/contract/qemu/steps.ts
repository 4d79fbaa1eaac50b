/** The words in which scenarios are written. */
import type { GuestAct, Scenario, Step } from "./stage.ts"

export const connect = (by = "a"): Step => ({ do: "connect", by })
export const ask = (execute: string, words?: object, by = "a"): Step => ({
  do: "ask",
  by,
  execute,
  words
})
export const send = (text: string, by = "a"): Step => ({ do: "send", by, text })
export const hear = (what: string, by = "a"): Step => ({ do: "hear", by, what })
export const close = (by = "a"): Step => ({ do: "close", by })
export const ended = (by = "a"): Step => ({ do: "ended", by })
export const guest = (act: GuestAct): Step => ({ do: "guest", act })
export const up = (times: number): Step => ({ do: "up", times })
export const pause = (ms: number): Step => ({ do: "pause", ms })
export const exited: Step = { do: "exited" }
export const greeted = (by = "a"): readonly Step[] => [
  connect(by),
  ask("qmp_capabilities", undefined, by)
]
export const status = ask("query-status")
/** Each command, and how things are after it. */
export const each = (...names: readonly string[]): readonly Step[] =>
  names.flatMap((name) => [ask(name), status])
export const booted: readonly Step[] = [ask("cont"), up(1)]

export const bare = (name: string, steps: readonly Step[], words = ["-S"]): Scenario => ({
  name,
  machine: "none",
  words,
  steps
})
export const board = (
  name: string,
  steps: readonly Step[],
  more: Partial<Scenario> = {}
): Scenario => ({
  name,
  machine: "pc",
  words: ["-S", "-no-shutdown"],
  steps: [...greeted(), ...steps],
  ...more
})
