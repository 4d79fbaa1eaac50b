/**
 * A toy actor that uses everything the kernel promises: jobs that wait for time and for other
 * actors, requests that are postponed, joined, refused or always admitted, facts with epochs, and
 * defects. It watches its own laws from inside and notes each one that is broken.
 */
import type * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { answered, failed, type Request, type RequestMessage } from "../../../src/base/protocol.ts"
import { Actor } from "../../../src/kernel/actor.ts"
import type { Decision } from "../../../src/kernel/behaviour.ts"
import type { ActorCrashed, AskCycle, KernelError } from "../../../src/kernel/error.ts"
import type { Kernel } from "../../../src/kernel/kernel.ts"
import type { Self } from "../../../src/kernel/script.ts"

export class JobKilled extends Data.TaggedError("JobKilled")<{ readonly job: number }> {}

/** What a job does, one step after the other. */
export type Step =
  | { readonly kind: "sleep"; readonly ms: number }
  | { readonly kind: "read" | "join"; readonly actor: number }
  | { readonly kind: "work"; readonly actor: number; readonly plan: Plan }
  /** A fact of this job's epoch sets out and arrives later, perhaps after its epoch. */
  | { readonly kind: "tick"; readonly afterMs: number }
  | { readonly kind: "die" }
export type Plan = readonly Step[]

export type ToyProtocol = {
  readonly read: Request<object, number>
  readonly work: Request<{ readonly plan: Plan }, number, JobKilled>
  /** Waits for the job that runs. */
  readonly join: Request<object, number, JobKilled>
  /** Takes the place of the job that runs, in one turn. */
  readonly redo: Request<{ readonly plan: Plan }, number, JobKilled>
  /** Admitted always, answered when the job's resources are given back. */
  readonly kill: Request
  /** A defect of the decider. */
  readonly boom: Request
}

export type ToyFact =
  | { readonly type: "done"; readonly job: number; readonly epoch?: undefined }
  | { readonly type: "cleaned"; readonly epoch?: undefined }
  | { readonly type: "tick"; readonly epoch: string }

type Message = RequestMessage<ToyProtocol> | ToyFact

export interface ToyState {
  readonly name: "idle" | "busy" | "cleaning"
  /** Counts jobs; the running one while busy. */
  readonly job: number
  readonly waiting: readonly number[]
  readonly killers: readonly number[]
  readonly ticks: number
}

export interface Troupe {
  readonly toys: readonly Toy[]
  /** Laws that were broken, in words. */
  readonly violations: string[]
  /** How the asks of scripts ended: `ok`, the tag of the error, or `interrupted`. */
  readonly asked: string[]
  readonly pending: Pending[]
  readonly circles: AskCycle[]
  /** Grows with every ask that begins or ends. */
  instant: number
}

/** An ask of a script, from before it was sent until after it ended. */
export interface Pending {
  readonly from: string
  readonly to: string
  readonly sinceInstant: number
  untilInstant: number
}

export const errorOf = (exit: Exit.Exit<unknown, unknown>): unknown => {
  const reason = Exit.isFailure(exit) ? exit.cause.reasons[0] : undefined
  return reason?._tag === "Fail" ? reason.error : undefined
}

export const endOf = (exit: Exit.Exit<unknown, unknown>): string => {
  if (Exit.isSuccess(exit)) return "ok"
  const error = errorOf(exit)
  return error === undefined
    ? "interrupted"
    : ((error as { readonly _tag?: string })._tag ?? "unknown")
}

export const idleToy: ToyState = { name: "idle", job: 0, waiting: [], killers: [], ticks: 0 }
const epochOfJob = (job: number) => `e${job}`
const reply = (calls: readonly number[], answer = answered()) => ({
  type: "reply",
  params: { calls, answer }
})

const stopJob = { type: "stop", params: { script: "job" } }

const request = (state: ToyState, message: RequestMessage<ToyProtocol>): Decision<ToyState> => {
  switch (message.type) {
    case "read":
      return { next: state, actions: [reply([message.call], answered(state.job))] }
    case "boom":
      throw new Error("boom")
    case "work": {
      if (state.name !== "idle") return { next: state, actions: [{ type: "postpone" }] }
      const job = state.job + 1
      const params = { job, plan: message.plan }
      const next: ToyState = { ...state, name: "busy", job, waiting: [message.call] }
      return { next, actions: [{ type: "job", params }] }
    }
    case "redo": {
      if (state.name === "cleaning") return { next: state, actions: [{ type: "postpone" }] }
      const job = state.job + 1
      const killed = reply(state.waiting, failed(new JobKilled({ job: state.job })))
      const next: ToyState = { ...state, name: "busy", job, waiting: [message.call] }
      return {
        next,
        actions: [stopJob, { type: "job", params: { job, plan: message.plan } }, killed]
      }
    }
    case "join":
      if (state.name === "idle") return { next: state, actions: [] }
      if (state.name === "cleaning") return { next: state, actions: [{ type: "postpone" }] }
      return { next: { ...state, waiting: [...state.waiting, message.call] }, actions: [] }
    default: {
      if (state.name === "idle") return { next: state, actions: [reply([message.call])] }
      const next: ToyState = { ...state, killers: [...state.killers, message.call] }
      if (state.name === "cleaning") return { next, actions: [] }
      const killed = reply(state.waiting, failed(new JobKilled({ job: state.job })))
      return {
        next: { ...next, name: "cleaning", waiting: [] },
        actions: [killed, { type: "clean" }, stopJob]
      }
    }
  }
}

