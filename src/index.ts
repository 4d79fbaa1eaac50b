/**
 * The engine for programs that speak in promises: open it, define domains, start them, watch what
 * happens. Every call takes an `AbortSignal`; what fails throws a tagged error whose message is a
 * sentence. Installs no signal handlers. Closing detaches: guests go on, unless told otherwise.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Face from "./effect.ts"
import type {
  Capabilities,
  ConfigSnapshot,
  DefineOptions,
  DomainFilter,
  DomainStats,
  DomainSummary,
  Engine,
  EventOptions,
  Heard,
  Key,
  ManyStatsOptions,
  MonitorEvent,
  MonitorEventOptions,
  NativeCommand,
  Problem,
  Published,
  ServeOptions,
  TroupeEvent,
  TroupeOptions
} from "./effect.ts"
import { Connection } from "./promise/connection.ts"
import { Domain, type StartOptions } from "./promise/domain.ts"
import { Events, eventsNow } from "./promise/events.ts"
import { type HostDevices, hostDevicesOf, type Node, nodeOf } from "./promise/node.ts"
import { type CallOptions, run } from "./promise/run.ts"
import { type Storage, storageOf } from "./promise/storage.ts"

export * from "./errors.ts"
export type * from "./promise/guest.ts"
export type * from "./promise/node.ts"
export type { DownloadOptions, Storage, UploadOptions } from "./promise/storage.ts"
export type { CallOptions, StartOptions }
export type { ShutdownMode } from "./promise/domain.ts"
export { Connection, Domain, Events }
export { Console } from "./promise/console.ts"
export { Download, Upload } from "./promise/storage.ts"
export type {
  AffectsOptions,
  Capabilities,
  ChannelEnd,
  ConfigSnapshot,
  ConsoleOptions,
  DefineOptions,
  DomainFilter,
  DomainInfo,
  DomainState,
  DomainStats,
  DomainSummary,
  EventOptions,
  Gap,
  Heard,
  Key,
  ManyStatsOptions,
  MonitorEvent,
  MonitorEventOptions,
  NativeCommand,
  NodeDeviceEvent,
  Piece,
  PoolKey,
  PoolSummary,
  Problem,
  Report,
  ServeOptions,
  ServeTls,
  StorageEvent,
  TroupeEvent,
  TroupeOptions,
  Volume,
  VolumeIdentity,
  VolumeKey,
  XmlOptions
} from "./effect.ts"

/** A domain as it is in this turn; asked later, it answers of the same moment. */
export type PublishedDomain = Omit<Face.PublishedDomain, "cpuTimeNs">

/** What is published of all domains, read at once and without a promise. */
export type PublishedDomains = {
  readonly [K in keyof Published]: Published[K] extends (
    ...args: infer P
  ) => readonly Face.PublishedDomain[]
    ? (...args: P) => readonly PublishedDomain[]
    : (...args: Parameters<Published[K]>) => PublishedDomain | undefined
}

/** The server of libvirt's RPC over an engine. */
export class Server implements AsyncDisposable {
  /** Where clients find it: paths, and `tls:HOST:PORT`. */
  readonly addresses: readonly string[]
  readonly #scope: Scope.Closeable

  constructor(addresses: readonly string[], scope: Scope.Closeable) {
    this.addresses = addresses
    this.#scope = scope
  }

  /** Lets calls under way end, for a bounded time, and drops all clients. The engine stays open. */
  close(): Promise<void> {
    return run(Scope.close(this.#scope, Exit.void))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** One engine on one root of this host. */
export class Troupe implements AsyncDisposable {
  readonly root: string
  /** Pools of disk images, and the volumes in them. */
  readonly storage: Storage
  /** The host itself: its size, memory, processor, devices, and which guests it can have. */
  readonly node: Node
  /** What of the host can be given to guests, who has it, and why not, where it cannot be given. */
  readonly hostdevs: HostDevices
  readonly #engine: Engine
  readonly #scope: Scope.Closeable
  /** Ends before the engine does, so that clients are told good-bye. */
  readonly #servers = Scope.makeUnsafe("parallel")

  private constructor(engine: Engine, scope: Scope.Closeable) {
    this.#engine = engine
    this.#scope = scope
    this.root = engine.place.root
    this.storage = storageOf(engine.storage, scope)
    this.node = nodeOf(engine.node, scope)
    this.hostdevs = hostDevicesOf(engine.hostdevs)
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

  /** What is published of all domains; `undefined` unless the engine is running. */
  published(): PublishedDomains | undefined {
    return this.#engine.published()
  }

  /** Figures of many domains; what a QEMU does not tell in time is left out. */
  domainStats({
    signal,
    operationId,
    ...options
  }: CallOptions & ManyStatsOptions = {}): Promise<readonly DomainStats[]> {
    return run(this.#engine.domainStats(options), { signal, operationId })
  }

  /**
   * Listens from now on, whether or not anybody iterates yet; what is too much is told as a gap.
   */
  events({ signal, operationId: _, ...options }: CallOptions & EventOptions = {}): Events {
    return eventsNow<TroupeEvent, unknown>(this.#engine.subscribe(options), signal)
  }

  /** QEMU's own events, names and data as they were told, from now on. */
  monitorEvents({
    signal,
    operationId: _,
    ...options
  }: CallOptions & MonitorEventOptions = {}): Events<Heard<MonitorEvent>> {
    return eventsNow(this.#engine.monitorEvents(options), signal)
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

  /** The command line that a definition would be started with. Takes nothing of the host. */
  toNative(xml: string, call: CallOptions = {}): Promise<NativeCommand> {
    return run(this.#engine.toNative(xml), call)
  }

  /** Host devices, and which start of which domain has each. */
  hostDevices(call: CallOptions = {}): Promise<Effect.Success<Engine["hostDevices"]>> {
    return run(this.#engine.hostDevices, call)
  }

  /**
   * Serves libvirt's RPC, so that virsh and other clients come to this engine; answers when it
   * returns, until it is closed or the engine is.
   */
  async serve({
    signal,
    operationId: _,
    ...options
  }: CallOptions & ServeOptions = {}): Promise<Server> {
    signal?.throwIfAborted()
    const scope = Scope.forkUnsafe(this.#servers)
    const serving = Face.serve(options).pipe(
      Effect.provideService(Face.Troupe, this.#engine),
      Scope.provide(scope),
      Effect.onError(() => Scope.close(scope, Exit.void))
    )
    return new Server((await run(serving, { signal })).addresses, scope)
  }

  /** Gives the root back. Guests go on, unless they are to be stopped. */
  async close(options?: Pick<TroupeOptions, "guests">): Promise<void> {
    await run(Scope.close(this.#servers, Exit.void))
    await run(this.#engine.close(options))
    await run(Scope.close(this.#scope, Exit.void))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
