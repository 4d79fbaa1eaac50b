/**
 * How a request can fail for reasons of the kernel's, whatever the actor is about. Each carries
 * what was asked, of whom, and what stood in the way. Failures of an actor's own subject are its
 * own.
 */
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"

/** The actor's chart does not allow this request in its present state. */
export class RequestDenied extends Data.TaggedError("RequestDenied")<{
  readonly actor: string
  readonly request: string
  readonly state: string
  readonly because: string | undefined
}> {
  override get message(): string {
    const why = this.because === undefined ? "" : `: ${this.because}`
    return `'${this.actor}' refuses ${this.request} while it is ${this.state}${why}`
  }
}

/** The mailbox and the line before it are full. */
export class MailboxFull extends Data.TaggedError("MailboxFull")<{
  readonly actor: string
  readonly lengthMax: number
}> {
  override get message(): string {
    return `'${this.actor}' has ${this.lengthMax} requests waiting and takes no more`
  }
}

/** The request's deadline passed. What it waited for, and the calls that hold it, are named. */
export class Overdue extends Data.TaggedError("Overdue")<{
  readonly actor: string
  readonly request: string
  /** Where it was: in the mailbox, postponed behind a job, or accepted and being worked on. */
  readonly stage: "queued" | "postponed" | "accepted"
  readonly state: string
  /** Procedures of the accepted calls that held it, with the time since each was accepted. */
  readonly heldBy: readonly { readonly procedure: string; readonly sinceMs: number }[]
}> {
  override get message(): string {
    const holders = this.heldBy.map((holder) => `${holder.procedure} for ${holder.sinceMs} ms`)
    const held = holders.length === 0 ? "" : `, held by ${holders.join(" and ")}`
    const where = `${this.stage} while it is ${this.state}`
    return `${this.request} of '${this.actor}' is overdue: ${where}${held}`
  }
}

/** Waiting for this answer would close a circle of calls that wait for each other. */
export class AskCycle extends Data.TaggedError("AskCycle")<{ readonly path: readonly string[] }> {
  override get message(): string {
    return `waiting would close a circle: ${this.path.join(" -> ")}`
  }
}

/** The actor has ended. */
export class ActorStopped extends Data.TaggedError("ActorStopped")<{ readonly actor: string }> {
  override get message(): string {
    return `'${this.actor}' has ended`
  }
}

/** A defect ended the actor while the request was with it. Whether it took effect is unknown. */
export class ActorCrashed extends Data.TaggedError("ActorCrashed")<{
  readonly actor: string
  readonly defect: string
}> {
  override get message(): string {
    return `'${this.actor}' failed: ${this.defect}`
  }
}

/** A defect in words: of what a script died of, its first reason. */
export const describeDefect = (defect: unknown): string =>
  String(Cause.isCause(defect) ? Cause.squash(defect) : defect)

export type KernelError =
  | RequestDenied
  | MailboxFull
  | Overdue
  | AskCycle
  | ActorStopped
  | ActorCrashed
