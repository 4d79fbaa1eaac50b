/**
 * One process whose primitives are numbered steps: a plan says at which of them it fails or is
 * killed. For tests of a sequence of primitives alone, without a world: nobody else runs.
 */
import * as Effect from "effect/Effect"
import type { FileError, Files } from "../../../src/host/files.ts"
import type { MemoryDisk } from "../../../src/testing/host/disk.ts"
import {
  carried,
  type Deed,
  filesService,
  OpenFiles,
  refused,
  spoil,
  type What
} from "../../../src/testing/host/files.ts"

/** One primitive, about to be done. */
export interface Step extends What {
  /** From 1, in this process. */
  readonly number: number
}

export type Fault =
  /**
   * The primitive fails; a write has then written half of it, a sync has lost what it should keep.
   */
  | { readonly kind: "fail"; readonly code: string }
  /**
   * The process is killed with the effect undone or done: the kernel finishes what it has begun.
   */
  | { readonly kind: "kill"; readonly when: "before" | "after" }

export type FaultPlan = (step: Step) => Fault | undefined

/** How the scripts of a killed process end. */
export class Killed extends Error {
  constructor() {
    super("the process was killed")
  }
}

export interface ProcessOptions {
  readonly plan?: FaultPlan
  /** Done before each primitive: where a scheduler may let others go first. */
  readonly pace?: Effect.Effect<void>
}

/** A dead process does nothing more, whatever its finalizers try. */
export class MemoryProcess {
  readonly disk: MemoryDisk
  readonly files: Files["Service"]
  isAlive = true
  steps = 0
  readonly #plan: FaultPlan
  readonly #pace: Effect.Effect<void> | undefined
  readonly #open: OpenFiles

  constructor(disk: MemoryDisk, options: ProcessOptions = {}) {
    this.disk = disk
    this.#plan = options.plan ?? (() => undefined)
    this.#pace = options.pace
    const notify = (_path: string, changed: () => void) => {
      if (this.isAlive) changed()
    }
    this.#open = new OpenFiles(disk, { notify })
    this.files = filesService(this.#open, (deed) => this.#carry(deed))
  }

  get openFiles(): readonly string[] {
    return this.#open.paths
  }

  /** SIGKILL: the kernel closes its files and drops its locks; the disk keeps what it saw. */
  kill(): void {
    this.isAlive = false
    this.#open.descriptors.closeAll()
  }

  #carry<A>(deed: Deed<A>): Effect.Effect<A, FileError> {
    const run = Effect.suspend((): Effect.Effect<A, FileError> => {
      if (!this.isAlive) return Effect.die(new Killed())
      const { operation, path } = deed
      const fault = this.#plan({ number: ++this.steps, operation, path })
      if (fault === undefined) return carried(deed)
      if (fault.kind === "fail") {
        spoil(deed)
        return refused(deed, fault.code)
      }
      if (fault.when === "after") carried(deed)
      this.kill()
      return Effect.die(new Killed())
    })
    return Effect.uninterruptible(this.#pace === undefined ? run : Effect.andThen(this.#pace, run))
  }
}