/** The decider. `violate` is told what a fence should have kept out. */
export const toyDecide =
  (violate: (what: string) => void) =>
  (state: ToyState, message: Message): Decision<ToyState> => {
    switch (message.type) {
      case "done":
        if (state.name !== "busy" || state.job !== message.job) {
          violate(`the word of job ${message.job} came while ${state.name} ${state.job}`)
          return { next: state, actions: [] }
        }
        return {
          next: { ...state, name: "idle", waiting: [] },
          actions: [reply(state.waiting, answered(state.job))]
        }
      case "cleaned":
        if (state.name !== "cleaning") violate(`a clean-up ended while ${state.name}`)
        return { next: { ...state, name: "idle", killers: [] }, actions: [reply(state.killers)] }
      case "tick":
        if (message.epoch !== epochOfJob(state.job) || state.name !== "busy")
          violate(`a fact of ${message.epoch} came while ${state.name} ${state.job}`)
        return { next: { ...state, ticks: state.ticks + 1 }, actions: [] }
      default:
        return request(state, message)
    }
  }

export class Toy {
  readonly actor: Actor<ToyState, ToyProtocol, ToyFact>
  /** How many jobs hold the toy's resource: more than one breaks stop-then-settled. */
  private held = 0
  private readonly world: Troupe
  private readonly index: number

  constructor(
    world: Troupe,
    options: {
      readonly index: number
      readonly kernel: Kernel
      readonly context: Context.Context<never>
      readonly onCrash?: (defect: ActorCrashed) => void
      readonly decide?: ReturnType<typeof toyDecide>
    }
  ) {
    this.world = world
    this.index = options.index
    const violate = (what: string) => void world.violations.push(`toy ${this.index}: ${what}`)
    this.actor = new Actor<ToyState, ToyProtocol, ToyFact>(
      {
        name: `toy${options.index}`,
        initial: { next: idleToy, actions: [] },
        decide: options.decide ?? toyDecide(violate),
        describe: (state) => state.name,
        epochOf: (state) => (state.name === "busy" ? epochOfJob(state.job) : undefined),
        scripts: {
          job: (
            { job, plan }: { readonly job: number; readonly plan: Plan },
            self: Self<Message>
          ) => this.job(job, plan, self),
          clean: (_params: undefined, self: Self<Message>) => this.clean(self, violate)
        },
        ...(options.onCrash === undefined ? {} : { onCrash: options.onCrash })
      },
      options.kernel,
      options.context
    )
  }

  private job(job: number, plan: Plan, self: Self<Message>): Effect.Effect<Message> {
    const acquire = Effect.sync(() => {
      if (++this.held > 1) this.world.violations.push(`toy ${this.index}: two jobs hold it`)
    })
    // Giving back takes time, as a kill of a process does.
    const release = Effect.andThen(
      Effect.sleep(3),
      Effect.sync(() => void this.held--)
    )
    const steps = Effect.forEach(plan, (step) => this.step(step, epochOfJob(job)), {
      discard: true
    })
    return Effect.andThen(
      self.settled,
      Effect.acquireUseRelease(
        acquire,
        () => steps,
        () => release
      )
    ).pipe(Effect.as({ type: "done" as const, job }))
  }

  private clean(self: Self<Message>, violate: (what: string) => void): Effect.Effect<Message> {
    return Effect.andThen(
      self.settled,
      Effect.sync((): Message => {
        if (this.held > 0) violate("clean-up began before the job had given back")
        return { type: "cleaned" }
      })
    )
  }

  private step(step: Step, epoch: string): Effect.Effect<unknown> {
    switch (step.kind) {
      case "sleep":
        return Effect.sleep(step.ms)
      case "die":
        return Effect.die(new Error("a script died"))
      case "tick":
        return Effect.sleep(step.afterMs).pipe(
          Effect.andThen(Effect.sync(() => this.actor.offer({ type: "tick", epoch }))),
          Effect.forkDetach
        )
      default:
        return Effect.suspend(() => {
          const { world } = this
          const to = `toy${step.actor % world.toys.length}.${step.kind}`
          const from = `toy${this.index}/job`
          const pending = { from, to, sinceInstant: world.instant++, untilInstant: Infinity }
          world.pending.push(pending)
          const noted = (exit: Exit.Exit<unknown, unknown>) => {
            pending.untilInstant = world.instant++
            world.asked.push(endOf(exit))
            if (endOf(exit) === "AskCycle") world.circles.push(errorOf(exit) as AskCycle)
          }
          return Effect.exit(
            Effect.onExit(this.ask(step), (exit) => Effect.sync(() => noted(exit)))
          )
        })
    }
  }

  private ask(
    step: Extract<Step, { kind: "read" | "join" | "work" }>
  ): Effect.Effect<number, JobKilled | KernelError> {
    const other = this.world.toys[step.actor % this.world.toys.length]
    if (other === undefined) return Effect.die(new Error("a step names a toy that exists"))
    if (step.kind === "work") return other.actor.ask("work", { plan: step.plan })
    return other.actor.ask(step.kind, {})
  }
}
