/**
 * The supervisor of one engine: its phases model startup and shutdown against the calls of clients,
 * which hold a lease while they work. Owns its children's lives, not their state.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { type DriverFact, type DriverProtocol, driverMachine } from "../../machines/driver.ts"
import { Actor } from "../../src/kernel/actor.ts"
import { type Call, CurrentCall } from "../../src/kernel/call.ts"
import type { KernelError } from "../../src/kernel/error.ts"
import { Kernel } from "../../src/kernel/kernel.ts"
import type { Dispatcher } from "../../src/kernel/dispatcher.ts"
import { initialStep, stateName, step } from "../../src/kernel/statechart.ts"
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

/** Problems that are kept; the older are dropped, for nobody reads ten thousand. */
const problemsMax = 1_000

interface Life {
  parts: Parts | undefined
  scope: Scope.Closeable | undefined
  problems: readonly Problem[]
  readonly working: Map<number, Fiber.Fiber<unknown, unknown>>
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
    Effect.catch((error) =>
      Effect.as(life.scope === undefined ? Effect.void : Scope.close(life.scope, Exit.void), {
        type: "openFailed",
        error
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
  const services = yield* Effect.context<HostServices>()
  const kernel = new Kernel(options.dispatcher, services as Context.Context<never>)
  const life: Life = { parts: undefined, scope: undefined, problems: [], working: new Map() }
  const interruptLeases = ({ leases }: { readonly leases: readonly number[] }) =>
    Effect.sync(() => {
      for (const lease of leases) life.working.get(lease)?.interruptUnsafe()
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
  const driver: Driver = {
    kernel,
    phase,
    parts: () => life.parts,
    problems: () => life.problems,
    open: actor.ask("open", {}),
    call: (call, work) => withLease({ actor, life }, call, work),
    close: ({ stopsGuests = false } = {}) =>
      Effect.andThen(
        actor.ask("close", { stopsGuests }, "control"),
        Effect.andThen(
          actor.stop(),
          Effect.sync(() => kernel.close())
        )
      )
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
  const enter = Effect.gen(function* () {
    const sinceMs = Number(yield* Clock.monotonicTimeNanos) / 1e6
    const { procedure, caller } = call
    return yield* actor.ask("enter", { procedure, connection: caller.connection, sinceMs })
  })
  const leave = (lease: number) =>
    Effect.sync(() => {
      life.working.delete(lease)
      actor.tell({ type: "leave", lease })
    })
  const body = (lease: number) =>
    Effect.withFiber<A, E, R>((fiber) => {
      // A drain that is overdue interrupts this very fiber.
      life.working.set(lease, fiber)
      const { parts } = life
      return parts === undefined ? Effect.interrupt : work(parts)
    })
  return Effect.acquireUseRelease(enter, body, leave).pipe(Effect.provideService(CurrentCall, call))
}
