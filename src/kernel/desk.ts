/**
 * The requests of one actor on their way: queued, postponed, accepted, answered. Owns the mailbox
 * and every deadline; answers each call exactly once. Knows nothing of states and scripts beyond
 * what its actor tells it.
 */
import * as Effect from "effect/Effect"
import { assert } from "../base/assert.ts"
import type { Answer } from "../base/protocol.ts"
import { type Call, internalCall } from "./call.ts"
import { AskCycle, type KernelError, MailboxFull, Overdue, RequestDenied } from "./error.ts"
import type { Kernel } from "./kernel.ts"
import {
  askDeadlineMs,
  eventsLengthMax,
  lineLengthMax,
  pendingLengthMax,
  postponedLengthMax
} from "./limits.ts"
import { type Lane, Mailbox } from "./mailbox.ts"
import { type Awaited, pathTo, type Run, type Sender } from "./script.ts"
import type { Timer } from "./timers.ts"

/** A request with somebody waiting for its answer. */
export interface Enquiry extends Awaited {
  readonly call: Call
  readonly request: string
  readonly lane: "control" | "user"
  readonly run: Run | undefined
  readonly deadlineMs: number
  readonly answer: (effect: Effect.Effect<unknown, unknown>) => void
  stage: "queued" | "postponed" | "accepted" | "ended"
  acceptedAtMs: number
  timer: Timer | undefined
}

export interface Envelope<M> {
  readonly message: M
  readonly lane: Lane
  readonly cause: string
  /** Set on the last word of a script. */
  readonly run: Run | undefined
  readonly enquiry: Enquiry | undefined
  readonly sender: Sender | undefined
  /** Records that there were when it was sent. */
  readonly sent: number
}

/**
 * On whose behalf a script runs. What continues an accepted call carries its envelope on, but not
 * its deadline: that is the call's own, and a script may outlive its call.
 */
export const callOf = (envelope: Envelope<unknown> | undefined): Call => {
  if (envelope?.enquiry !== undefined) return envelope.enquiry.call
  if (envelope?.run === undefined) return internalCall
  return { ...envelope.run.call, deadlineMs: undefined }
}

/** What a desk asks of the actor whose it is. */
export interface DeskOwner {
  readonly name: string
  readonly kernel: Kernel
  readonly lengthMax: number
  readonly describe: () => string
  readonly isServing: boolean
  readonly runs: () => readonly Run[]
}

const noCalls: ReadonlySet<number> = new Set()

export class Desk<M extends { readonly type: string }> {
  readonly mailbox = new Mailbox<Envelope<M>>()
  private readonly owner: DeskOwner
  /** Accepted and not yet answered, by call number. */
  private accepted: Map<number, Enquiry> | undefined
  private postponed: readonly Envelope<M>[] = []
  private roomWaiters: readonly (() => void)[] = []

  constructor(owner: DeskOwner) {
    this.owner = owner
  }

  get hasPostponed(): boolean {
    return this.postponed.length > 0
  }

  get isIdle(): boolean {
    return this.mailbox.isEmpty && !this.hasPostponed && (this.accepted?.size ?? 0) === 0
  }

  /** Gives up what an idle desk does not need. */
  rest(): void {
    this.accepted = undefined
    this.mailbox.rest()
  }

  put(lane: Lane, part: { readonly message: M; readonly cause: string; readonly run?: Run }): void {
    const { message, cause, run } = part
    const sender = run ?? this.owner.kernel.sender()
    const sent = this.owner.kernel.inspection.count
    this.mailbox.push(lane, { message, lane, cause, run, enquiry: undefined, sender, sent })
  }

  /** Types of what waits here, for lookers-on. */
  pending(): readonly string[] {
    const waiting = [...this.mailbox.first(pendingLengthMax), ...this.postponed]
    return waiting.map(({ message }) => message.type)
  }

  whenRoom(resume: () => void): void {
    this.touch()
    this.roomWaiters = [...this.roomWaiters, resume]
    // With room already there no turn may come to say so.
    this.offerRoom()
  }

