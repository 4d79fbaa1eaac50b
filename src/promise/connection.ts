/** A connection of a program with an engine: what guests can end with. */
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { run } from "./run.ts"

/** Guests that were started with it end with it. */
export class Connection implements AsyncDisposable {
  readonly id: string
  readonly #scope: Scope.Closeable

  constructor(id: string, scope: Scope.Closeable) {
    this.id = id
    this.#scope = scope
  }

  /** Returns when its guests have ended. */
  close(): Promise<void> {
    return run(Scope.close(this.#scope, Exit.void))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
