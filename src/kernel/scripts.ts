/**
 * The scripts of one actor: those that run, and those that were interrupted and still give back.
 * Owns their fibers and the fence by run: after a stop nothing that a run says is heard. Decides
 * nothing; what a script says or dies of goes to its actor.
 */
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { assert } from "../base/assert.ts"
import type { Run } from "./script.ts"

type AnyFiber = Fiber.Fiber<unknown, unknown>

/** A reserved or running script, by its name within the actor. */
interface Slot {
  readonly run: Run
  readonly begin: () => AnyFiber
  fiber: AnyFiber | undefined
}

/** What the scripts tell their actor. */
export interface ScriptsOwner<M> {
  /** The last word of a run that still counts. */
  readonly said: (run: Run, word: M) => void
  readonly died: (run: Run, cause: unknown) => void
  /** It is ended before its end: whatever it is about to do will not be. */
  readonly stopped: (run: Run) => void
  /** One of them is no more, with or without a word. */
  readonly over: () => void
}

export class RunningScripts<M> {
  private readonly owner: ScriptsOwner<M>
  private readonly slots = new Map<string, Slot>()
  /** Interrupted and still giving back. */
  private readonly endings = new Map<AnyFiber, Run>()
  private reserved: readonly Slot[] = []

  constructor(owner: ScriptsOwner<M>) {
    this.owner = owner
  }

  get isEmpty(): boolean {
    return this.slots.size === 0 && this.endings.size === 0
  }

  /** All of them, for the wait-for graph: what is being given back holds the actor too. */
  get runs(): readonly Run[] {
    return [...[...this.slots.values()].map((slot) => slot.run), ...this.endings.values()]
  }

  /** Scripts interrupted so far have ended, with everything they had to give back. */
  readonly settled: Effect.Effect<void> = Effect.withFiber((self) => {
    const others = [...this.endings.keys()].filter((fiber) => fiber !== self)
    return Effect.forEach(others, (fiber) => Fiber.await(fiber), { discard: true })
  })

  /** Takes the script's place. It begins at `beginReserved`, when the turn is complete. */
  reserve<R>(run: Run, body: Effect.Effect<M | void, never, R>, context: Context.Context<R>): void {
    assert(!this.slots.has(run.script), `one run of a script at a time: ${run.script}`)
    const begin = () => Effect.runForkWith(context)(body)
    const slot: Slot = { run, begin, fiber: undefined }
    this.slots.set(run.script, slot)
    this.reserved = [...this.reserved, slot]
  }

  /**
   * A script's first part runs on this stack and may do anything, even end its own actor. So
   * nothing of the turn may be left to do, and each slot is looked at again before and after.
   */
  beginReserved(): void {
    const slots = this.reserved
    this.reserved = []
    for (const slot of slots) {
      if (!this.isHeld(slot)) continue
      const fiber = slot.begin()
      slot.fiber = fiber
      if (this.isHeld(slot)) fiber.addObserver((exit) => this.heard(slot, exit))
      else this.interruptFiber(fiber, slot.run)
    }
  }

  /** The run was neither stopped nor heard to its end. */
  isCurrent(run: Run): boolean {
    return this.slots.get(run.script)?.run === run
  }

  /** Its last word is being worked on. */
  forget(run: Run): void {
    this.slots.delete(run.script)
  }

  interrupt(script: string): void {
    const slot = this.slots.get(script)
    if (slot === undefined) return
    this.slots.delete(script)
    if (slot.fiber !== undefined) this.interruptFiber(slot.fiber, slot.run)
  }

  interruptAll(): void {
    const scripts = Array.from(this.slots.keys())
    for (const script of scripts) this.interrupt(script)
  }

  private isHeld(slot: Slot): boolean {
    return this.slots.get(slot.run.script) === slot
  }

  private interruptFiber(fiber: AnyFiber, run: Run): void {
    this.owner.stopped(run)
    if (fiber.pollUnsafe() !== undefined) return
    this.endings.set(fiber, run)
    fiber.addObserver((exit) => {
      this.owner.over()
      this.endings.delete(fiber)
      // What it had to give back may be lost: that is a defect as any other.
      if (Exit.isFailure(exit) && Cause.hasDies(exit.cause)) this.owner.died(run, exit.cause)
    })
    fiber.interruptUnsafe()
  }

  private heard(slot: Slot, exit: Exit.Exit<unknown, unknown>): void {
    this.owner.over()
    if (!this.isHeld(slot)) return
    if (Exit.isFailure(exit)) return this.owner.died(slot.run, exit.cause)
    if (exit.value === undefined) this.slots.delete(slot.run.script)
    else this.owner.said(slot.run, exit.value as M)
  }
}
