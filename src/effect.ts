/**
 * The engine as Effect services: `Troupe` and its layers, typed errors, streams of events. One
 * engine works on one root of this host; several may live in one process on different roots.
 * Installs no signal handlers, and leaves guests running when its scope closes, unless told
 * otherwise.
 */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import type { HostServices } from "../actors/driver/parts.ts"
import * as IdsLive from "./base/ids.live.ts"
import type { Engine, OpenError } from "./engine/engine.ts"
import * as FilesLive from "./host/files.live.ts"
import * as ProcessLive from "./host/process.live.ts"
import * as SocketLive from "./host/socket.live.ts"
import * as TerminalLive from "./host/terminal.live.ts"
import { makeEngine, type TroupeOptions } from "./open-engine.ts"

export * from "./errors.ts"
export type * from "./engine/engine.ts"
export type * from "./engine/handle.ts"
export type { TroupeOptions } from "./open-engine.ts"
export type { Report } from "./xml/reading.ts"
export type { Problem } from "../actors/driver/parts.ts"
export type { DomainFilter, DomainSummary } from "../actors/driver/reads.ts"
export type { Gap, Heard } from "../actors/event-bus.ts"
export type { ConfigSnapshot } from "./config/snapshot.ts"
export type { Domain as DomainDefinition } from "./model/domain.ts"
export type { DomainEvent } from "./model/event.ts"
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

/** An engine over a host that the caller gives: a simulated one, or a part of one replaced. */
export const layerWithoutHost = (
  options: TroupeOptions = {}
): Layer.Layer<Troupe, OpenError, HostServices> => Layer.effect(Troupe, makeEngine(options))

/** An engine on this host; open when the layer is built, detached when its scope closes. */
export const layer = (options: TroupeOptions = {}): Layer.Layer<Troupe, OpenError> =>
  Layer.provide(layerWithoutHost(options), hostLayer)
export { OperationId } from "./kernel/call.ts"
