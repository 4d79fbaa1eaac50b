/** One machine in promises: its life, its definition, and ways to its guest, agent and consoles. */
import * as Effect from "effect/Effect"
import type { ByteChannel, ConsoleOptions } from "../engine/console.ts"
import type {
  AffectsOptions,
  Domain as DomainFace,
  DomainInfo,
  XmlOptions
} from "../engine/handle.ts"
import type { DomainSummary } from "../../actors/driver/reads.ts"
import type { DomainState } from "../model/state.ts"
import type { Report } from "../xml/reading.ts"
import type { Connection } from "./connection.ts"
import { Console } from "./console.ts"
import { type Agent, agentOf, type Guest, guestOf } from "./guest.ts"
import { type CallOptions, run } from "./run.ts"

export type ShutdownMode = "default" | "acpi" | "agent"

export interface StartOptions extends CallOptions {
  /** The guest waits before its first instruction, for `resume`. */
  readonly isPaused?: boolean
  /** The guest ends with this connection. */
  readonly autoDestroy?: Connection
}

type DefinedFace = DomainFace & { readonly reports?: readonly Report[] }

/** One machine, by its uuid: the same through renames and restarts. */
export class Domain {
  readonly uuid: string
  /** As it was called when this object was made. */
  readonly name: string
  /** What its definition says and what is not acted on, when it was defined by this call. */
  readonly reports: readonly Report[]
  readonly #face: DomainFace
  #guest: Guest | undefined
  #agent: Agent | undefined

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
    metadata: Parameters<DomainFace["setMetadata"]>[0],
    { signal, operationId, ...affects }: CallOptions & AffectsOptions = {}
  ): Promise<void> {
    return run(this.#face.setMetadata(metadata, affects), { signal, operationId })
  }

  /** The device of this XML: for the running guest, for its next start, or for both. */
  attachDevice(
    xml: string,
    { signal, operationId, ...affects }: CallOptions & AffectsOptions = {}
  ): Promise<void> {
    return run(this.#face.attachDevice(xml, affects), { signal, operationId })
  }

  /** The device that this XML describes. A guest may take its time to let it go. */
  detachDevice(
    xml: string,
    { signal, operationId, ...affects }: CallOptions & AffectsOptions = {}
  ): Promise<void> {
    return run(this.#face.detachDevice(xml, affects), { signal, operationId })
  }

  /** The same by the name that QEMU knows it by. */
  detachDeviceAlias(
    alias: string,
    { signal, operationId, ...affects }: CallOptions & AffectsOptions = {}
  ): Promise<void> {
    return run(this.#face.detachDeviceAlias(alias, affects), { signal, operationId })
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

  /** What is asked of its QEMU, and told to it: figures, memory, vCPUs, disks, screen, keys. */
  get guest(): Guest {
    this.#guest ??= guestOf(this.#face.guest)
    return this.#guest
  }

  /** What is asked of the guest itself, through its agent. */
  get agent(): Agent {
    this.#agent ??= agentOf(this.#face.agent)
    return this.#agent
  }

  /** A serial or parallel port or a console, by alias; else the first. One user at a time. */
  openConsole(options: CallOptions & ConsoleOptions = {}): Promise<Console> {
    return this.#open(this.#face.openConsole, options)
  }

  /** A channel, by alias or by the name of its port. */
  openChannel(options: CallOptions & ConsoleOptions = {}): Promise<Console> {
    return this.#open(this.#face.openChannel, options)
  }

  async #open(
    open: DomainFace["openConsole"],
    { signal, operationId, ...options }: CallOptions & ConsoleOptions
  ): Promise<Console> {
    const opened: ByteChannel[] = []
    try {
      const opening = Effect.tap(open(options), (channel) =>
        Effect.sync(() => opened.push(channel))
      )
      return new Console(await run(opening, { signal, operationId }), this.name)
    } catch (error) {
      // Aborted in the moment in which it was opened: nobody has it.
      for (const channel of opened) channel.close()
      throw error
    }
  }
}
