/**
 * The supervisor of one engine: its phases model startup and shutdown against the calls of clients,
 * which hold a lease while they work. Owns its children's lives, not their state.
 */
import * as Context from "effect/Context"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import {
  drainDeadlineMs,
  type DriverFact,
  type DriverProtocol,
  driverMachine
} from "../../machines/driver.ts"
import { Actor } from "../../src/kernel/actor.ts"
import { type Call, CurrentCall, makeCall } from "../../src/kernel/call.ts"
import { type KernelError, RequestDenied } from "../../src/kernel/error.ts"
import { Kernel } from "../../src/kernel/kernel.ts"
import type { Dispatcher } from "../../src/kernel/dispatcher.ts"
import { initialStep, stateName, step } from "../../src/kernel/statechart.ts"
import { withoutCaller } from "../../src/kernel/script.ts"
import { boot, type BootOptions } from "./boot.ts"
import type { HostServices, Parts, Problem } from "./parts.ts"
import { shutDown } from "./shut-down.ts"

export interface DriverOptions extends BootOptions {
  readonly dispatcher: Dispatcher
}

export interface Driver {
  readonly kernel: Kernel
  /** `stopped`, `starting`, `running`, `draining`, `stopping`, `failed`. Read without waiting. */
  readonly phase: () => string
  /**
   * The children, while there are any. Reads of published state go through here, without a lease.
   */
  readonly parts: () => Parts | undefined
  /** What went wrong without a call to tell it to, oldest first. */
  readonly problems: () => readonly Problem[]
  /** Brings the engine up: fails with why it cannot, and has then given everything back. */
  readonly open: Effect.Effect<void, unknown>
  /** Runs an API call within a lease, its envelope inherited by everything that it asks. */
  readonly call: <A, E, R>(
    call: Call,
    work: (parts: Parts) => Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | KernelError, R>
  /** Drains, ends the children, gives the root back. Guests go on, unless told otherwise. */
  readonly close: (options?: { readonly stopsGuests?: boolean }) => Effect.Effect<void, unknown>
}

/** A drain, then the guests that are to end, each with its grace; both have bounds of their own. */
const closeBoundMs = drainDeadlineMs + 60_000

/** Problems that are kept; the older are dropped, for nobody reads ten thousand. */
const problemsMax = 1_000

interface Life {
  parts: Parts | undefined
  scope: Scope.Closeable | undefined
  problems: readonly Problem[]
  /** By lease: how a drain that is overdue ends the call. */
  readonly working: Map<number, Deferred.Deferred<never, RequestDenied>>
}

const bootScript = (life: Life, kernel: Kernel, options: DriverOptions) => () =>
  Effect.gen(function* () {
    const scope = Scope.makeUnsafe()
    life.scope = scope
    const note = (problem: Problem) => {
      life.problems = [...life.problems.slice(1 - problemsMax), problem]
    }
    life.parts = yield* boot(kernel, options, note).pipe(Scope.provide(scope))
    return { type: "opened" } as DriverFact
  }).pipe(
    // Defects too: whatever ends a start gives the root back.
    Effect.catchCause((cause) =>
      Effect.as(life.scope === undefined ? Effect.void : Scope.close(life.scope, Exit.void), {
        type: "openFailed",
        error: Cause.squash(cause)
      } as DriverFact)
    )
  )

const endScript =
  (life: Life) =>
  ({ stopsGuests }: { readonly stopsGuests: boolean }) =>
    Effect.gen(function* () {
      if (life.parts !== undefined) yield* shutDown(life.parts, stopsGuests)
      life.parts = undefined
      if (life.scope !== undefined) yield* Scope.close(life.scope, Exit.void)
      life.scope = undefined
      return { type: "ended" } as DriverFact
    })

type State = ReturnType<typeof initial>["next"]
const initial = () => initialStep(driverMachine)

/** An engine that has not been opened. */
export const makeDriver = Effect.fnUntraced(function* (options: DriverOptions) {
  const services = withoutCaller(yield* Effect.context<HostServices>())
  const kernel = new Kernel(options.dispatcher, services as Context.Context<never>)
  const life: Life = { parts: undefined, scope: undefined, problems: [], working: new Map() }
  const interruptLeases = ({ leases }: { readonly leases: readonly number[] }) =>
    Effect.sync(() => {
      for (const lease of leases) {
        const request = actor.published.context.leases[lease]?.procedure ?? "call"
        const ended = life.working.get(lease)
        const because = "the engine ended before the call did"
        const error = new RequestDenied({ actor: "driver", request, state: phase(), because })
        if (ended !== undefined) Deferred.doneUnsafe(ended, Effect.fail(error))
      }
    })
  const deadline = ({ ms }: { readonly ms: number }) =>
    Effect.as(Effect.sleep(ms), { type: "overdue" } as DriverFact)
  const actor = new Actor<State, DriverProtocol, DriverFact, HostServices>(
    {
      name: "driver",
      initial: initial(),
      decide: step(driverMachine),
      describe: (state) => stateName(state.value),
      because: (state) =>
        state.matches("running") ? undefined : `the engine is ${stateName(state.value)}`,
      scripts: {
        boot: bootScript(life, kernel, options),
        deadline,
        interruptLeases,
        endChildren: endScript(life)
      }
    },
    kernel,
    services
  )
  const phase = () => stateName(actor.published.value)
  kernel.onUnsupervised = (crashed) => {
    life.problems = [...life.problems, { what: crashed.actor, why: crashed.defect }]
    if (crashed.actor !== "driver") actor.tell({ type: "childFailed", error: crashed })
  }
  const driver: Driver = {
    kernel,
    phase,
    parts: () => life.parts,
    problems: () => life.problems,
    open: actor.ask("open", {}),
    call: (call, work) => withLease({ actor, life }, call, work),
    close: ({ stopsGuests = false } = {}) =>
      Effect.gen(function* () {
        const deadlineMs = kernel.timers.nowMs() + closeBoundMs
        const call = makeCall("driver.close", { deadlineMs })
        yield* Effect.provideService(
          actor.ask("close", { stopsGuests }, "control"),
          CurrentCall,
          call
        )
        yield* actor.stop()
        kernel.close()
      })
  }
  return driver
})

interface Leaser {
  readonly actor: Actor<State, DriverProtocol, DriverFact, HostServices>
  readonly life: Life
}

const withLease = <A, E, R>(
  { actor, life }: Leaser,
  call: Call,
  work: (parts: Parts) => Effect.Effect<A, E, R>
): Effect.Effect<A, E | KernelError, R> => {
  const begin = Effect.suspend(() => {
    const { kernel } = actor
    const lease = kernel.number()
    const ended = Deferred.makeUnsafe<never, RequestDenied>()
    life.working.set(lease, ended)
    const { procedure, caller } = call
    const sinceMs = kernel.timers.nowMs()
    const enter = actor.ask("enter", { lease, procedure, connection: caller.connection, sinceMs })
    const body = Effect.suspend(() =>
      life.parts === undefined ? Effect.interrupt : work(life.parts)
    )
    // Not `acquireUseRelease`: while the engine starts, entering waits and may be interrupted.
    return Effect.ensuring(
      Effect.andThen(enter, Effect.raceFirst(body, Deferred.await(ended))),
      Effect.sync(() => {
        life.working.delete(lease)
        actor.tell({ type: "leave", lease })
      })
    )
  })
  return Effect.provideService(begin, CurrentCall, call)
}
