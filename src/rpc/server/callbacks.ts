/**
 * Owns the event sources that one client asked for, by number. Events that come before the client
 * can know the number are kept until its call has been answered.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { RpcRefusal } from "../refusal.ts"
import type { Callback, CallbackKind, Callbacks, Emit } from "./handler.ts"
import { callbacksMax } from "./limits.ts"

interface Source {
  readonly kind: CallbackKind
  readonly scope: Scope.Closeable
  /** What came before the answer; `undefined` from then on. */
  kept: (() => void)[] | undefined
}

const refuse = (text: string) => Effect.fail(new RpcRefusal({ code: "INVALID_ARG", text }))

export class ClientCallbacks {
  readonly #sources = new Map<number, Source>()
  readonly #emit: Emit
  #next = 0
  #isOver = false

  /** `emit` sends to the client. */
  constructor(emit: Emit) {
    this.#emit = emit
  }

  /** For one call: `afterReply` runs what it is given when the call has been answered. */
  within(afterReply: (go: () => void) => void): Callbacks {
    return {
      add: (kind, start) => this.#add(kind, start, afterReply),
      remove: (kind, id) => this.#remove(kind, id)
    }
  }

  /** The client is gone: all of them end. */
  readonly end: Effect.Effect<void> = Effect.suspend(() => {
    this.#isOver = true
    const scopes = [...this.#sources.values()].map(({ scope }) => scope)
    this.#sources.clear()
    return Effect.forEach(scopes, (scope) => Scope.close(scope, Exit.void), { discard: true })
  })

  #add(
    kind: CallbackKind,
    start: Parameters<Callbacks["add"]>[1],
    afterReply: (go: () => void) => void
  ): ReturnType<Callbacks["add"]> {
    return Effect.suspend(() => {
      if (this.#sources.size >= callbacksMax)
        return refuse(`a client has at most ${callbacksMax} event callbacks`)
      const id = this.#next++
      const source: Source = { kind, scope: Scope.makeUnsafe(), kept: [] }
      this.#sources.set(id, source)
      afterReply(() => this.#release(source))
      return Scope.provide(start(this.#callback(id, source)), source.scope).pipe(
        Effect.onExit((exit) =>
          // A client may go while its source is being made; nobody would end it then.
          Exit.isFailure(exit) || this.#isOver ? this.#drop(id, source) : Effect.void
        ),
        Effect.as(id)
      )
    })
  }

  #callback(id: number, source: Source): Callback {
    const emit: Emit = (program, event, message) => {
      if (this.#sources.get(id) !== source) return
      const send = () => this.#emit(program, event, message)
      if (source.kept === undefined) send()
      else source.kept.push(send)
    }
    return { id, emit }
  }

  #release(source: Source): void {
    const kept = source.kept ?? []
    source.kept = undefined
    for (const send of kept) send()
  }

  #drop(id: number, source: Source): Effect.Effect<void> {
    this.#sources.delete(id)
    return Scope.close(source.scope, Exit.void)
  }

  #remove(kind: CallbackKind, id: number): Effect.Effect<void, RpcRefusal> {
    return Effect.suspend(() => {
      const source = this.#sources.get(id)
      if (source === undefined || source.kind !== kind)
        return refuse(`the client has no event callback ${id} of this kind`)
      return this.#drop(id, source)
    })
  }
}
