/**
 * The QEMUs that questions about guests are put to: which binary is meant, what the probe says of
 * it, and the texts that were made of that, for as long as the probe's answer stands.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Driver } from "../../actors/driver/driver.ts"
import type { CallError } from "../../actors/driver/once.ts"
import type { Parts } from "../../actors/driver/parts.ts"
import type { Ids } from "../base/ids.ts"
import type { Files } from "../host/files.ts"
import { makeCall } from "../kernel/call.ts"
import { NodeArgumentInvalid, NodeUnsupported } from "../node/error.ts"
import {
  type DomainCapabilitiesRequest,
  type GuestArch,
  guestMeant,
  isGuestArch
} from "../node/guests.ts"
import type { Places } from "../node/host-facts.ts"
import type { Capabilities } from "../qemu/capabilities.ts"
import type { ModelFeatures } from "../qemu/probe-models.ts"

export interface NodeGround {
  readonly driver: Driver
  readonly emulatorFor: (arch: string | undefined) => string
  readonly places: Effect.Effect<Places, never, Files>
  readonly uuid: Effect.Effect<string, never, Files | Ids>
  readonly services: Context.Context<Files | Ids>
}

/** A QEMU, with its models spelled out. */
export interface Emulator {
  readonly capabilities: Capabilities
  readonly models: readonly ModelFeatures[]
}

/** Runs a question within a lease of the driver, so that the engine does not end under it. */
export const asking =
  ({ driver, services }: NodeGround) =>
  <A, E>(
    procedure: string,
    work: (parts: Parts) => Effect.Effect<A, E, Files | Ids>
  ): Effect.Effect<A, E | CallError> =>
    driver.call(makeCall(procedure), (parts) => Effect.provideContext(work(parts), services))

/** The QEMU of definitions that name none. */
export const binaryFor = (
  { emulatorFor }: NodeGround,
  { config }: Parts,
  arch: string | undefined
): string => config.current().values.troupeEmulator || emulatorFor(arch)

export const probed = Effect.fnUntraced(function* ({ prober }: Parts, binary: string) {
  const capabilities = yield* prober.withKvm(binary)
  const emulator: Emulator = { capabilities, models: yield* prober.models(binary) }
  return emulator
})

const notBuilt = (arch: string) =>
  new NodeUnsupported({ what: `arch '${arch}'`, why: "guests of it are not built" })

/** An architecture of which guests are built. */
export const builtArch = (arch: string): Effect.Effect<GuestArch, NodeUnsupported> =>
  isGuestArch(arch) ? Effect.succeed(arch) : Effect.fail(notBuilt(arch))

/** The QEMU that a request means, and which of its guests. */
export const meantBy = Effect.fnUntraced(function* (
  ground: NodeGround,
  parts: Parts,
  request: DomainCapabilitiesRequest
) {
  const { emulator: path, arch } = request
  if (path === undefined && arch !== undefined) yield* builtArch(arch)
  if (path !== undefined && !path.startsWith("/")) {
    const why = "it is not an absolute path"
    return yield* new NodeArgumentInvalid({ argument: `emulator '${path}'`, why })
  }
  const emulator = yield* probed(parts, path ?? binaryFor(ground, parts, arch))
  return { emulator, guest: yield* Effect.fromResult(guestMeant(request, emulator.capabilities)) }
})

/** Texts of one QEMU: machines, architectures and accelerators that anybody asked for. */
const textsMax = 64

/** Kept for one answer of the probe; one that was asked again is another object. */
export const makeTexts = () => {
  const kept = new WeakMap<Capabilities, Map<string, string>>()
  return <E, R>(
    capabilities: Capabilities,
    key: string,
    make: Effect.Effect<string, E, R>
  ): Effect.Effect<string, E, R> =>
    Effect.suspend(() => {
      const texts = kept.get(capabilities) ?? new Map<string, string>()
      kept.set(capabilities, texts)
      const known = texts.get(key)
      if (known !== undefined) return Effect.succeed(known)
      if (texts.size >= textsMax) texts.clear()
      return Effect.tap(make, (text) => Effect.sync(() => texts.set(key, text)))
    })
}
