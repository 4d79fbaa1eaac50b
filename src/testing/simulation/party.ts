/**
 * Who uses the engine of a run: the clients of a plan, and programs of somebody's own. A program
 * lives in the engine's process: when that is killed it is gone too, and begins again on the next.
 */
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type { Engine } from "../../engine/engine.ts"
import type { Faults } from "../fault.ts"
import type { World } from "../world.ts"
import type { Up } from "./client.ts"

/** Whoever uses the engine of a run: a client of the plan, or a program of a user. */
export interface Party {
  readonly start: () => void
  /** The engine is gone, with whatever was under way in it. */
  readonly engineGone: (up: Up) => void
  /** It has nothing more to do, now and later. */
  readonly isDone: boolean
}

/** What a party of one's own stands on. */
export interface Stage {
  readonly world: World
  readonly faults: Faults
  readonly emulator: string
  readonly whenUp: (ready: (up: Up) => void) => void
}

/** `life`: which engine it is given, from 1; a later one finds what the earlier ones left. */
export type Program<A, E> = (engine: Engine, life: number) => Effect.Effect<A, E>

export interface ProgramPartyOptions {
  readonly whenUp: Stage["whenUp"]
  /** It is begun so often at most. */
  readonly livesMax: number
}

/** Said of a program that keeps a run from its end. */
export const unended =
  "the program has not ended within a quarter of an hour of virtual time: does it wait for " +
  "something that is outside of the world (a promise, a timer of Node, a socket)?"

export class ProgramParty<A, E> implements Party {
  private readonly program: Program<A, E>
  private readonly options: ProgramPartyOptions
  private lives = 0
  private up: Up | undefined
  exit: Exit.Exit<A, E> | undefined

  constructor(program: Program<A, E>, options: ProgramPartyOptions) {
    this.program = program
    this.options = options
  }

  get isDone(): boolean {
    return this.exit !== undefined || (this.up === undefined && !this.mayBegin)
  }

  start(): void {
    this.options.whenUp((up) => this.run(up))
  }

  engineGone(up: Up): void {
    if (this.up !== up) return
    this.up = undefined
    if (this.exit === undefined && this.mayBegin) this.start()
  }

  private get mayBegin(): boolean {
    return this.lives < this.options.livesMax
  }

  private run(up: Up): void {
    this.up = up
    const life = ++this.lives
    const work = Effect.suspend(() => this.program(up.engine, life))
    Effect.runForkWith(up.realm.context)(work).addObserver((exit) => {
      if (this.up === up) this.exit = exit
    })
  }
}
