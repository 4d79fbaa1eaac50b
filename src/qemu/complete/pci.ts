/**
 * PCI addresses in two passes over the same rules. The first is a dry run that finds which buses
 * are missing; the second starts afresh with all of them, so that a device can end on another bus
 * than the one it made necessary. Which device comes when is pci-order.ts; what fits where
 * address-pci.ts.
 */
import * as Result from "effect/Result"
import type { PciAddress } from "../../model/address.ts"
import { type Device, devicesOf } from "../../model/device.ts"
import type { Controller } from "../../model/device/controller.ts"
import type { Domain } from "../../model/domain.ts"
import {
  isPciBusModel,
  PciBuses,
  type PciBusModel,
  type PciNeed,
  type PciPlace
} from "../address-pci.ts"
import { hasType } from "../capabilities.ts"
import { Conflict } from "../refusal.ts"
import { addressKey, elementOf } from "./element.ts"
import { type CompleteContext, editDevices, replaceDevices, type Step } from "./context.ts"
import { needOfBus, pciNeed } from "./pci-needs.ts"
import { functionsBesideMaster, fixedPlaces, placingOrder } from "./pci-order.ts"
import { completeTargets } from "./pci-targets.ts"

/** Where each device went, by its position in the domain's list. */
type Places = Map<number, PciPlace>

interface Pass {
  readonly domain: Domain
  readonly context: CompleteContext
  readonly buses: PciBuses
  readonly places: Places
}

const isBus = (controller: Controller): controller is Controller & { index: number } =>
  controller.type === "pci" && controller.index !== undefined

/** The models of all buses up to the highest index; a gap is what would be added there. */
const busModels = (domain: Domain, { board }: CompleteContext): readonly PciBusModel[] => {
  const buses = devicesOf(domain, "controller").filter(isBus)
  const usual: PciBusModel = board === "q35" ? "pcie-root-port" : "pci-bridge"
  const last = Math.max(0, ...buses.map((bus) => bus.index))
  return Array.from({ length: last + 1 }, (_, index) => {
    const model = buses.find((bus) => bus.index === index)?.model
    if (isPciBusModel(model)) return model
    if (index > 0) return usual
    return board === "q35" ? "pcie-root" : "pci-root"
  })
}

const conflict = (domain: Domain, device: Device | undefined, reason: string) =>
  Result.fail(
    new Conflict({
      domain: domain.name,
      element: device === undefined ? "the board" : elementOf(device),
      reason
    })
  )

const pciAddressOf = (device: Device): PciAddress | undefined =>
  "address" in device && device.address?.type === "pci" ? device.address : undefined

/** A device that has some other address, or is told to have none, is none of ours. */
const wantsPci = (device: Device): boolean => !("address" in device) || device.address === undefined

const needIn = (pass: Pass, device: Device): PciNeed | undefined => pciNeed(device, pass.context)

const fallback: PciNeed = { plug: "pci-device", isEndpoint: true }

/** Addresses that the definition gives. The board's own functions are taken with the board. */
const takeGiven = (pass: Pass): Result.Result<void, Conflict> => {
  for (const [position, device] of pass.domain.devices.entries()) {
    const address = pciAddressOf(device)
    if (address === undefined) continue
    const place: PciPlace = address
    const isFixed = fixedPlaces(device, pass.context.board)?.key === addressKey(place)
    const problem = isFixed ? undefined : pass.buses.take(place, needIn(pass, device) ?? fallback)
    if (problem !== undefined) return conflict(pass.domain, device, problem)
    pass.places.set(position, place)
  }
  return Result.succeed(undefined)
}

const onBoard: PciNeed = { plug: "pcie-device", isEndpoint: false, isIntegrated: true }

/** The functions that the chipset has whether or not the definition mentions them. */
const takeBoard = (pass: Pass): Result.Result<void, Conflict> => {
  const slot = pass.context.board === "q35" ? 0x1f : 1
  for (const own of [0, 3]) {
    const place = { domain: 0, bus: 0, slot, function: own }
    const problem = pass.buses.take(place, onBoard)
    if (problem !== undefined) return conflict(pass.domain, undefined, problem)
  }
  for (const [position, device] of pass.domain.devices.entries()) {
    const fixed = fixedPlaces(device, pass.context.board)
    if (fixed === undefined) continue
    const given = pciAddressOf(device)
    if (given !== undefined && addressKey(given) !== fixed.key) {
      return conflict(pass.domain, device, `its place on this board is ${fixed.key}`)
    }
    const problem = pass.buses.take(fixed.place, onBoard)
    if (problem !== undefined) return conflict(pass.domain, device, problem)
    pass.places.set(position, fixed.place)
  }
  return takePreferred(pass)
}

const preferred = (pass: Pass, position: number, slots: readonly number[]): boolean => {
  for (const slot of slots) {
    if (pass.buses.isSlotUsed(0, slot)) continue
    const place = { domain: 0, bus: 0, slot, function: 0 }
    if (pass.buses.take(place, onBoard) !== undefined) continue
    pass.places.set(position, place)
    return true
  }
  return false
}

