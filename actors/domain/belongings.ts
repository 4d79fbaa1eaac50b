/**
 * What one epoch of a domain holds on the host, as a stack of undos. Each is pushed before its deed
 * and gives back only what its own token took, so that failure, destroy, crash and recovery end by
 * the same path. An undo that was interrupted stays, and is run again.
 */
import * as Effect from "effect/Effect"
import type { DomainFact } from "../../machines/domain/context.ts"
import type { ProcessId } from "../../src/host/process.ts"
import type { Launched } from "../../src/qemu/launcher.ts"
import type { Monitor } from "../monitor.ts"
import type { Agent } from "../agent.ts"
import { Consoles } from "./consoles.ts"
import type { Ear } from "./ear.ts"
import type { StatusRecord } from "../../src/store/status.ts"

interface Undo<R> {
  readonly what: string
  readonly run: Effect.Effect<void, never, R>
}

export class Belongings<R> {
  private undos: readonly Undo<R>[] = []
  /** Set while the monitor is connected. */
  monitor: Monitor | undefined
  monitorPath = ""
  process: ProcessId | undefined
  /** Only of our own children: an adopted QEMU's exit is seen by looking. */
  onExit: Launched["onExit"] | undefined
  /** What QEMU tells goes through here. */
  ear: Ear<DomainFact> | undefined
  /** The status record as it was last written. */
  record: StatusRecord | undefined
  /** Set when the guest's agent was first asked; one for the life of the guest. */
  agent: Agent | undefined
  /** The alias of its channel, from then on. */
  agentAlias: string | undefined
  /** Who has its consoles and channels open. */
  readonly consoles = new Consoles()
  /** The sockets at places of the definition's choosing, as they were bound. */
  sockets: NonNullable<StatusRecord["holds"]>["sockets"] | undefined

  /** Runs `deed` with its undo in place: interrupted anywhere, nothing of it is forgotten. */
  undoable<A, E, R2>(
    what: string,
    deed: Effect.Effect<A, E, R2>,
    undo: Effect.Effect<void, never, R>
  ): Effect.Effect<A, E, R2> {
    return Effect.suspend(() => {
      this.owe(what, undo)
      return deed
    })
  }

  owe(what: string, undo: Effect.Effect<void, never, R>): void {
    this.undos = [...this.undos, { what, run: undo }]
  }

  /** What was given back while the guest goes on is owed no more. */
  strike(what: string): void {
    this.undos = this.undos.filter((undo) => undo.what !== what)
  }

  /** What is still held, newest first: for reports. */
  get held(): readonly string[] {
    return this.undos.map(({ what }) => what).toReversed()
  }

  /** Gives everything back, newest first. Interrupted, it goes on from there when run again. */
  readonly release: Effect.Effect<void, never, R> = Effect.suspend(() => {
    const last = this.undos.at(-1)
    if (last === undefined) return Effect.void
    return Effect.andThen(
      last.run,
      Effect.suspend(() => {
        this.undos = this.undos.filter((undo) => undo !== last)
        return this.release
      })
    )
  })
}

/**
 * The belongings of each epoch of one domain: one at a time, but an old one may still be ending.
 */
export class Wardrobe<R> {
  private readonly epochs = new Map<string, Belongings<R>>()

  of(epoch: string): Belongings<R> {
    const there = this.epochs.get(epoch)
    if (there !== undefined) return there
    const made = new Belongings<R>()
    this.epochs.set(epoch, made)
    return made
  }

  find(epoch: string | undefined): Belongings<R> | undefined {
    return epoch === undefined ? undefined : this.epochs.get(epoch)
  }

  forget(epoch: string): void {
    this.epochs.delete(epoch)
  }

  /** Epochs that hold anything. */
  get present(): readonly string[] {
    return [...this.epochs.keys()]
  }
}
