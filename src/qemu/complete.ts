/**
 * Fills in what libvirt adds to a definition without saying: the canonical machine, controllers,
 * addresses, displays, the balloon, so that a guest sees the same hardware at the same places under
 * either. Pure: the same domain, binary and fresh values give the same result.
 */
import * as Result from "effect/Result"
import { orderDevices } from "../model/device-order.ts"
import type { Domain } from "../model/domain.ts"
import { assignAliases } from "./alias.ts"
import { archsOf, machineNamed } from "./capabilities.ts"
import { addressKinds } from "./complete/address-kind.ts"
import { boot, cpu, generationId, machine } from "./complete/board.ts"
import { consoleMirror, ports, sockets, virtioPorts } from "./complete/characters.ts"
import {
  always,
  boardOf,
  type CompleteContext,
  type CompleteOptions,
  type Step
} from "./complete/context.ts"
import { boardControllers, neededControllers } from "./complete/controllers.ts"
import { disks } from "./complete/disks.ts"
import { audio, listens, video } from "./complete/displays.ts"
import { firmwareImage, variables } from "./complete/firmware.ts"
import { scsiHostdevs } from "./complete/hostdevs.ts"
import { interfaces } from "./complete/interfaces.ts"
import { pciAddresses, pciAddressesAsBuilt } from "./complete/pci.ts"
import { filesystems, inputs, memballoon } from "./complete/small.ts"
import { usbAddresses } from "./complete/usb.ts"
import { type CompleteError, Unavailable } from "./refusal.ts"

export type { CompleteOptions } from "./complete/context.ts"
export { macsNeeded } from "./complete/interfaces.ts"

const order = always((domain) => ({ ...domain, devices: orderDevices(domain.devices) }))

/** In this order: a later step stands on what an earlier one made sure of. */
const steps: readonly Step[] = [
  machine,
  cpu,
  generationId,
  boot,
  variables,
  boardControllers,
  memballoon,
  audio,
  disks,
  scsiHostdevs,
  filesystems,
  interfaces,
  consoleMirror,
  ports,
  sockets,
  neededControllers,
  inputs,
  video,
  listens,
  addressKinds,
  virtioPorts,
  pciAddresses,
  usbAddresses,
  order
]

const contextOf = (
  domain: Domain,
  options: CompleteOptions
): Result.Result<CompleteContext, Unavailable> => {
  const { capabilities } = options
  const unavailable = (element: string, reason: string) =>
    Result.fail(new Unavailable({ domain: domain.name, element, reason }))
  const { arch, machine: name } = domain.os
  if (arch !== undefined && !archsOf(capabilities).includes(arch)) {
    return unavailable(
      `<os><type arch='${arch}'>`,
      `${capabilities.binary} runs ${capabilities.arch}`
    )
  }
  const machine = machineNamed(capabilities, name)
  if (machine === undefined) {
    const wanted = name === undefined ? "a default machine" : `a machine '${name}'`
    return unavailable("<os><type>", `${capabilities.binary} does not have ${wanted}`)
  }
  const board = boardOf(machine.name)
  if (board === undefined) {
    return unavailable("<os><type>", `the board of '${machine.name}' is not supported`)
  }
  return Result.succeed({ ...options, machine, board })
}

const run = (
  domain: Domain,
  options: CompleteOptions,
  steps: readonly Step[]
): Result.Result<Domain, CompleteError> =>
  Result.gen(function* () {
    const context = yield* contextOf(domain, options)
    let completed = domain
    for (const step of steps) completed = yield* step(completed, context)
    return completed
  })

/**
 * The definition as libvirt would store it. Idempotent: what is complete stays as it is, addresses
 * included.
 */
export function completeDomain(
  domain: Domain,
  options: CompleteOptions
): Result.Result<Domain, CompleteError> {
  return run(domain, options, steps)
}

/** A definition that names no QEMU is started by that of the config; its guest goes on with it. */
const emulator = always((domain, { capabilities }) => ({
  ...domain,
  emulator: domain.emulator ?? capabilities.binary
}))

/** What only a start needs, and a definition does not keep. */
const startSteps: readonly Step[] = [firmwareImage, emulator, always(assignAliases)]

/** A definition as a running guest has it: its firmware chosen, its devices named as in QEMU. */
export function prepareDomain(
  domain: Domain,
  options: CompleteOptions
): Result.Result<Domain, CompleteError> {
  return run(domain, options, [...steps, ...startSteps])
}

/** Where a device goes that comes while the guest runs. */
const plugSteps: readonly Step[] = [addressKinds, pciAddressesAsBuilt, usbAddresses]

/** A running guest as it is with one device more; that one is given a place, and nothing else. */
export function placeDevices(
  live: Domain,
  options: Pick<CompleteOptions, "capabilities" | "isExpress">
): Result.Result<Domain, CompleteError> {
  return run(live, { macs: [], nvramDirectory: "", ...options }, plugSteps)
}
