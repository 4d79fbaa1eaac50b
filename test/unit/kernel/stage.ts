/** A world, a kernel and small actors whose state is a word, for tests of one promise at a time. */
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import { answered, type Protocol } from "../../../src/base/protocol.ts"
import { Actor } from "../../../src/kernel/actor.ts"
import type { Action, Behaviour, Decision, Fact } from "../../../src/kernel/behaviour.ts"
import type { InspectionRecord } from "../../../src/kernel/inspection.ts"
import { Kernel } from "../../../src/kernel/kernel.ts"
import { World, type WorldOptions } from "../../../src/testing/world.ts"

export type Message = {
  readonly type: string
  readonly call: number
  readonly [field: string]: unknown
}
export type Probe = Actor<string, Protocol, Fact>
type Decide = (state: string, message: Message) => Decision<string>

export const reply = (calls: readonly number[], value?: unknown): Action => ({
  type: "reply",
  params: { calls, answer: answered(value) }
})
export const postpone: Action = { type: "postpone" }
export const stop = (script: string): Action => ({ type: "stop", params: { script } })
export const go = (next: string, ...actions: readonly Action[]): Decision<string> => ({
  next,
  actions
})

type Extra = Partial<Omit<Behaviour<string, Protocol, Fact, never>, "name" | "decide">>

export const stage = (choices: readonly number[] = [], options: WorldOptions = {}) => {
  const world = new World(choices, options)
  const kernel = new Kernel(world, world.context)
  const records: InspectionRecord[] = []
  kernel.inspection.watch((record) => void records.push(record))
  const actor = (name: string, decide: Decide, extra: Extra = {}): Probe =>
    new Actor<string, Protocol, Fact>(
      {
        name,
        initial: go("idle"),
        decide: (state, message) => decide(state, message as unknown as Message),
        describe: (state) => state,
        scripts: {},
        ...extra
      },
      kernel,
      world.context
    )
  return { world, kernel, records, actor }
}

/** How a fiber ended: the value, `Tag` of its error with the error, or why there is none. */
export const ended = (fiber: Fiber.Fiber<unknown, unknown>): unknown => {
  const exit = fiber.pollUnsafe()
  if (exit === undefined) return "waiting"
  if (Exit.isSuccess(exit)) return exit.value
  const reason = exit.cause.reasons[0]
  return reason?._tag === "Fail" ? reason.error : reason?._tag
}

export const tagOf = (fiber: Fiber.Fiber<unknown, unknown>): unknown => {
  const end = ended(fiber)
  return typeof end === "object" && end !== null && "_tag" in end ? end._tag : end
}
