/**
 * The engine as Effect services: `Troupe` and its layers, typed errors, streams of events. One
 * engine works on one root of this host; several may live in one process on different roots.
 * Installs no signal handlers, and leaves guests running when its scope closes, unless told
 * otherwise.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { HostServices } from "../actors/driver/parts.ts"
import * as IdsLive from "./base/ids.live.ts"
import type { Engine, OpenError } from "./engine/engine.ts"
import * as FilesLive from "./host/files.live.ts"
import * as ProcessLive from "./host/process.live.ts"
import * as SocketLive from "./host/socket.live.ts"
import * as TerminalLive from "./host/terminal.live.ts"
import { makeEngine, type TroupeOptions } from "./open-engine.ts"
import type { ServeError, ServeOptions, Serving } from "./serve-engine.ts"

export * from "./errors.ts"
export type * from "./engine/engine.ts"
export type * from "./engine/handle.ts"
export type * from "./engine/agent.ts"
export type * from "./engine/console.ts"
export type * from "./engine/guest.ts"
export type * from "./engine/guest-events.ts"
export type * from "./engine/guest-many.ts"
export type * from "./engine/hostdevs.ts"
export type * from "./engine/native.ts"
export type * from "./engine/node.ts"
export type * from "./engine/node-cpus.ts"
export type * from "./engine/node-device.ts"
export type * from "./engine/node-device-take.ts"
export type * from "./engine/node-guests.ts"
export type * from "./engine/published.ts"
export type * from "./engine/storage.ts"
export type * from "./model/guest-info.ts"
export type * from "./model/node-device.ts"
export type * from "./model/storage.ts"
export type { ServeError, ServeOptions, ServeTls, Serving } from "./serve-engine.ts"
export type { TroupeOptions } from "./open-engine.ts"
export type { Report } from "./xml/reading.ts"
export type { Problem } from "../actors/driver/parts.ts"
export type { DomainFilter, DomainSummary } from "../actors/driver/reads.ts"
export type { Gap, Heard } from "../actors/event-bus.ts"
export type { ConfigSnapshot } from "./config/snapshot.ts"
export type { Domain as DomainDefinition } from "./model/domain.ts"
export type { DomainEvent, MonitorEvent } from "./model/event.ts"
export type { DomainState } from "./model/state.ts"
export type { Capabilities } from "./qemu/capabilities.ts"

/** The engine of one root. */
export class Troupe extends Context.Service<Troupe, Engine>()("troupe/Troupe") {}

/** What an engine needs of its host: files, processes, sockets, identities. */
export const hostLayer: Layer.Layer<HostServices> = Layer.mergeAll(
  FilesLive.layer,
  ProcessLive.layer,
  SocketLive.layer,
  TerminalLive.layer,
  IdsLive.layer
)

/**
 * Serves libvirt's RPC over the engine until the scope closes, so that virsh and other clients come
 * to it. The server is loaded when it is asked for: most programs never do.
 */
export const serve = Effect.fnUntraced(function* (
  options: ServeOptions = {}
): Effect.fn.Return<Serving, ServeError, Troupe | Scope.Scope> {
  const engine = yield* Troupe
  const { serveEngine } = yield* Effect.promise(() => import("./serve-engine.ts"))
  const host = yield* Layer.build(hostLayer)
  return yield* Effect.provideContext(serveEngine(engine, options), host)
})

/** An engine over a host that the caller gives: a simulated one, or a part of one replaced. */
export const layerWithoutHost = (
  options: TroupeOptions = {}
): Layer.Layer<Troupe, OpenError, HostServices> => Layer.effect(Troupe, makeEngine(options))

/** An engine on this host; open when the layer is built, detached when its scope closes. */
export const layer = (options: TroupeOptions = {}): Layer.Layer<Troupe, OpenError> =>
  Layer.provide(layerWithoutHost(options), hostLayer)
export { OperationId } from "./kernel/call.ts"
