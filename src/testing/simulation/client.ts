/**
 * A simulated client: makes the calls of its plan one after the other, each in the engine that is
 * up, and notes what it asked and what it was told. It outlives engines: a call that was under way
 * when one was killed never comes back, and the next waits for the next engine.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { Engine } from "../../engine/engine.ts"
import type { Faults } from "../fault.ts"
import type { Realm } from "../realm.ts"
import type { ClientStep } from "./plan.ts"
import type { Notes } from "./notes.ts"
import { perform, resultOf } from "./perform.ts"

/** The engine that is up, with the realm that its callers' fibers run in. */
export interface Up {
  readonly engine: Engine
  readonly realm: Realm
}

export interface ClientOptions {
  readonly number: number
  readonly steps: readonly ClientStep[]
  /** The client's own: it is no part of any engine. */
  readonly realm: Realm
  readonly notes: Notes
  readonly faults: Faults
  readonly emulator: string
  /** As the plan says. */
  readonly hasDevices?: boolean | undefined
  /** As an administrator who edits qemu.conf. */
  readonly editConfig: (version: number) => void
  /** Calls back with the engine once there is one, at once if there is. */
  readonly whenUp: (ready: (up: Up) => void) => void
}

interface UnderWay {
  readonly up: Up
  readonly operation: number
}

export class Client {
  private readonly options: ClientOptions
  private at = 0
  private underWay: UnderWay | undefined
  /** Of the present engine: guests that are to end with this client are bound to it. */
  private connection: { readonly id: string; readonly scope: Scope.Closeable; up: Up } | undefined

  constructor(options: ClientOptions) {
    this.options = options
  }

  /** All its calls are over, or lost. */
  get isDone(): boolean {
    return this.at >= this.options.steps.length && this.underWay === undefined
  }

  start(): void {
    this.soon("begins", () => this.next())
  }

  /** The engine is gone, with whatever was under way in it. */
  engineGone(up: Up): void {
    if (this.connection?.up === up) this.connection = undefined
    if (this.underWay?.up !== up) return
    this.underWay = undefined
    this.soon("lost its engine", () => this.next())
  }

  private soon(what: string, run: () => void): void {
    this.options.realm.schedule(`client ${this.options.number} ${what}`, run)
  }

  private next(): void {
    const step = this.options.steps[this.at]
    if (step === undefined || this.underWay !== undefined) return
    const call = () => this.options.whenUp((up) => this.call(up, step))
    if (step.afterMs === undefined) call()
    else this.options.realm.after(step.afterMs, call, `client ${this.options.number} wakes`)
  }

  private call(up: Up, step: ClientStep): void {
    const { notes, number, emulator, hasDevices } = this.options
    this.at++
    const operation = notes.invoked(number, step)
    const underWay = { up, operation }
    this.underWay = underWay
    if (step.call === "reloadConfig" && step.version !== undefined)
      this.options.editConfig(step.version)
    const work = Effect.suspend(() => {
      const isBound = "autoDestroy" in step && step.autoDestroy === true
      const connection = isBound ? this.connect(up) : Effect.succeed(undefined)
      return Effect.flatMap(connection, (id) =>
        perform(step, { engine: up.engine, emulator, hasDevices, connection: id })
      )
    })
    const fiber = Effect.runForkWith(up.realm.context)(work)
    const left = this.options.faults.at("client", step.call)
    const giveUp = left === "vanish" ? () => fiber.interruptUnsafe() : () => {}
    if (left !== undefined) this.soon("goes away", () => this.leave(up, giveUp))
    fiber.addObserver((exit) => {
      // One that left is told nothing, and knows nothing.
      if (this.underWay !== underWay) return
      this.underWay = undefined
      notes.answered(operation, resultOf(exit))
      this.soon("goes on", () => this.next())
    })
  }

  /** It hears of no answer any more, and its connection ends. */
  private leave(up: Up, giveUp: () => void): void {
    if (this.underWay?.up !== up) return
    this.underWay = undefined
    giveUp()
    const { connection } = this
    this.connection = undefined
    if (connection?.up === up)
      Effect.runForkWith(up.realm.context)(Scope.close(connection.scope, Exit.void))
    this.soon("comes again", () => this.next())
  }

  private connect(
    up: Up
  ): Effect.Effect<string, { readonly _tag: string; readonly message: string }> {
    const { connection } = this
    if (connection?.up === up) return Effect.succeed(connection.id)
    const scope = Scope.makeUnsafe()
    return Effect.map(Scope.provide(up.engine.connect, scope), ({ id }) => {
      this.connection = { id, scope, up }
      return id
    })
  }
}
