/**
 * What all actors of one engine share: the dispatcher, the deadlines' clock, the inspection stream
 * and a counter for calls and runs. Several kernels may live in one process.
 */
import * as Context from "effect/Context"
import type { Dispatcher } from "./dispatcher.ts"
import type { ActorCrashed } from "./error.ts"
import { Inspection } from "./inspection.ts"
import { Timers } from "./timers.ts"

export class Kernel {
  readonly dispatcher: Dispatcher
  readonly timers: Timers
  readonly inspection = new Inspection()
  /** The clock and the scheduler of all that the kernel runs itself. */
  readonly context: Context.Context<never>
  /**
   * Told of a defect of an actor that nobody supervises: whoever owns the kernel owns what follows.
   */
  onUnsupervised: ((crashed: ActorCrashed) => void) | undefined
  private last = 0

  constructor(dispatcher: Dispatcher, context: Context.Context<never> = Context.empty()) {
    this.dispatcher = dispatcher
    this.context = context
    this.timers = new Timers(context)
  }

  /** Names calls and runs within this engine. Never used as an identity outside it. */
  number(): number {
    return ++this.last
  }

  /** Ends what the kernel itself runs. Actors are their supervisor's to stop. */
  close(): void {
    this.timers.stop()
  }
}
