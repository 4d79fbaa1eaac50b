/**
 * The engine for programs that speak in promises: open it, define domains, start them, watch what
 * happens. Every call takes an `AbortSignal`; what fails throws a tagged error whose message is a
 * sentence. Installs no signal handlers. Closing detaches: guests go on, unless told otherwise.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { OperationId } from "./kernel/call.ts"
import * as Face from "./effect.ts"
import type {
  AffectsOptions,
  Capabilities,
  ConfigSnapshot,
  DefineOptions,
  DomainFilter,
  DomainInfo,
  DomainState,
  DomainSummary,
  Engine,
  EventOptions,
  Key,
  Problem,
  Report,
  TroupeEvent,
  TroupeOptions,
  XmlOptions
} from "./effect.ts"

export * from "./errors.ts"
export type {
  AffectsOptions,
  Capabilities,
  ConfigSnapshot,
  DefineOptions,
  DomainFilter,
  DomainInfo,
  DomainState,
  DomainSummary,
  EventOptions,
  Key,
  Problem,
  Report,
  TroupeEvent,
  TroupeOptions,
  XmlOptions
}

/** Aborted, the call is interrupted and throws the signal's reason. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined
  /** The same again, also after a restart of the engine: answered as it was, and not done twice. */
  readonly operationId?: string | undefined
}

const run = async <A, E>(
  effect: Effect.Effect<A, E>,
  { signal, operationId }: CallOptions = {}
): Promise<A> => {
  signal?.throwIfAborted()
  const isOnce = operationId !== undefined
  const work = isOnce ? Effect.provideService(effect, OperationId, operationId) : effect
  const exit = await Effect.runPromiseExit(work, signal && { signal })
  if (Exit.isSuccess(exit)) return exit.value
  if (signal?.aborted === true && Cause.hasInterruptsOnly(exit.cause)) throw signal.reason
  throw Cause.squash(exit.cause)
}

export type ShutdownMode = "default" | "acpi" | "agent"

export interface StartOptions extends CallOptions {
  /** The guest waits before its first instruction, for `resume`. */
  readonly isPaused?: boolean
  /** The guest ends with this connection. */
  readonly autoDestroy?: Connection
}

type DefinedFace = Face.Domain & { readonly reports?: readonly Report[] }

/** One machine, by its uuid: the same through renames and restarts. */
export class Domain {
  readonly uuid: string
  /** As it was called when this object was made. */
  readonly name: string
  /** What its definition says and what is not acted on, when it was defined by this call. */
  readonly reports: readonly Report[]
  readonly #face: Face.Domain

  constructor(face: DefinedFace) {
    this.#face = face
    this.uuid = face.uuid
    this.name = face.name
    this.reports = face.reports ?? []
  }

