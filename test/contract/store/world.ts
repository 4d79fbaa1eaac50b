/**
 * What the tests of the store share: a store on a disk in memory, opened and closed like an engine,
 * and definitions in a notation that tests can read.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { Ids } from "../../../src/base/ids.ts"
import { Files } from "../../../src/host/files.ts"
import type { RootLocked, StoreError } from "../../../src/store/error.ts"
import { make, type Store } from "../../../src/store/store.ts"
import type { Identity, ReadIdentity } from "../../../src/store/identity.ts"
import type { MemoryDisk } from "../../../src/testing/host/disk.ts"
import { Killed, MemoryProcess, type ProcessOptions } from "./stepped.ts"

export type StoreService = Store["Service"]

/** Identities that count: one world after another gives the same. */
export const countingIds = (): Ids["Service"] => {
  let count = 0
  const next = (prefix: string) => Effect.sync(() => `${prefix}${++count}`)
  return { token: next("t"), uuid: next("u"), mac: next("m") }
}

/** A definition in JSON, for the store looks at nothing but name and uuid. */
export const textOf = (identity: Identity, version: number): string =>
  JSON.stringify({ ...identity, version })

export const readIdentity: ReadIdentity = (text) => {
  try {
    const { name, uuid } = JSON.parse(text) as Partial<Identity>
    return name === undefined || uuid === undefined ? undefined : { name, uuid }
  } catch {
    return undefined
  }
}

export type Outcome<A> =
  | { readonly kind: "done"; readonly value: A }
  | { readonly kind: "refused"; readonly error: StoreError | RootLocked }
  | { readonly kind: "killed" }

/** One life of an engine: opens the root, does the work, and ends. */
export const live = <A>(
  disk: MemoryDisk,
  work: (store: StoreService, process: MemoryProcess) => Effect.Effect<A, StoreError>,
  options: ProcessOptions = {}
): Outcome<A> => {
  const process = new MemoryProcess(disk, options)
  const run = make({ root: "/root", owner: "engine", readIdentity }).pipe(
    Effect.flatMap((store) => work(store, process)),
    Effect.scoped,
    Effect.provideService(Files, process.files),
    Effect.provideService(Ids, countingIds())
  )
  const exit = Effect.runSyncExit(run)
  if (Exit.isSuccess(exit)) {
    if (process.openFiles.length > 0) throw new Error(`left open: ${process.openFiles.join()}`)
    return { kind: "done", value: exit.value }
  }
  if (Cause.squash(exit.cause) instanceof Killed) return { kind: "killed" }
  const failure = exit.cause.reasons.find((reason) => reason._tag === "Fail")
  if (failure === undefined) throw Cause.squash(exit.cause)
  return { kind: "refused", error: failure.error }
}

/**
 * What there is, as the next engine sees it: text by name, and the names that start by themselves.
 */
export interface Contents {
  readonly definitions: { readonly [name: string]: string }
  readonly autostart: readonly string[]
}

export const contentsOf = (store: StoreService): Effect.Effect<Contents, StoreError> =>
  Effect.gen(function* () {
    const { heads, quarantined } = yield* store.indexDefinitions
    if (quarantined.length > 0) throw new Error(`half files: ${JSON.stringify(quarantined)}`)
    const texts = yield* Effect.forEach(heads, ({ name }) => store.readDefinition(name))
    return {
      definitions: Object.fromEntries(heads.map(({ name }, index) => [name, texts[index] ?? ""])),
      autostart: heads.filter(({ isAutostart }) => isAutostart).map(({ name }) => name)
    }
  })

/** The contents after the engine was started again. */
export const reopened = (disk: MemoryDisk): Contents => {
  const outcome = live(disk, contentsOf)
  if (outcome.kind !== "done") throw new Error(`cannot open again: ${JSON.stringify(outcome)}`)
  return outcome.value
}
