/**
 * Owns all storage pools: what is defined, what is active, which volumes each has, and who works on
 * what. One actor for all, since names, uuids and folders are unique across them; nobody waits for
 * another pool's work, because work is the asker's own, between a claim and its end.
 *
 * It opens when it is first asked: reads the definitions, and starts the pools that are to start.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import { Ids } from "../../src/base/ids.ts"
import { answered, failed, type Request, type RequestMessage } from "../../src/base/protocol.ts"
import { Files } from "../../src/host/files.ts"
import { Processes } from "../../src/host/process.ts"
import { Actor } from "../../src/kernel/actor.ts"
import type { Action, Decision, Fact } from "../../src/kernel/behaviour.ts"
import type { KernelError } from "../../src/kernel/error.ts"
import type { Kernel } from "../../src/kernel/kernel.ts"
import { withoutCaller } from "../../src/kernel/script.ts"
import type { Pool, StorageEvent, Volume } from "../../src/model/storage.ts"
import type { StorageError } from "../../src/model/storage-error.ts"
import { lookAtPool, type Seen } from "../../src/storage/look.ts"
import type { Disk } from "../../src/store/disk.ts"
import type { StoreError } from "../../src/store/error.ts"
import type { Layout } from "../../src/store/layout.ts"
import { type Loaded, loadPools } from "./load.ts"
import {
  begun,
  type Change,
  changed,
  ended,
  type Hear,
  identityOf,
  initialState,
  type Job,
  seenAgain,
  type State
} from "./state.ts"

interface Protocol {
  readonly open: Request<object, void, StoreError>
  readonly begin: Request<{ readonly job: Job }, void, StorageError>
  readonly commit: Request<{
    readonly token: string
    readonly changes: readonly Change[]
    readonly events: readonly StorageEvent[]
  }>
}

type StorageFact = Fact &
  (
    | ({ readonly type: "loaded" } & Loaded)
    | { readonly type: "loadFailed"; readonly error: StoreError }
    | { readonly type: "autostarted"; readonly uuid: string; readonly seen: Seen | undefined }
    | { readonly type: "patienceOver" }
    | { readonly type: "end"; readonly token: string }
    | { readonly type: "seen"; readonly uuid: string; readonly volume: Volume }
    | { readonly type: "listen"; readonly number: number; readonly hear: Hear }
    | { readonly type: "leave"; readonly number: number }
  )

/** Whoever asks first waits so long for the pools that start with the engine. */
const patienceMs = 10_000

const autostartToken = (uuid: string): string => `autostart ${uuid}`

const reply = (calls: readonly number[], answer: ReturnType<typeof answered>): Action => ({
  type: "reply",
  params: { calls, answer }
})

const tell = (state: State, events: readonly StorageEvent[]): readonly Action[] =>
  events.flatMap((event) =>
    [...state.listeners.values()].map((hear) => ({
      type: "emit",
      params: { event: () => hear(event) }
    }))
  )

const open = (state: State, call: number): Decision<State> => {
  if (state.phase === "open" && state.starting.size === 0)
    return { next: state, actions: [reply([call], answered())] }
  const waiting = [...state.waiting, call]
  if (state.phase !== "closed") return { next: { ...state, waiting }, actions: [] }
  return { next: { ...state, phase: "opening", waiting }, actions: [{ type: "load" }] }
}

/** Answers those who waited for the pools, if there is nothing left to wait for. */
const settled = (state: State): Decision<State> =>
  state.starting.size > 0
    ? { next: state, actions: [] }
    : { next: { ...state, waiting: [] }, actions: [reply(state.waiting, answered())] }