  /** Queues a request, or answers it with why it cannot be. */
  receive(
    message: M,
    number: number,
    from: {
      readonly call: Call
      readonly run: Run | undefined
      readonly lane: "control" | "user"
      readonly answer: (effect: Effect.Effect<unknown, unknown>) => void
    }
  ): Enquiry | undefined {
    const { lengthMax } = this.owner
    const length = this.mailbox.length("user")
    if (from.lane === "user" && length >= lengthMax + lineLengthMax) {
      from.answer(Effect.fail(new MailboxFull({ actor: this.owner.name, lengthMax: length })))
      return undefined
    }
    const nowMs = from.call.deadlineMs === undefined ? this.nowMs() : 0
    const enquiry: Enquiry = {
      ...from,
      number,
      request: message.type,
      label: `${this.owner.name}.${message.type}`,
      deadlineMs: from.call.deadlineMs ?? nowMs + askDeadlineMs,
      stage: "queued",
      acceptedAtMs: 0,
      timer: undefined,
      waitsFor: () => this.runsAwaitedBy(enquiry)
    }
    this.touchAsks(enquiry)
    from.run?.asks.add(enquiry)
    const { lane, run: sender } = from
    const sent = this.owner.kernel.inspection.count
    this.mailbox.push(lane, { message, lane, cause: "ask", run: undefined, enquiry, sender, sent })
    // Otherwise a turn comes soon, and most calls never need a timer.
    if (length >= lengthMax || !this.owner.isServing) this.setTimer(enquiry)
    return enquiry
  }

  /** The next message. The asker of a request still waits: others were taken out. */
  take(): Envelope<M> | undefined {
    const envelope = this.mailbox.take()
    if (this.roomWaiters.length > 0) this.offerRoom()
    return envelope
  }

  /** The asker was interrupted. */
  withdraw(enquiry: Enquiry): void {
    this.touch()
    this.touchReply(enquiry)
    if (enquiry.stage === "accepted") {
      // The work goes on; the asker of record stays so that the chart's reply finds its call.
      enquiry.run?.asks.delete(enquiry)
      return
    }
    this.takeOut(enquiry)
    this.end(enquiry)
  }

  /** Holds a request back. `false` when it cannot wait; it was then answered with the reason. */
  postpone(envelope: Envelope<M>): boolean {
    const { enquiry } = envelope
    assert(enquiry !== undefined, "only a request can be postponed")
    if (this.postponed.length >= postponedLengthMax) {
      const actor = this.owner.name
      this.fail(enquiry, new MailboxFull({ actor, lengthMax: postponedLengthMax }))
      return false
    }
    enquiry.stage = "postponed"
    if (this.closesCircle(enquiry)) return false
    this.postponed = [...this.postponed, envelope]
    this.setTimer(enquiry)
    return true
  }

  /** The state changed: what was postponed waits again, before newer requests. */
  retryPostponed(): void {
    const again = this.postponed
    this.postponed = []
    for (const { enquiry } of again) if (enquiry !== undefined) enquiry.stage = "queued"
    for (const lane of ["control", "user"] as const) {
      const mine = again.filter((envelope) => envelope.lane === lane)
      if (mine.length > 0) this.mailbox.putBack(lane, mine)
    }
  }

  deny(envelope: Envelope<M>, because: string | undefined): void {
    if (envelope.enquiry === undefined) return
    const actor = this.owner.name
    const request = envelope.enquiry.request
    this.fail(
      envelope.enquiry,
      new RequestDenied({ actor, request, state: this.owner.describe(), because })
    )
  }

  accept(envelope: Envelope<M>): void {
    const { enquiry } = envelope
    if (enquiry === undefined) return
    enquiry.stage = "accepted"
    this.accepted ??= new Map()
    this.accepted.set(enquiry.number, enquiry)
  }

  /**
   * An accepted call that its own turn did not answer has until its deadline. One that waits in a
   * circle (it joined a job that waits for its asker) will not be answered, and is told at once.
   */
  watch(envelope: Envelope<M>): void {
    const { enquiry } = envelope
    if (enquiry?.stage !== "accepted") return
    enquiry.acceptedAtMs = this.nowMs()
    if (!this.closesCircle(enquiry)) this.setTimer(enquiry)
  }

  answer(calls: readonly number[], answer: Answer): void {
    const effect = answer.ok ? Effect.succeed(answer.value) : Effect.fail(answer.error)
    for (const number of calls) {
      const enquiry = this.accepted?.get(number)
      assert(enquiry !== undefined, `each call is answered exactly once: ${number}`)
      this.accepted?.delete(number)
      if (enquiry.stage === "accepted") this.deliver(enquiry, effect)
    }
  }

  /**
   * Every call there is gets this answer, that of the unfinished turn included: the actor crashed.
   * Facts in the control lane are kept for after a restart.
   */
  refuseAll(error: () => KernelError, unfinished?: Envelope<M>): void {
    const control = this.mailbox.drain("control")
    const facts = control.filter((envelope) => envelope.enquiry === undefined)
    this.mailbox.putBack("control", facts)
    const waiting = [...control, ...this.mailbox.drain("user"), ...this.postponed].flatMap(
      ({ enquiry }) => enquiry ?? []
    )
    this.postponed = []
    const all = [...(this.accepted?.values() ?? []), ...waiting]
    if (unfinished?.enquiry !== undefined) all.push(unfinished.enquiry)
    this.accepted = undefined
    for (const enquiry of all) if (enquiry.stage !== "ended") this.fail(enquiry, error())
    this.mailbox.drain("events")
    this.offerRoom()
  }

