/**
 * Goal: each law can fail. Method: break the kernel in one named way, in memory, and search for a
 * program that the law refuses; a law that no mutant breaks would prove nothing.
 */
import * as Effect from "effect/Effect"
import fc from "fast-check"
import { expect, test } from "vitest"
import { Actor } from "../../../src/kernel/actor.ts"
import { Desk } from "../../../src/kernel/desk.ts"
import { Mailbox } from "../../../src/kernel/mailbox.ts"
import { RunningScripts } from "../../../src/kernel/scripts.ts"
import * as Laws from "./laws.ts"

// A mutant reaches behind `private`, which no type can describe.
interface Envelope {
  readonly run?: object
  readonly lane?: string
}
type Patch = (this: never, ...args: never[]) => unknown
interface Mutant {
  readonly name: string
  readonly of: { readonly prototype: object }
  readonly method: string
  readonly patch: (original: (...args: unknown[]) => unknown) => Patch
  readonly breaks: () => Laws.Law
}

const nothing = () => () => undefined

const mutants: readonly Mutant[] = [
  {
    name: "no fence by run: the last word of a stopped script reaches the decider",
    of: Actor,
    method: "isStale",
    patch: (original) =>
      function (this: object, envelope: Envelope) {
        return envelope.run === undefined && original.call(this, envelope)
      } as Patch,
    breaks: Laws.nothingOwed
  },
  {
    name: "a fence by name only: the word of an earlier run is taken for the present one's",
    of: RunningScripts,
    method: "isCurrent",
    patch: () =>
      function (this: { readonly slots: ReadonlyMap<string, unknown> }, run: { script: string }) {
        return this.slots.has(run.script)
      } as Patch,
    breaks: Laws.nothingOwed
  },
  {
    name: "no fence by epoch: facts of an epoch that is over reach the decider",
    of: Actor,
    method: "isStale",
    patch: (original) =>
      function (this: object, envelope: Envelope) {
        return envelope.run !== undefined && original.call(this, envelope)
      } as Patch,
    breaks: Laws.nothingOwed
  },
  {
    name: "stopping awaits nothing: the next state meets what the last one holds",
    of: RunningScripts,
    method: "interruptFiber",
    patch: () =>
      function (this: unknown, fiber: { interruptUnsafe: () => void }) {
        fiber.interruptUnsafe()
      } as Patch,
    breaks: Laws.nothingOwed
  },
  {
    name: "stop forgets the script instead of interrupting it",
    of: RunningScripts,
    method: "interruptFiber",
    patch: nothing,
    breaks: Laws.nothingOwed
  },
  {
    name: "what was postponed waits behind newer requests",
    of: Mailbox,
    method: "putBack",
    patch: () =>
      function (this: Mailbox<unknown>, lane: "user", items: readonly unknown[]) {
        for (const item of items) this.push(lane, item)
      } as Patch,
    breaks: Laws.orderKept
  },
  {
    name: "what was postponed is forgotten when the state changes",
    of: Desk,
    method: "retryPostponed",
    patch: nothing,
    breaks: Laws.noHang
  },
  {
    name: "no wait-for graph",
    of: Desk,
    method: "closesCircle",
    patch: () => () => false,
    breaks: Laws.noHang
  },
  {
    name: "the graph sees only who waits for a job, not who joined one",
    of: Desk,
    method: "watch",
    patch: () =>
      function (
        this: { setTimer: (enquiry: unknown) => void },
        { enquiry }: { enquiry?: { stage: string } }
      ) {
        if (enquiry?.stage === "accepted") this.setTimer(enquiry)
      } as Patch,
    breaks: Laws.noHang
  },
  {
    name: "the graph is not cleared when an ask ends",
    of: Desk,
    method: "end",
    patch: (original) =>
      function (this: object, enquiry: { run?: { asks: Set<unknown> } }) {
        original.call(this, enquiry)
        enquiry.run?.asks.add(enquiry)
      } as Patch,
    breaks: Laws.trueCircles
  },
  {
    name: "an asker that is gone leaves its request in the mailbox",
    of: Desk,
    method: "withdraw",
    patch: nothing,
    breaks: Laws.goneIsGone
  },
  {
    name: "a deadline is not cancelled by the answer",
    of: Desk,
    method: "end",
    patch: () =>
      function (this: unknown, enquiry: { stage: string }) {
        enquiry.stage = "ended"
      } as Patch,
    breaks: Laws.nothingOwed
  },
  {
    name: "accepted calls have no deadline",
    of: Desk,
    method: "watch",
    patch: nothing,
    breaks: Laws.deadlinesKept
  },
  {
    name: "postponed and accepted calls are overdue at once",
    of: Desk,
    method: "setTimer",
    patch: () =>
      function (this: { expire: (enquiry: unknown) => void }, enquiry: unknown) {
        this.expire(enquiry)
      } as Patch,
    breaks: Laws.deadlinesKept
  },
  {
    name: "a crash answers nobody",
    of: Desk,
    method: "refuseAll",
    patch: nothing,
    breaks: Laws.oneCrash
  },
  {
    name: "a crash leaves the request of the unfinished turn unanswered",
    of: Desk,
    method: "refuseAll",
    patch: (original) =>
      function (this: object, error: unknown) {
        original.call(this, error)
      } as Patch,
    breaks: Laws.oneCrash
  },
  {
    name: "a crash leaves scripts running",
    of: RunningScripts,
    method: "interruptAll",
    patch: nothing,
    breaks: Laws.oneCrash
  },
  {
    name: "a defect of a script is swallowed",
    of: RunningScripts,
    method: "heard",
    patch: (original) =>
      function (this: object, slot: unknown, exit: { readonly _tag: string }) {
        if (exit._tag === "Success") original.call(this, slot, exit)
      } as Patch,
    breaks: Laws.oneCrash
  },
  {
    name: "control comes strictly first: a flood of it starves the rest",
    of: Mailbox,
    method: "take",
    patch: () =>
      function (this: { drainOne: unknown } & Record<string, { take: () => unknown } | undefined>) {
        return this["control"]?.take() ?? this["events"]?.take() ?? this["user"]?.take()
      } as Patch,
    breaks: Laws.noStarvation
  },
  {
    name: "a request is taken again after it was taken",
    of: Desk,
    method: "accept",
    patch: (original) =>
      function (this: { mailbox: Mailbox<unknown> }, envelope: { lane: "user"; again?: boolean }) {
        original.call(this, envelope)
        if (envelope.again === true) return
        envelope.again = true
        this.mailbox.push(envelope.lane, envelope)
      } as Patch,
    breaks: Laws.oneFate
  },
  {
    name: "refused turns are recorded as taken, with a new version",
    of: Actor,
    method: "note",
    patch: (original) =>
      function (this: { version: number }, outcome: string, part: unknown) {
        if (outcome === "refused") this.version++
        original.call(this, outcome, part)
      } as Patch,
    breaks: Laws.truthfulRecords
  },
  {
    name: "settled does not wait",
    of: RunningScripts,
    method: "reserve",
    patch: (original) =>
      function (this: { settled: unknown }, ...args: unknown[]) {
        this.settled = Effect.void
        original.apply(this, args)
      } as Patch,
    breaks: Laws.nothingOwed
  }
]

test.each(mutants)("caught: $name", ({ of, method, patch, breaks }) => {
  const prototype = of.prototype as Record<string, (...args: unknown[]) => unknown>
  const original = prototype[method]
  if (original === undefined) throw new Error(`the mutant's method exists: ${method}`)
  prototype[method] = patch(original) as (...args: unknown[]) => unknown
  try {
    const { failed, numRuns } = fc.check(breaks().property, { numRuns: 4000 })
    expect(failed, `after ${numRuns} runs`).toBe(true)
  } finally {
    prototype[method] = original
  }
})
