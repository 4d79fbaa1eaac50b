/**
 * An actor: a state, a mailbox, a decider and running scripts. No fiber exists while it is idle and
 * none for a turn. A turn decides, publishes and acts, in this order and without giving way; all
 * waiting is in scripts. Nothing outside ever touches the state; readers take what is published.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { assert } from "../base/assert.ts"
import type { FailureOf, FieldsOf, Protocol, ReplyOf, RequestMessage } from "../base/protocol.ts"
import {
  type Action,
  type Behaviour,
  type Decision,
  type Fact,
  scriptKey,
  type Word
} from "./behaviour.ts"
import { type Call, CurrentCall } from "./call.ts"
import { Desk, type Envelope, type Enquiry } from "./desk.ts"
import { ActorCrashed, ActorStopped, type KernelError } from "./error.ts"
import type { Outcome } from "./inspection.ts"
import type { Kernel } from "./kernel.ts"
import { eventsLengthMax, mailboxLengthMax } from "./limits.ts"
import { CurrentRun, type Run, type Self, type Slot } from "./script.ts"

export class Actor<S, P = Protocol, F extends Fact = Fact, R = never> {
  readonly name: string
  private readonly behaviour: Behaviour<S, P, F, R>
  /** For the actor's own desk and scripts. */
  readonly kernel: Kernel
  private readonly context: Context.Context<R>
  private readonly desk: Desk<RequestMessage<P> | F>
  // Made when first needed: most actors are idle, and each of these costs as much as the rest.
  private slots: Map<string, Slot> | undefined
  /** Interrupted and still giving back. */
  private endings: Set<Fiber.Fiber<unknown, unknown>> | undefined
  private hands: Self<RequestMessage<P> | F> | undefined
  private serve: (() => void) | undefined
  private state: S
  private status: "running" | "crashed" | "stopped" = "running"
  private isScheduled = false
  /** The immutable snapshot that readers take without a message. */
  published: S
  version = 0

  constructor(behaviour: Behaviour<S, P, F, R>, kernel: Kernel, context: Context.Context<R>) {
    this.name = behaviour.name
    this.behaviour = behaviour
    this.kernel = kernel
    this.context = context
    this.desk = new Desk(this)
    this.state = this.published = behaviour.initial.next
    this.act(behaviour.initial.actions, undefined)
  }

  /** A fact for the control lane: never refused. */
  tell(fact: RequestMessage<P> | F): void {
    if (this.status === "stopped") return
    this.desk.put("control", { message: fact, cause: "tell" })
    this.kick()
  }

  /** A fact that may come in floods: `false` when the lane is full, and then it was not taken. */
  offer(fact: F): boolean {
    if (this.desk.mailbox.length("events") >= eventsLengthMax) return false
    if (this.status === "stopped") return true
    this.desk.put("events", { message: fact, cause: "tell" })
    this.kick()
    return true
  }

  /** Calls `resume` once, when at most half of the events lane is taken. */
  whenRoom(resume: () => void): void {
    this.desk.whenRoom(resume)
  }

  /**
   * Sends a request and waits for its one answer. Interrupting the asker drops the request while it
   * is queued; once accepted the work goes on and nobody listens.
   */
  ask<T extends keyof P & string>(
    type: T,
    fields: FieldsOf<P, T>,
    lane: "control" | "user" = "user"
  ): Effect.Effect<ReplyOf<P, T>, FailureOf<P, T> | KernelError> {
    type Reply = Effect.Effect<ReplyOf<P, T>, FailureOf<P, T> | KernelError>
    return Effect.withFiber((fiber) => {
      const call = fiber.getRef(CurrentCall)
      const run = fiber.getRef(CurrentRun)
      return Effect.callback((resume) => {
        const message = { ...fields, type, call: this.kernel.number() } as RequestMessage<P>
        const answer = (effect: Effect.Effect<unknown, unknown>) => resume(effect as Reply)
        const enquiry = this.submit(message, { call, run, lane, answer })
        return enquiry === undefined ? undefined : Effect.sync(() => this.desk.withdraw(enquiry))
      })
    })
  }

  /** For the desk: the state's name as it stands. */
  describe(): string {
    return this.behaviour.describe(this.state)
  }

  /** For the desk: the scripts that run. */
  runs(): readonly Run[] {
    return [...(this.slots?.values() ?? [])].map((slot) => slot.run)
  }

  get lengthMax(): number {
    return this.behaviour.mailboxLengthMax ?? mailboxLengthMax
  }

  /** Scripts that were interrupted have ended, with everything they had to give back. */
  get settled(): Effect.Effect<void> {
    return Effect.suspend(() =>
      Effect.forEach([...(this.endings ?? [])], (fiber) => Fiber.await(fiber), { discard: true })
    )
  }

  /** True when nothing runs, waits or is owed: what tests call quiescent. */
  get isIdle(): boolean {
    return (this.slots?.size ?? 0) === 0 && (this.endings?.size ?? 0) === 0 && this.desk.isIdle
  }

  /** Ends the actor: every call gets `ActorStopped`, scripts are interrupted and awaited. */
  stop(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.status = "stopped"
      this.interruptAll()
      this.desk.refuseAll(() => new ActorStopped({ actor: this.name }))
      return this.settled
    })
  }

  /** Makes a crashed actor run again from `initial`; what is still queued is kept. */
  restart(initial: Decision<S>): void {
    assert(this.status === "crashed", "only a crashed actor is restarted")
    this.status = "running"
    this.commit(initial.next)
    this.act(initial.actions, undefined)
    this.kick()
  }

  private submit(
    message: RequestMessage<P>,
    from: {
      readonly call: Call
      readonly run: Run | undefined
      readonly lane: "control" | "user"
      readonly answer: (effect: Effect.Effect<unknown, unknown>) => void
    }
  ): Enquiry | undefined {
    if (this.status === "stopped") {
      from.answer(Effect.fail(new ActorStopped({ actor: this.name })))
      return undefined
    }
    const enquiry = this.desk.receive(message, message.call, from)
    if (enquiry !== undefined) this.kick()
    return enquiry
  }

  private kick(): void {
    if (this.isScheduled || this.status !== "running" || this.desk.mailbox.isEmpty) return
    this.isScheduled = true
    this.serve ??= () => this.serveOne()
    this.kernel.dispatcher.schedule(this.name, this.serve)
  }

  private serveOne(): void {
    this.isScheduled = false
    if (this.status !== "running") return
    const envelope = this.desk.take()
    if (envelope !== undefined) this.turn(envelope)
    this.kick()
  }

  private turn(envelope: Envelope<RequestMessage<P> | F>): void {
    const before = this.state
    if (this.isStale(envelope)) return this.record(envelope, before, "stale")
    const run = envelope.run
    if (run !== undefined) this.slots?.delete(run.script)
    const decided = this.attempt(() => this.behaviour.decide(before, envelope.message))
    if (decided === undefined) return this.record(envelope, before, "crashed")
    const { next, actions } = decided
    if (actions.some((action) => action.type === "postpone")) {
      assert(actions.length === 1 && next === before, "a postponed message changes nothing")
      this.desk.postpone(envelope)
      return this.record(envelope, before, "postponed")
    }
    if (next === before && actions.length === 0) {
      this.desk.deny(envelope, this.behaviour.because?.(before, envelope.message))
      return this.record(envelope, before, "refused")
    }
    this.desk.accept(envelope)
    if (next !== before) this.commit(next)
    if (this.attempt(() => this.act(actions, envelope) ?? true) === undefined)
      return this.record(envelope, before, "crashed")
    this.desk.watchDeadline(envelope)
    this.record(envelope, before, "taken", actions)
    if (this.desk.hasPostponed && this.hasMoved(before)) this.desk.retryPostponed()
  }

  private get running(): Map<string, Slot> {
    this.slots ??= new Map()
    return this.slots
  }

  private get ending(): Set<Fiber.Fiber<unknown, unknown>> {
    this.endings ??= new Set()
    return this.endings
  }

  private get self(): Self<RequestMessage<P> | F> {
    this.hands ??= {
      name: this.name,
      tell: (fact) => this.tell(fact),
      settled: this.settled,
      offer: (fact) => this.offer(fact as F),
      whenRoom: (resume) => this.whenRoom(resume)
    }
    return this.hands
  }

  private hasMoved(before: S): boolean {
    return (
      before !== this.state &&
      this.behaviour.describe(before) !== this.behaviour.describe(this.state)
    )
  }

  private commit(next: S): void {
    this.state = next
    this.published = next
    this.version++
  }

  /** A word of a script that was stopped, or a fact of an epoch that is over. */
  private isStale(envelope: Envelope<RequestMessage<P> | F>): boolean {
    const { message, run } = envelope
    if (run !== undefined) return this.slots?.get(run.script)?.run !== run
    if (this.behaviour.epochOf === undefined || envelope.enquiry !== undefined) return false
    const { epoch } = message as Fact
    return epoch !== undefined && epoch !== this.behaviour.epochOf(this.state)
  }

  /** Stops first: what the new state starts must not meet what the old one leaves. Replies last. */
  private act(
    actions: readonly Action[],
    envelope: Envelope<RequestMessage<P> | F> | undefined
  ): void {
    const words = actions as readonly Word[]
    for (const word of words) if (word.type === "stop") this.interrupt(word.params.script)
    for (const action of actions)
      if (action.type !== "stop" && action.type !== "reply" && action.type !== "emit")
        this.start(action, envelope)
    for (const word of words) if (word.type === "emit") this.behaviour.onEmit?.(word.params.event)
    for (const word of words)
      if (word.type === "reply") this.desk.answer(word.params.calls, word.params.answer)
  }

  private start(action: Action, envelope: Envelope<RequestMessage<P> | F> | undefined): void {
    const script = this.behaviour.scripts[action.type]
    assert(script !== undefined, `the chart names a script that exists: ${action.type}`)
    const key = scriptKey(action)
    assert(!this.running.has(key), `one run of a script at a time: ${key}`)
    const run: Run = {
      actor: this.name,
      script: key,
      number: this.kernel.number(),
      serves: this.desk.servedBy(envelope),
      asks: new Set()
    }
    const slot: Slot = { run, fiber: undefined }
    this.running.set(key, slot)
    const body = Effect.suspend(() => script(action.params as never, this.self))
    const call = envelope?.enquiry?.call
    const base = Context.add(this.context, CurrentRun, run)
    const context = call === undefined ? base : Context.add(base, CurrentCall, call)
    slot.fiber = Effect.runForkWith(context as Context.Context<R>)(body)
    slot.fiber.addObserver((exit) =>
      this.heard(slot, exit as Exit.Exit<RequestMessage<P> | F | void>)
    )
  }

  /** A script ended: its last word joins the control lane; its failure is a defect of the actor. */
  private heard(slot: Slot, exit: Exit.Exit<RequestMessage<P> | F | void>): void {
    const { run } = slot
    if (this.slots?.get(run.script) !== slot) return
    if (Exit.isFailure(exit)) return this.crash(exit.cause)
    if (exit.value === undefined) {
      this.slots?.delete(run.script)
      return
    }
    this.desk.put("control", { message: exit.value, run, cause: run.script })
    this.kick()
  }

  private interrupt(script: string): void {
    const slot = this.slots?.get(script)
    if (slot === undefined) return
    this.slots?.delete(script)
    const { fiber } = slot
    assert(fiber !== undefined, "a script is not stopped by the turn that starts it")
    if (fiber.pollUnsafe() !== undefined) return
    this.ending.add(fiber)
    fiber.addObserver(() => this.endings?.delete(fiber))
    fiber.interruptUnsafe()
  }

  private interruptAll(): void {
    for (const script of [...(this.slots?.keys() ?? [])]) this.interrupt(script)
  }

  private attempt<A>(deed: () => A): A | undefined {
    try {
      return deed()
    } catch (defect) {
      this.crash(defect)
      return undefined
    }
  }

  /** A defect: this actor ends here; its supervisor decides what becomes of it. */
  private crash(defect: unknown): void {
    if (this.status !== "running") return
    this.status = "crashed"
    this.interruptAll()
    const crashed = new ActorCrashed({ actor: this.name, defect: String(defect) })
    this.desk.refuseAll(() => crashed)
    this.behaviour.onCrash?.(crashed)
  }

  private record(
    envelope: Envelope<RequestMessage<P> | F>,
    before: S,
    outcome: Outcome,
    actions: readonly Action[] = []
  ): void {
    const { kernel, behaviour, name, version, state } = this
    const serial = kernel.inspection.serial()
    const atMs = kernel.timers.nowMs()
    kernel.inspection.publish(() => ({
      serial,
      atMs,
      actor: name,
      message: envelope.message.type,
      lane: envelope.lane,
      outcome,
      from: behaviour.describe(before),
      to: behaviour.describe(state),
      actions: actions.map((action) => action.type),
      version,
      call: envelope.enquiry?.number,
      procedure: envelope.enquiry?.call.procedure,
      cause: envelope.cause
    }))
  }
}