  /** As `refuseAll`, for good: facts are dropped too. */
  close(error: () => KernelError): void {
    this.refuseAll(error)
    this.mailbox.drain("control")
  }

  /** The calls on whose behalf a script runs that this message started. */
  servedBy(envelope: Envelope<M> | undefined): ReadonlySet<number> {
    if (envelope?.enquiry !== undefined) return new Set([envelope.enquiry.number])
    return envelope?.run?.serves ?? noCalls
  }

  private nowMs(): number {
    return this.owner.kernel.timers.nowMs()
  }

  private offerRoom(): void {
    if (this.mailbox.length("events") * 2 > eventsLengthMax) return
    const waiters = this.roomWaiters
    this.roomWaiters = []
    // Not on this stack: a turn may be under way, and a source that reads on may do anything.
    for (const resume of waiters) this.owner.kernel.dispatcher.schedule("room", resume)
  }

  private closesCircle(enquiry: Enquiry): boolean {
    if (enquiry.run === undefined) return false
    const path = pathTo(enquiry.number, enquiry.waitsFor())
    if (path !== undefined) this.fail(enquiry, new AskCycle({ path }))
    return path !== undefined
  }

  /**
   * Accepted: the runs that serve it. Held back: the runs that serve a call still owed. Where there
   * is none (it joined a job, or the engine's own work holds the actor), any run may be meant.
   */
  private runsAwaitedBy(enquiry: Enquiry): readonly Run[] {
    const { kernel, name } = this.owner
    kernel.touch?.(name, false)
    kernel.touch?.(`asks of ${name}`, false)
    const runs = this.owner.runs()
    const isOwed = (call: number) => this.accepted?.get(call)?.stage === "accepted"
    const meant =
      enquiry.stage === "accepted"
        ? runs.filter((run) => run.serves.has(enquiry.number))
        : runs.filter((run) => [...run.serves].some(isOwed))
    return meant.length > 0 ? meant : runs
  }

  private setTimer(enquiry: Enquiry): void {
    enquiry.timer ??= this.owner.kernel.timers.at(enquiry.deadlineMs, () => this.expire(enquiry))
  }

  private expire(enquiry: Enquiry): void {
    this.touch()
    if (enquiry.stage === "ended") return
    const actor = this.owner.name
    const nowMs = this.nowMs()
    const heldBy = [...(this.accepted?.values() ?? [])]
      .filter((other) => other !== enquiry)
      .map((other) => ({
        procedure: other.call.procedure,
        sinceMs: Math.round(nowMs - other.acceptedAtMs)
      }))
    const { request, stage } = enquiry
    this.takeOut(enquiry)
    // An accepted call stays accepted: the chart will still answer its number, to nobody.
    const overdue = new Overdue({ actor, request, stage, state: this.owner.describe(), heldBy })
    this.fail(enquiry, overdue)
  }

  /** From where it waits, so that dead requests neither fill the mailbox nor reach the chart. */
  private takeOut(enquiry: Enquiry): void {
    const isIts = (envelope: Envelope<M>) => envelope.enquiry === enquiry
    if (enquiry.stage === "queued") this.mailbox.remove(enquiry.lane, isIts)
    if (enquiry.stage === "postponed")
      this.postponed = this.postponed.filter((envelope) => !isIts(envelope))
  }

  private fail(enquiry: Enquiry, error: KernelError): void {
    this.deliver(enquiry, Effect.fail(error))
  }

  private deliver(enquiry: Enquiry, effect: Effect.Effect<unknown, unknown>): void {
    this.end(enquiry)
    // Not on this stack: a reply is a delivery like any other, and its order a choice.
    this.owner.kernel.dispatcher.schedule("reply", () => {
      this.touchReply(enquiry)
      // A turn of the actor whose script asked may end that script, and tells so.
      if (enquiry.run !== undefined) this.owner.kernel.touch?.(`run ${enquiry.run.number}`, false)
      enquiry.answer(effect)
    })
  }

  /** The actor itself. */
  private touch(): void {
    this.owner.kernel.touch?.(this.owner.name)
  }

  /** An answer on its way, which the asker's end makes void. */
  private touchReply({ number }: Enquiry): void {
    this.owner.kernel.touch?.(`call ${number}`)
  }

  /** What an actor's scripts have asked: looked at by who seeks a circle. */
  private touchAsks({ run }: Enquiry): void {
    if (run !== undefined) this.owner.kernel.touch?.(`asks of ${run.actor}`)
  }

  private end(enquiry: Enquiry): void {
    enquiry.stage = "ended"
    enquiry.timer?.cancel()
    enquiry.timer = undefined
    this.touchAsks(enquiry)
    enquiry.run?.asks.delete(enquiry)
  }
}