const loaded = (state: State, { pools, autostart }: Loaded): Decision<State> => {
  const opened: State = {
    ...state,
    phase: "open",
    pools: new Map(pools.map((pool) => [pool.definition.uuid, pool])),
    starting: new Set(autostart)
  }
  const starts = autostart.map((uuid): Action => ({ type: "autostart", params: { key: uuid } }))
  const next = autostart.reduce((before, uuid) => {
    const claims = [{ on: "pool", uuid, mode: "write" } as const]
    const what = "start it with the engine"
    return Result.getOrElse(
      begun(before, { token: autostartToken(uuid), what, claims }),
      () => before
    )
  }, opened)
  const { next: settledNext, actions } = settled(next)
  const patience = starts.length === 0 ? [] : [{ type: "patience" }]
  return { next: settledNext, actions: [...starts, ...patience, ...actions] }
}

const autostarted = (state: State, uuid: string, seen: Seen | undefined): Decision<State> => {
  const token = autostartToken(uuid)
  const pool = state.pools.get(uuid)
  const looked = seen && changed(state, token, { type: "looked", uuid, ...seen })
  const starting = new Set(state.starting)
  starting.delete(uuid)
  const { next, actions } = settled({ ...ended(looked ?? state, token), starting })
  if (seen === undefined || pool === undefined) return { next, actions }
  const event = { type: "lifecycle", pool: identityOf(pool.definition), event: "started" } as const
  return { next, actions: [...tell(next, [event]), ...actions] }
}

const request = (state: State, message: RequestMessage<Protocol>): Decision<State> => {
  switch (message.type) {
    case "open":
      return open(state, message.call)
    case "begin": {
      const next = begun(state, message.job)
      const calls = [message.call]
      return Result.isFailure(next)
        ? { next: state, actions: [reply(calls, failed(next.failure))] }
        : { next: next.success, actions: [reply(calls, answered())] }
    }
    case "commit": {
      const { token, changes, events, call } = message
      const after = changes.reduce((before, change) => changed(before, token, change), state)
      const next = ended(after, token)
      return { next, actions: [...tell(next, events), reply([call], answered())] }
    }
  }
}

const silently = (next: State): Decision<State> => ({ next, actions: [] })

const fact = (state: State, message: StorageFact): Decision<State> => {
  switch (message.type) {
    case "loaded":
      return loaded(state, message)
    case "loadFailed": {
      const next: State = { ...state, phase: "closed", waiting: [] }
      return { next, actions: [reply(state.waiting, failed(message.error))] }
    }
    case "autostarted":
      return autostarted(state, message.uuid, message.seen)
    case "patienceOver":
      return settled({ ...state, starting: new Set() })
    case "end":
      return silently(ended(state, message.token))
    case "seen":
      return silently(seenAgain(state, message.uuid, message.volume))
    case "listen":
      return silently({
        ...state,
        listeners: new Map(state.listeners).set(message.number, message.hear)
      })
    case "leave": {
      const listeners = new Map(state.listeners)
      listeners.delete(message.number)
      return silently({ ...state, listeners })
    }
  }
}

const isRequest = (
  message: RequestMessage<Protocol> | StorageFact
): message is RequestMessage<Protocol> => "call" in message

export type StorageServices = Files | Ids | Processes

export interface StorageOptions {
  readonly kernel: Kernel
  readonly layout: Layout
  /** The engine root's id. */
  readonly root: string
  /** Where `qemu-img` is. */
  readonly program: Effect.Effect<string, never, Files>
  /** What went wrong without a call to tell it to. */
  readonly note: (problem: { readonly what: string; readonly why: string }) => void
}

export interface StoragePools {
  /** Returns when the definitions are read, and those with autostart started or given time to. */
  readonly open: Effect.Effect<void, StoreError | KernelError>
  /** As they stand. Empty until it was opened. */
  readonly pools: () => ReadonlyMap<string, Pool>
  readonly begin: (job: Job) => Effect.Effect<void, StorageError | KernelError>
  /** Publishes the changes, tells the events and ends the job, all in one turn. */
  readonly commit: (
    token: string,
    changes: readonly Change[],
    events: readonly StorageEvent[]
  ) => Effect.Effect<void, KernelError>
  /** Idempotent. */
  readonly end: (token: string) => void
  readonly isWorking: (token: string) => boolean
  readonly seen: (uuid: string, volume: Volume) => void
  /** `hear` is called on the actor's turn: it neither throws nor waits. */
  readonly subscribe: (hear: Hear) => Effect.Effect<void, never, Scope.Scope>
  readonly disk: Disk
  readonly root: string
  readonly program: Effect.Effect<string, never, Files>
  readonly services: Context.Context<StorageServices>
  readonly stop: () => Effect.Effect<void>
}

