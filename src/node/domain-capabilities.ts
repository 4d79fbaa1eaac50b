/** Everything that a guest of one kind may have, put together from the offers. Pure. */
import * as Effect from "effect/Effect"
import type { Capabilities } from "../qemu/capabilities.ts"
import type { FirmwareDescriptor } from "../qemu/firmware.ts"
import type { ModelFeatures } from "../qemu/probe-models.ts"
import type { DomainCapabilitiesText } from "../xml/domain-capabilities.ts"
import { cpuMaxOf, type Meant } from "./guests.ts"
import { offeredCpus } from "./offered-cpu.ts"
import { offeredFirmware } from "./offered-firmware.ts"
import {
  offeredDevices,
  offeredFeatures,
  offeredHyperv,
  offeredMemorySources,
  offersIothreads
} from "./offers.ts"
import type { TrialGround } from "./trial.ts"

export interface OfferSources {
  readonly capabilities: Capabilities
  readonly models: readonly ModelFeatures[]
  readonly firmwares: readonly FirmwareDescriptor[]
  readonly hasIommu: boolean
}

/** About a hundred guests are built on paper: others have their turn in between. */
export const domainCapabilities = Effect.fnUntraced(function* (
  { machine, arch, domain }: Meant,
  { capabilities, models, firmwares, hasIommu }: OfferSources
) {
  const ground: TrialGround = { capabilities, domain, machine: machine.name, arch, firmwares }
  const os = offeredFirmware(ground)
  yield* Effect.yieldNow
  const cpu = offeredCpus(ground, models)
  yield* Effect.yieldNow
  const devices = yield* offeredDevices(ground, hasIommu)
  const text: DomainCapabilitiesText = {
    path: capabilities.binary,
    domain,
    machine: machine.name,
    arch,
    vcpuMax: cpuMaxOf(machine),
    hasIothreads: offersIothreads(ground),
    os,
    cpu,
    memorySources: offeredMemorySources(ground),
    devices,
    features: offeredFeatures(ground),
    hyperv: offeredHyperv(ground)
  }
  return text
})