/** Devices that stand at a customary slot of the board when it is free. */
const takePreferred = (pass: Pass): Result.Result<void, Conflict> => {
  const { domain, context } = pass
  const position = (is: (device: Device) => boolean) =>
    domain.devices.findIndex((device) => is(device))
  const wants = (at: number): boolean => {
    const device = domain.devices[at]
    return device !== undefined && wantsPci(device)
  }
  if (context.board === "q35") {
    for (const [at, device] of domain.devices.entries()) {
      const isMaster = device.kind === "controller" && device.model === "ich9-uhci1"
      if (isMaster && wants(at)) preferred(pass, at, [0x1d, 0x1a])
      const isDmi = device.kind === "controller" && device.model === "dmi-to-pci-bridge"
      if (isDmi && wants(at)) preferred(pass, at, [0x1e])
    }
    const sound = position((device) => device.kind === "sound" && device.model === "ich9")
    if (sound >= 0 && wants(sound)) preferred(pass, sound, [0x1b])
  }
  const video = position((device) => device.kind === "video")
  const primary = domain.devices[video]
  if (primary === undefined || !wants(video) || needIn(pass, primary) === undefined) {
    return Result.succeed(undefined)
  }
  if (preferred(pass, video, [context.board === "q35" ? 1 : 2])) return Result.succeed(undefined)
  return takeNext(pass, video, primary)
}

const takeNext = (pass: Pass, position: number, device: Device): Result.Result<void, Conflict> => {
  const need = needIn(pass, device)
  if (need === undefined) return Result.succeed(undefined)
  const beside = functionsBesideMaster(pass.domain, device, (other) => pass.places.get(other))
  if (beside?.place !== undefined) {
    const problem = pass.buses.take(beside.place, need)
    if (problem !== undefined) return conflict(pass.domain, device, problem)
    pass.places.set(position, beside.place)
    return Result.succeed(undefined)
  }
  const place = pass.buses.takeNext(need, beside?.function)
  if (place === undefined) return conflict(pass.domain, device, "no PCI slot is free for it")
  pass.places.set(position, place)
  return Result.succeed(undefined)
}

const takeRest = (pass: Pass): Result.Result<void, Conflict> =>
  Result.gen(function* () {
    for (const position of placingOrder(pass.domain)) {
      const device = pass.domain.devices[position]
      if (device === undefined || pass.places.has(position) || !wantsPci(device)) continue
      yield* takeNext(pass, position, device)
    }
  })

/** The buses that a dry run adds, as controllers. */
const findBuses = (
  domain: Domain,
  context: CompleteContext,
  makeBuses: (models: readonly PciBusModel[], mayGrow: boolean) => PciBuses
): Result.Result<Domain, Conflict> =>
  Result.gen(function* () {
    const models = busModels(domain, context)
    const buses = makeBuses(models, true)
    const pass: Pass = { domain, context, buses, places: new Map() }
    yield* takeGiven(pass)
    yield* takeBoard(pass)
    // A board of conventional PCI keeps one slot for the bridge that would extend it.
    if (context.board === "i440fx" && !buses.isFull) buses.takeNext(fallback)
    yield* takeRest(pass)
    const isUnmanaged = models.length <= 1 && buses.models.length > models.length
    // One root port more, once, so that something can be plugged in later.
    if (context.board === "q35" && isUnmanaged) {
      buses.takeNext({ plug: "pcie-device", isEndpoint: true })
    }
    return addBuses(domain, buses)
  })

const addBuses = (domain: Domain, buses: PciBuses): Domain => {
  const given = devicesOf(domain, "controller")
  const added: Controller[] = []
  // A bus is a device too: its place may make yet another bus necessary.
  for (let index = 1; index < buses.models.length; index += 1) {
    if (given.some((one) => one.type === "pci" && one.index === index)) continue
    const model = buses.models[index]
    if (model === undefined) continue
    added.push({ kind: "controller", type: "pci", index, model })
    const need = needOfBus(model)
    if (need !== undefined) buses.takeNext(need)
  }
  if (added.length === 0) return domain
  const last = given.findLastIndex((one) => one.type === "pci")
  return replaceDevices(domain, "controller", given.toSpliced(last + 1, 0, ...added))
}

/** Devices at function 0 of a slot whose other functions are used must say so to the guest. */
const withPlaces = (pass: Pass): Domain => {
  const devices = pass.domain.devices.map((device, position): Device => {
    const place = pass.places.get(position)
    if (place === undefined) return device
    const given = pciAddressOf(device)
    const isShared = place.function === 0 && pass.buses.functionsOf(place) > 1
    const address: PciAddress = given ?? { type: "pci", ...place }
    const multifunction = address.multifunction ?? (isShared ? true : undefined)
    return {
      ...device,
      address: { ...address, ...(multifunction === undefined ? {} : { multifunction }) }
    } as Device
  })
  return { ...pass.domain, devices }
}

const busMaker =
  ({ capabilities }: CompleteContext) =>
  (models: readonly PciBusModel[], mayGrow: boolean) =>
    new PciBuses(models, {
      mayGrow,
      hasPcieToPciBridge: hasType(capabilities, "pcie-pci-bridge")
    })

/** On the buses that are there and on no others: what runs gets none. */
export const pciAddressesAsBuilt: Step = (domain, context) =>
  Result.gen(function* () {
    const buses = busMaker(context)(busModels(domain, context), false)
    const pass: Pass = { domain, context, buses, places: new Map() }
    yield* takeGiven(pass)
    yield* takeBoard(pass)
    yield* takeRest(pass)
    return withPlaces(pass)
  })

export const pciAddresses: Step = (domain, context) =>
  Result.gen(function* () {
    const whole = yield* findBuses(domain, context, busMaker(context))
    const placed = yield* pciAddressesAsBuilt(whole, context)
    return editDevices(placed, "controller", (one) =>
      completeTargets(one, placed, context.capabilities)
    )
  })
