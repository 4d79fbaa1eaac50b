/**
 * An actor: a state, a mailbox, a decider and running scripts. No fiber exists while it is idle and
 * none for a turn. A turn decides, publishes and acts, in this order and without giving way; all
 * waiting is in scripts. Nothing outside ever touches the state; readers take what is published.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { assert } from "../base/assert.ts"
import type { FailureOf, FieldsOf, Protocol, ReplyOf, RequestMessage } from "../base/protocol.ts"
import {
  type Action,
  answersOf,
  type Behaviour,
  type Decision,
  type Fact,
  scriptKey,
  type Word
} from "./behaviour.ts"
import { type Call, CurrentCall } from "./call.ts"
import { callOf, Desk, type Envelope, type Enquiry } from "./desk.ts"
import { ActorCrashed, ActorStopped, describeDefect, type KernelError } from "./error.ts"
import type { InspectionRecord, Outcome } from "./inspection.ts"
import type { Kernel } from "./kernel.ts"
import { eventsLengthMax, mailboxLengthMax, movesMax } from "./limits.ts"
import type { CrashSite, Note } from "./note.ts"
import { CurrentRun, type Run, type Self, senderOf } from "./script.ts"
import { RunningScripts } from "./scripts.ts"

export class Actor<S, P = Protocol, F extends Fact = Fact, R = never> {
  readonly name: string
  private readonly behaviour: Behaviour<S, P, F, R>
  /** For the actor's own desk and scripts. */
  readonly kernel: Kernel
  private readonly context: Context.Context<R>
  private readonly desk: Desk<RequestMessage<P> | F>
  // Made when first needed: most actors are idle, and each of these costs as much as the rest.
  private scripts: RunningScripts<RequestMessage<P> | F> | undefined
  private hands: Self<RequestMessage<P> | F> | undefined
  private serve: (() => void) | undefined
  private state: S
  private status: "running" | "crashed" | "stopped" = "running"
  private isScheduled = false
  version = 0

  constructor(behaviour: Behaviour<S, P, F, R>, kernel: Kernel, context: Context.Context<R>) {
    this.name = behaviour.name
    this.behaviour = behaviour
    this.kernel = kernel
    this.context = context
    this.desk = new Desk(this)
    this.state = behaviour.initial.next
    this.act(behaviour.initial.actions, undefined)
    // Not on this stack: a script may name the actor, and whoever makes it has no name for it yet.
    if (this.scripts !== undefined) kernel.dispatcher.schedule(this.name, () => this.begin())
  }

  /** The immutable snapshot that readers take without a message. */
  get published(): S {
    this.kernel.touch?.(this.name, false)
    return this.state
  }

  /** A fact for the control lane: never refused. */
  tell(fact: RequestMessage<P> | F): void {
    if (this.status === "stopped") return
    this.desk.put("control", { message: fact, cause: "tell" })
    this.kick()
  }

  /** A fact that may come in floods: `false` when the lane is full, and then it was not taken. */
  offer(fact: F): boolean {
    this.kernel.touch?.(this.name)
    if (this.desk.mailbox.length("events") >= eventsLengthMax) return false
    if (this.status === "stopped") return true
    this.desk.put("events", { message: fact, cause: "tell" })
    this.kick()
    return true
  }

  /**
   * As `offer`, but the fact is always taken; `false` asks its source to stop reading. For a source
   * that cannot keep what it has read. One lane for all it says, or its words overtake each other.
   */
  push(fact: F): boolean {
    if (this.offer(fact)) return true
    this.desk.put("events", { message: fact, cause: "tell" })
    this.kick()
    return false
  }

  /** Calls `resume` once, when at most half of the events lane is taken; soon, if that is now. */
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
    return this.isServing ? this.behaviour.describe(this.state) : this.status
  }

  /** For the desk: messages are served now, not after a restart or never. */
  get isServing(): boolean {
    return this.status === "running"
  }

  /** For the desk: the scripts that run or give back. */
  runs(): readonly Run[] {
    return this.scripts?.runs ?? []
  }

  get lengthMax(): number {
    return this.behaviour.mailboxLengthMax ?? mailboxLengthMax
  }

  /** Scripts that were interrupted have ended, with everything they had to give back. */
  get settled(): Effect.Effect<void> {
    return Effect.suspend(() => this.scripts?.settled ?? Effect.void)
  }

  /** True when nothing runs, waits or is owed: what tests call quiescent. */
  get isIdle(): boolean {
    this.kernel.touch?.(this.name, false)
    return (this.scripts?.isEmpty ?? true) && this.desk.isIdle
  }

  /** Ends the actor: every call gets `ActorStopped`, scripts are interrupted and awaited. */
  stop(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.kernel.touch?.(this.name)
      if (this.status !== "stopped") {
        this.status = "stopped"
        this.scripts?.interruptAll()
        this.desk.close(() => new ActorStopped({ actor: this.name }))
        this.note("stopped", { message: "stop", cause: "stop" })
      }
      return this.settled
    })
  }

  /**
   * Makes a crashed actor run again from `initial`; what is still queued is kept. Scripts of before
   * may still be giving back: what must not meet them awaits `settled`.
   */
  restart(initial: Decision<S>): void {
    this.kernel.touch?.(this.name)
    assert(this.status === "crashed", "only a crashed actor is restarted")
    this.status = "running"
    try {
      this.commit(initial.next)
      this.act(initial.actions, undefined)
      this.note("restarted", { message: "restart", cause: "restart" })
    } catch (defect) {
      this.crash(defect)
    }
    this.begin()
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
    this.kernel.touch?.(this.name)
    if (this.status === "stopped") {
      from.answer(Effect.fail(new ActorStopped({ actor: this.name })))
      return undefined
    }
    const enquiry = this.desk.receive(message, message.call, from)
    if (enquiry !== undefined) this.kick()
    return enquiry
  }

  private kick(): void {
    this.kernel.touch?.(this.name)
    if (this.isScheduled || this.status !== "running" || this.desk.mailbox.isEmpty) return
    this.isScheduled = true
    this.serve ??= () => this.serveOne()
    this.kernel.dispatcher.schedule(this.name, this.serve)
  }

  private serveOne(): void {
    this.kernel.touch?.(this.name)
    this.isScheduled = false
    if (!this.isServing) return
    const envelope = this.desk.take()
    this.kernel.serving = this.name
    try {
      if (envelope !== undefined) this.turn(envelope)
    } finally {
      this.kernel.serving = undefined
      this.begin()
      this.kick()
      if (this.isIdle) this.rest()
    }
  }

  /** Most actors are idle most of the time: what the next message needs is made again. */
  private rest(): void {
    this.scripts = undefined
    this.hands = undefined
    this.desk.rest()
  }

  private turn(envelope: Envelope<RequestMessage<P> | F>): void {
    const before = this.state
    try {
      this.serveEnvelope(envelope, before)
    } catch (defect) {
      // A defect of the turn. One of a script was noted where it happened.
      this.crash(defect, { envelope, before })
    }
  }

  /** Decides, publishes, acts. Scripts begin when all this is done. */
  private serveEnvelope(envelope: Envelope<RequestMessage<P> | F>, before: S): void {
    const { message, run, cause } = envelope
    const note = (outcome: Outcome, actions?: readonly Action[]) =>
      this.note(outcome, { message: message.type, cause, envelope, before, actions })
    if (this.isStale(envelope)) return note("stale")
    if (run !== undefined) this.scripts?.forget(run)
    const { next, actions } = this.behaviour.decide(before, message)
    if (actions.some((action) => action.type === "postpone")) {
      assert(actions.length === 1 && next === before, "a postponed message changes nothing")
      return note(this.desk.postpone(envelope) ? "postponed" : "refused")
    }
    if (next === before && actions.length === 0) {
      this.desk.deny(envelope, this.behaviour.because?.(before, message))
      return note("refused")
    }
    this.desk.accept(envelope)
    if (next !== before) this.commit(next)
    this.act(actions, envelope)
    this.desk.watch(envelope)
    if (this.desk.hasPostponed && this.hasMoved(before)) this.desk.retryPostponed()
    note("taken", actions)
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
    this.version++
  }

  /** A word of a script that was stopped, or a fact of an epoch that is over. */
  private isStale(envelope: Envelope<RequestMessage<P> | F>): boolean {
    const { message, run } = envelope
    if (run !== undefined) return this.scripts?.isCurrent(run) !== true
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
    for (const word of words) if (word.type === "stop") this.scripts?.interrupt(word.params.script)
    for (const action of actions)
      if (action.type !== "stop" && action.type !== "reply" && action.type !== "emit")
        this.start(action, envelope)
    for (const word of words) if (word.type === "emit") this.behaviour.onEmit?.(word.params.event)
    // A release that ran on this stack may have ended this actor, and then all is answered.
    if (!this.isServing) return
    for (const word of words)
      if (word.type === "reply") this.desk.answer(word.params.calls, word.params.answer)
  }

  private start(action: Action, envelope: Envelope<RequestMessage<P> | F> | undefined): void {
    const script = this.behaviour.scripts[action.type]
    assert(script !== undefined, `the chart names a script that exists: ${action.type}`)
    if (!this.isServing) return
    const call = callOf(envelope)
    const run: Run = {
      actor: this.name,
      script: scriptKey(action),
      number: this.kernel.number(),
      serves: this.desk.servedBy(envelope),
      call,
      asks: new Set()
    }
    this.scripts ??= new RunningScripts({
      said: (from, word) => {
        this.desk.put("control", { message: word, run: from, cause: from.script })
        this.kick()
      },
      died: (from, cause) => this.crash(cause, { run: from }),
      stopped: ({ number }) => this.kernel.touch?.(`run ${number}`),
      over: () => this.kernel.touch?.(this.name)
    })
    const context = this.context.pipe(Context.add(CurrentRun, run), Context.add(CurrentCall, call))
    const body = Effect.suspend(() => script(action.params as never, this.self))
    this.scripts.reserve(run, body, context as Context.Context<R>)
  }

  private begin(): void {
    this.scripts?.beginReserved()
  }

  /** A defect: this actor ends here; its supervisor decides what becomes of it. */
  private crash(defect: unknown, where: CrashSite<RequestMessage<P> | F, S> = {}): void {
    const { envelope, run } = where
    const crashed = new ActorCrashed({ actor: this.name, defect: describeDefect(defect) })
    if (this.isServing) {
      this.status = "crashed"
      this.scripts?.interruptAll()
      this.desk.refuseAll(() => crashed, envelope)
      // Not on this stack: whoever supervises may restart, and the turn is not over.
      const onCrash = this.behaviour.onCrash ?? this.kernel.onUnsupervised
      if (onCrash !== undefined)
        this.kernel.dispatcher.schedule(`${this.name} crashed`, () => onCrash(crashed))
    }
    const message = envelope?.message.type ?? run?.script ?? "restart"
    const cause = envelope?.cause ?? run?.script ?? "restart"
    this.note("crashed", { ...where, message, cause, defect: crashed.defect })
  }

  private note(outcome: Outcome, part: Note<RequestMessage<P> | F, S>): void {
    const { kernel, behaviour, name, version, state } = this
    const serial = kernel.inspection.serial()
    const atMs = kernel.timers.nowMs()
    const { message, cause, envelope, before, actions = [], defect } = part
    // The record lives long, and must not hold the message: that may be large, or a secret.
    const sending: Partial<Envelope<unknown>> = envelope ?? {}
    const { lane = "control", enquiry, sender, sent = serial } = sending
    const was = before ?? state
    kernel.inspection.publish(
      (): InspectionRecord => ({
        serial,
        atMs,
        actor: name,
        message,
        lane,
        outcome,
        from: behaviour.describe(was),
        to: behaviour.describe(state),
        actions: actions.map((action) => action.type),
        version,
        call: enquiry?.number,
        procedure: enquiry?.call.procedure,
        cause,
        ...senderOf(sender),
        sent,
        answers: answersOf(actions),
        defect,
        epoch: behaviour.epochOf?.(state) ?? behaviour.epochOf?.(was),
        moved: behaviour.moved?.(was, state).slice(0, movesMax) ?? []
      }),
      envelope &&
        (() => ({ message: envelope.message, before, after: state, pending: this.desk.pending() }))
    )
  }
}
