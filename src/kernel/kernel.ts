/**
 * What all actors of one engine share: the dispatcher, the deadlines' clock, the inspection stream
 * and a counter for calls and runs. Several kernels may live in one process.
 */
import * as Context from "effect/Context"
import * as Fiber from "effect/Fiber"
import type { Dispatcher, Touch } from "./dispatcher.ts"
import type { ActorCrashed } from "./error.ts"
import { Inspection } from "./inspection.ts"
import { CurrentRun, type Sender } from "./script.ts"
import { Timers } from "./timers.ts"

export class Kernel {
  readonly dispatcher: Dispatcher
  readonly timers: Timers
  readonly inspection = new Inspection()
  /** The dispatcher's, if it has one. */
  readonly touch: Touch | undefined
  /** The clock and the scheduler of all that the kernel runs itself. */
  readonly context: Context.Context<never>
  /**
   * Told of a defect of an actor that nobody supervises: whoever owns the kernel owns what follows.
   */
  onUnsupervised: ((crashed: ActorCrashed) => void) | undefined
  /** The actor whose turn is on the stack. */
  serving: string | undefined
  private last = 0

  constructor(dispatcher: Dispatcher, context: Context.Context<never> = Context.empty()) {
    this.dispatcher = dispatcher
    this.touch = dispatcher.touch
    this.context = context
    this.timers = new Timers(context)
  }

  /** Names calls and runs within this engine. Never used as an identity outside it. */
  number(): number {
    return ++this.last
  }

  /** Who is at work on this stack, as far as it is an actor: its script, or its turn. */
  sender(): Sender | undefined {
    return Fiber.getCurrent()?.getRef(CurrentRun) ?? this.serving
  }

  /** Ends what the kernel itself runs. Actors are their supervisor's to stop. */
  close(): void {
    this.timers.stop()
  }
}
