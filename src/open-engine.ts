/**
 * Opens an engine on this host: finds its place, its dispatcher and its QEMU, which the engine
 * itself never looks for. The two faces of the library and the command line open theirs here.
 */
import { availableParallelism } from "node:os"
import * as Effect from "effect/Effect"
import { machines } from "../machines/index.ts"
import { fingerprints } from "./charts/fingerprint.ts"
import { type GuestsAtClose, openEngine } from "./engine/engine.ts"
import { nodeDispatcher } from "./kernel/dispatcher.live.ts"
import { emulatorFor, findPlace, type PlaceOptions } from "./place.ts"
import { version } from "./version.ts"

export interface TroupeOptions extends PlaceOptions {
  /** qemu.conf, in libvirt's syntax. By default `ROOT/etc/qemu.conf`, which need not exist. */
  readonly config?: string
  /** The QEMU of definitions that name none. By default that of their architecture in PATH. */
  readonly emulator?: string
  /** Guests that start at the same time, when the config does not say. */
  readonly startConcurrency?: number
  /** Whether domains with autostart are started when the engine opens. True by default. */
  readonly autostart?: boolean
  readonly guests?: GuestsAtClose
  /** Who opens it, for the message that a second engine on this root gives. */
  readonly owner?: string
}

/** Opens an engine for the life of the scope. */
export const makeEngine = Effect.fnUntraced(function* (options: TroupeOptions = {}) {
  const { config, emulator, autostart, guests } = options
  return yield* openEngine({
    place: yield* findPlace(options),
    program: version(),
    charts: () => fingerprints(machines),
    owner: options.owner ?? `a program, pid ${process.pid}`,
    dispatcher: nodeDispatcher(),
    emulatorFor: (arch) => emulator ?? emulatorFor(arch),
    startConcurrency: options.startConcurrency ?? 2 * availableParallelism(),
    config,
    autostart,
    guests
  })
})