type StorageActor = Actor<State, Protocol, StorageFact, StorageServices>

const scriptsOf = (options: StorageOptions, disk: Disk, state: () => State) => {
  const { root, note } = options
  return {
    load: () =>
      loadPools(disk, note).pipe(
        Effect.map((found): StorageFact => ({ type: "loaded", ...found })),
        Effect.catch((error) => Effect.succeed<StorageFact>({ type: "loadFailed", error }))
      ),
    patience: () => Effect.as(Effect.sleep(patienceMs), { type: "patienceOver" } as StorageFact),
    autostart: ({ key: uuid }: { readonly key: string }) =>
      Effect.gen(function* () {
        const folder = state().pools.get(uuid)?.definition.target.path ?? "/"
        const isWorking = (token: string) => state().jobs.has(token)
        const program = yield* options.program
        const known = new Map<string, Volume>()
        const seen = yield* lookAtPool({ program, folder, known, root, isWorking })
        return { type: "autostarted", uuid, seen } as StorageFact
      }).pipe(
        Effect.catch(({ message }) => {
          const name = state().pools.get(uuid)?.definition.name ?? uuid
          note({ what: `autostart of storage pool '${name}'`, why: message })
          return Effect.succeed<StorageFact>({ type: "autostarted", uuid, seen: undefined })
        })
      )
  }
}

/** A listener that throws is its own mistake: it hears nothing of this, and nobody else notices. */
const guarded =
  (hear: Hear): Hear =>
  (event) =>
    void Result.try(() => hear(event))

/** The actor is made when it is first needed: an engine without pools has none. */
export const makeStoragePools = Effect.fnUntraced(function* (options: StorageOptions) {
  const services = withoutCaller(yield* Effect.context<StorageServices>())
  const { kernel, layout, root, program } = options
  const disk: Disk = {
    files: Context.get(services, Files),
    ids: Context.get(services, Ids),
    layout
  }
  let made: StorageActor | undefined
  const state = (): State => made?.published ?? initialState
  const make = (): StorageActor => {
    made ??= new Actor<State, Protocol, StorageFact, StorageServices>(
      {
        name: "storage",
        initial: { next: initialState, actions: [] },
        decide: (before, message) =>
          isRequest(message) ? request(before, message) : fact(before, message),
        describe: ({ phase }) => phase,
        onEmit: (act) => (act as () => void)(),
        scripts: scriptsOf(options, disk, state)
      },
      kernel,
      services
    )
    return made
  }
  const pools: StoragePools = {
    open: Effect.suspend(() => {
      const { phase, starting } = state()
      return phase === "open" && starting.size === 0 ? Effect.void : make().ask("open", {})
    }),
    pools: () => state().pools,
    begin: (job) => Effect.suspend(() => make().ask("begin", { job })),
    commit: (token, changes, events) =>
      Effect.suspend(() => make().ask("commit", { token, changes, events }, "control")),
    end: (token) => made?.tell({ type: "end", token }),
    isWorking: (token) => state().jobs.has(token),
    seen: (uuid, volume) => made?.tell({ type: "seen", uuid, volume }),
    subscribe: (hear) =>
      Effect.asVoid(
        Effect.acquireRelease(
          Effect.sync(() => {
            const number = kernel.number()
            make().tell({ type: "listen", number, hear: guarded(hear) })
            return number
          }),
          (number) => Effect.sync(() => made?.tell({ type: "leave", number }))
        )
      ),
    disk,
    root,
    program,
    services,
    stop: () => Effect.suspend(() => made?.stop() ?? Effect.void)
  }
  return pools
})