  /** Starts the persistent definition; the number of the running domain. */
  start({ signal, operationId, ...options }: StartOptions = {}): Promise<number> {
    return run(this.#face.start(options), { signal, operationId })
  }

  suspend(call: CallOptions = {}): Promise<void> {
    return run(this.#face.suspend, call)
  }

  resume(call: CallOptions = {}): Promise<void> {
    return run(this.#face.resume, call)
  }

  /** Asks the guest to end; `waitFor("shutoff")` tells when it has. */
  shutdown({ mode, ...call }: CallOptions & { readonly mode?: ShutdownMode } = {}): Promise<void> {
    return run(this.#face.shutdown(mode), call)
  }

  reboot({ mode, ...call }: CallOptions & { readonly mode?: ShutdownMode } = {}): Promise<void> {
    return run(this.#face.reboot(mode), call)
  }

  reset(call: CallOptions = {}): Promise<void> {
    return run(this.#face.reset, call)
  }

  /** Wakes a guest that sleeps (pmsuspended). */
  wakeup(call: CallOptions = {}): Promise<void> {
    return run(this.#face.wakeup, call)
  }

  /** Ends the guest, in bounded time. Graceful: QEMU gets time to flush its disks. */
  destroy({
    signal,
    operationId,
    ...options
  }: CallOptions & { readonly isGraceful?: boolean } = {}): Promise<void> {
    return run(this.#face.destroy(options), { signal, operationId })
  }

  undefine(call: CallOptions = {}): Promise<void> {
    return run(this.#face.undefine, call)
  }

  rename(name: string, call: CallOptions = {}): Promise<void> {
    return run(this.#face.rename(name), call)
  }

  setAutostart(isAutostart: boolean, call: CallOptions = {}): Promise<void> {
    return run(this.#face.setAutostart(isAutostart), call)
  }

  title(call: CallOptions = {}): Promise<string | undefined> {
    return run(this.#face.title, call)
  }

  setTitle(
    text: string | undefined,
    { signal, operationId, ...affects }: CallOptions & AffectsOptions = {}
  ): Promise<void> {
    return run(this.#face.setTitle(text, affects), { signal, operationId })
  }

  description(call: CallOptions = {}): Promise<string | undefined> {
    return run(this.#face.description, call)
  }

  setDescription(
    text: string | undefined,
    { signal, operationId, ...affects }: CallOptions & AffectsOptions = {}
  ): Promise<void> {
    return run(this.#face.setDescription(text, affects), { signal, operationId })
  }

  /** The element of `<metadata>` in this namespace, as text. */
  metadata(uri: string, call: CallOptions = {}): Promise<string | undefined> {
    return run(this.#face.metadata(uri), call)
  }

  setMetadata(
    metadata: Parameters<Face.Domain["setMetadata"]>[0],
    { signal, operationId, ...affects }: CallOptions & AffectsOptions = {}
  ): Promise<void> {
    return run(this.#face.setMetadata(metadata, affects), { signal, operationId })
  }

  /** State, id, epoch, and whether it is persistent; without waiting for anybody. */
  summary(call: CallOptions = {}): Promise<DomainSummary> {
    return run(this.#face.summary, call)
  }

  info(call: CallOptions = {}): Promise<DomainInfo> {
    return run(this.#face.info, call)
  }

  /** The live definition of a running domain, or the persistent one. */
  xml({ signal, operationId, ...options }: CallOptions & XmlOptions = {}): Promise<string> {
    return run(this.#face.xml(options), { signal, operationId })
  }

  /** What QEMU said last, on its standard error. */
  log({
    signal,
    operationId,
    ...options
  }: CallOptions & { readonly linesMax?: number } = {}): Promise<readonly string[]> {
    return run(this.#face.log(options), { signal, operationId })
  }

  /** Returns when the domain is in this state; one that is no more counts as shut off. */
  waitFor(
    state: DomainState,
    { signal, operationId, ...options }: CallOptions & { readonly timeoutMs?: number } = {}
  ): Promise<void> {
    return run(this.#face.waitFor(state, options), { signal, operationId })
  }
}

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

/**
 * What happens to domains, from the moment it was asked for. Ends with the engine, or with
 * `return`.
 */
export class Events implements AsyncIterableIterator<TroupeEvent>, AsyncDisposable {
  readonly #take: Effect.Effect<TroupeEvent | undefined>
  readonly #scope: Scope.Closeable
  readonly #signal: AbortSignal | undefined

  constructor(
    take: Effect.Effect<TroupeEvent | undefined>,
    scope: Scope.Closeable,
    signal: AbortSignal | undefined
  ) {
    this.#take = take
    this.#scope = scope
    this.#signal = signal
  }

  /** Aborted, it throws the signal's reason and is over. */
  async next(): Promise<IteratorResult<TroupeEvent, undefined>> {
    try {
      const value = await run(this.#take, { signal: this.#signal })
      return value === undefined ? await this.return() : { done: false, value }
    } catch (error) {
      await this.return()
      throw error
    }
  }

  async return(): Promise<IteratorResult<TroupeEvent, undefined>> {
    await run(Scope.close(this.#scope, Exit.void))
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }
}

/** One engine on one root of this host. */
export class Troupe implements AsyncDisposable {
  readonly root: string
  readonly #engine: Engine
  readonly #scope: Scope.Closeable

  private constructor(engine: Engine, scope: Scope.Closeable) {
    this.#engine = engine
    this.#scope = scope
    this.root = engine.place.root
  }

  /** Opens the root, takes over the guests that run, starts those with autostart. */
  static async open({
    signal,
    operationId: _,
    ...options
  }: TroupeOptions & CallOptions = {}): Promise<Troupe> {
    const scope = Scope.makeUnsafe()
    const opening = Layer.buildWithScope(Face.layer(options), scope).pipe(
      Effect.onError(() => Scope.close(scope, Exit.void))
    )
    return new Troupe(Context.get(await run(opening, { signal }), Face.Troupe), scope)
  }

  /** Makes a persistent domain, or replaces its definition; durable when it returns. */
  async define(
    xml: string,
    { signal, operationId, ...options }: CallOptions & DefineOptions = {}
  ): Promise<Domain> {
    return new Domain(await run(this.#engine.defineXML(xml, options), { signal, operationId }))
  }

  /** Starts this definition; a domain that was not there before ends with its guest. */
  async create(
    xml: string,
    { signal, operationId, ...options }: StartOptions & DefineOptions = {}
  ): Promise<Domain> {
    return new Domain(await run(this.#engine.createXML(xml, options), { signal, operationId }))
  }

  /** By name, uuid or number; a text is tried as each of them, in this order. */
  async lookup(key: Key, call: CallOptions = {}): Promise<Domain> {
    return new Domain(await run(this.#engine.lookup(key), call))
  }

  /** All domains at one moment, by name. */
  list({
    signal,
    operationId,
    ...filter
  }: CallOptions & DomainFilter = {}): Promise<readonly DomainSummary[]> {
    return run(this.#engine.list(filter), { signal, operationId })
  }

  /**
   * Listens from now on, whether or not anybody iterates yet; what is too much is told as a gap.
   */
  events({ signal, operationId, ...options }: CallOptions & EventOptions = {}): Events {
    signal?.throwIfAborted()
    const scope = Scope.makeUnsafe()
    const subscribing = Scope.provide(this.#engine.subscribe(options), scope)
    return new Events(Effect.runSync(subscribing), scope, signal)
  }

  async connect(call: CallOptions = {}): Promise<Connection> {
    const scope = Scope.makeUnsafe()
    const { id } = await run(Scope.provide(this.#engine.connect, scope), call)
    return new Connection(id, scope)
  }

  config(call: CallOptions = {}): Promise<ConfigSnapshot> {
    return run(this.#engine.config, call)
  }

  /** Takes the file as a whole, or throws what is wrong with it and changes nothing. */
  reloadConfig(call: CallOptions = {}): Promise<ConfigSnapshot> {
    return run(this.#engine.reloadConfig, call)
  }

  /** For a signal handler of the program's own; what is wrong with the file shows in `problems`. */
  reloadConfigSoon(): void {
    Effect.runSync(this.#engine.reloadConfigSoon)
  }

  /** What went wrong without a call to tell it to, oldest first. */
  problems(call: CallOptions = {}): Promise<readonly Problem[]> {
    return run(this.#engine.problems, call)
  }

  /** The last turns of every actor, as the text of a trace file. */
  trace(call: CallOptions = {}): Promise<string> {
    return run(this.#engine.trace, call)
  }

  /** What a QEMU can do; KVM is tried by a guest that really runs. */
  capabilities(emulator?: string, call: CallOptions = {}): Promise<Capabilities> {
    return run(this.#engine.capabilities(emulator), call)
  }

  /** Host devices, and which start of which domain has each. */
  hostDevices(call: CallOptions = {}): Promise<Effect.Success<Engine["hostDevices"]>> {
    return run(this.#engine.hostDevices, call)
  }

  /** Gives the root back. Guests go on, unless they are to be stopped. */
  async close(options?: Pick<TroupeOptions, "guests">): Promise<void> {
    await run(this.#engine.close(options))
    await run(Scope.close(this.#scope, Exit.void))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
