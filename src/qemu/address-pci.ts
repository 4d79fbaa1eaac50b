/**
 * The guest's PCI buses while addresses are being given out: which slots are taken, which bus takes
 * which kind of device, and which bus has to be added when none fits. Knows no device by name.
 */
import type { PciAddress } from "../model/address.ts"

/** What a device plugs into, and what a bus takes. */
export type PciPlug =
  | "pci-device"
  | "pcie-device"
  | "pci-bridge"
  | "pci-expander-bus"
  | "pcie-root-port"
  | "pcie-switch-upstream-port"
  | "pcie-switch-downstream-port"
  | "pcie-to-pci-bridge"
  | "pcie-expander-bus"
  | "dmi-to-pci-bridge"

export type PciBusModel = "pci-root" | "pcie-root" | Exclude<PciPlug, "pci-device" | "pcie-device">

export interface PciNeed {
  readonly plug: PciPlug
  /** Only on buses that take devices by themselves: all but `pcie-root` and the like. */
  readonly isEndpoint: boolean
  /** Part of the board: on the root bus, whatever that takes otherwise. */
  readonly isIntegrated?: boolean
  /** Takes one function of a slot that others of its kind share. */
  readonly sharesSlot?: boolean
}

export type PciPlace = Omit<PciAddress, "type" | "kept" | "multifunction">

interface Bus {
  readonly model: PciBusModel
  takes: readonly PciPlug[]
  readonly takesEndpoints: boolean
  readonly slotMin: number
  readonly slotMax: number
  readonly slots: { functions: number; isShared: boolean }[]
}

const slotLast = 31
const functionLast = 7

type BusRule = Pick<Bus, "takes" | "takesEndpoints" | "slotMin" | "slotMax">

const conventional = (slotMin: number, ...more: PciPlug[]): BusRule => ({
  takes: ["pci-device", "pci-bridge", ...more],
  takesEndpoints: true,
  slotMin,
  slotMax: slotLast
})

const port: BusRule = {
  takes: ["pcie-device", "pcie-switch-upstream-port", "pcie-to-pci-bridge"],
  takesEndpoints: true,
  slotMin: 0,
  slotMax: 0
}

const busRules: { readonly [M in PciBusModel]: BusRule } = {
  "pci-root": conventional(1, "pci-expander-bus"),
  "pci-bridge": conventional(1),
  "pci-expander-bus": conventional(0),
  "pcie-to-pci-bridge": conventional(1),
  // Not hot-pluggable, so that devices are put there only when the definition says so.
  "dmi-to-pci-bridge": { ...conventional(0), takesEndpoints: false },
  "pcie-root-port": port,
  "pcie-switch-downstream-port": port,
  "pcie-root": {
    takes: ["pcie-device", "pcie-root-port", "dmi-to-pci-bridge", "pcie-expander-bus"],
    takesEndpoints: false,
    slotMin: 1,
    slotMax: slotLast
  },
  "pcie-switch-upstream-port": {
    takes: ["pcie-switch-downstream-port"],
    takesEndpoints: false,
    slotMin: 0,
    slotMax: slotLast
  },
  "pcie-expander-bus": {
    takes: ["pcie-root-port", "dmi-to-pci-bridge"],
    takesEndpoints: false,
    slotMin: 0,
    slotMax: slotLast
  }
}

export const isPciBusModel = (model: string | undefined): model is PciBusModel =>
  model !== undefined && Object.hasOwn(busRules, model)

const endpoints: readonly PciPlug[] = ["pci-device", "pcie-device"]

/** The buses of one guest. Made for one pass, filled, and thrown away. */
export class PciBuses {
  readonly #buses: Bus[]
  readonly #mayGrow: boolean
  readonly #hasPcieToPciBridge: boolean

  /**
   * `models` by controller index. With `mayGrow` a bus that is missing is added, as `models` of a
   * later pass then says; without it, a device that finds no place gets none.
   */
  constructor(
    models: readonly PciBusModel[],
    options: { readonly mayGrow: boolean; readonly hasPcieToPciBridge: boolean }
  ) {
    this.#buses = models.map(makeBus)
    this.#mayGrow = options.mayGrow
    this.#hasPcieToPciBridge = options.hasPcieToPciBridge
  }

  get models(): readonly PciBusModel[] {
    return this.#buses.map((bus) => bus.model)
  }

  get isFull(): boolean {
    return this.#buses.every((bus) => usable(bus).every((slot) => slot.functions !== 0))
  }

  isSlotUsed(bus: number, slot: number): boolean {
    return (this.#buses[bus]?.slots[slot]?.functions ?? 0) !== 0
  }

  functionsOf(place: PciPlace): number {
    return this.#buses[place.bus]?.slots[place.slot]?.functions ?? 0
  }

  /** Takes an address that is given. Returns what is wrong with it, or undefined. */
  take(place: PciPlace, need: PciNeed): string | undefined {
    if (place.domain !== 0) return "there is only PCI domain 0"
    if (this.#mayGrow) {
      while (this.#buses.length <= place.bus) {
        if (!this.#grow(need, place.bus - this.#buses.length + 1)) break
      }
    }
    const bus = this.#buses[place.bus]
    if (bus === undefined) return `there is no PCI bus ${place.bus}`
    const problem = misfit(bus, place, need)
    if (problem !== undefined) return problem
    const slot = bus.slots[place.slot]
    if (slot === undefined) return `a PCI bus has no slot ${place.slot}`
    if (place.function > functionLast) return `a PCI slot has no function ${place.function}`
    const bit = 1 << place.function
    if ((slot.functions & bit) !== 0) return "its PCI address is used twice"
    if (slot.functions === 0 && need.sharesSlot === true) slot.isShared = true
    slot.functions |= bit
    return undefined
  }

  /** Takes the first free place that fits, as function `wanted` of its slot. */
  takeNext(need: PciNeed, wanted = 0): PciPlace | undefined {
    const found = this.#find(need, wanted) ?? this.#findGrown(need, wanted)
    if (found === undefined) return undefined
    const slot = this.#buses[found.bus]?.slots[found.slot]
    if (slot === undefined) return undefined
    if (slot.functions === 0 && need.sharesSlot === true) slot.isShared = true
    slot.functions |= 1 << found.function
    return found
  }

  #find(need: PciNeed, wanted: number): PciPlace | undefined {
    for (const [index, bus] of this.#buses.entries()) {
      if (!fits(bus, index, need)) continue
      for (let slot = bus.slotMin; slot <= bus.slotMax; slot += 1) {
        const free = freeFunction(bus.slots[slot], need, wanted)
        if (free !== undefined) return { domain: 0, bus: index, slot, function: free }
      }
    }
    return undefined
  }

  #findGrown(need: PciNeed, wanted: number): PciPlace | undefined {
    return this.#mayGrow && this.#grow(need, 1) ? this.#find(need, wanted) : undefined
  }

  /**
   * Adds buses for a device that found none. A conventional device on a board that is PCI Express
   * throughout needs a bridge, and the bridge a root port, which is kept for it.
   */
  #grow(need: PciNeed, count: number): boolean {
    if (need.plug === "pci-device") {
      const hasRoom = this.#buses.some((bus) => bus.takes.includes("pci-bridge"))
      if (hasRoom) this.#add("pci-bridge")
      else if (this.#hasPcieToPciBridge) {
        this.#add("pcie-root-port").takes = ["pcie-to-pci-bridge"]
        this.#add("pcie-to-pci-bridge")
      } else {
        this.#add("dmi-to-pci-bridge")
        if (count === 1) this.#add("pci-bridge")
      }
      return true
    }
    const isPort = need.plug === "pcie-device" || need.plug === "pcie-switch-upstream-port"
    if (isPort && need.isIntegrated !== true) {
      this.#add("pcie-root-port")
      return true
    }
    if (need.plug === "pcie-to-pci-bridge") {
      this.#add("pcie-root-port")
      return true
    }
    return false
  }

  #add(model: PciBusModel): Bus {
    const bus = makeBus(model)
    this.#buses.push(bus)
    return bus
  }
}

const makeBus = (model: PciBusModel): Bus => ({
  model,
  ...busRules[model],
  slots: Array.from({ length: slotLast + 1 }, () => ({ functions: 0, isShared: false }))
})

const usable = (bus: Bus) => bus.slots.slice(bus.slotMin, bus.slotMax + 1)

/** Whether a device that has no address yet may go onto a bus. */
const fits = (bus: Bus, index: number, need: PciNeed): boolean => {
  if (need.isIntegrated === true) return index === 0 && bus.takes.includes(need.plug)
  if (need.isEndpoint && !bus.takesEndpoints) return false
  return bus.takes.includes(need.plug)
}

/** What is wrong with an address from a definition, which may say more than we would choose. */
const misfit = (bus: Bus, place: PciPlace, need: PciNeed): string | undefined => {
  // A conventional device may be put into an Express slot by hand and the other way round.
  const takesAny = bus.takes.some((plug) => endpoints.includes(plug))
  const takes = takesAny ? [...bus.takes, ...endpoints] : bus.takes
  const plugs: readonly PciPlug[] =
    need.plug === "pci-bridge" ? ["pci-bridge", "pci-device"] : [need.plug]
  if (!plugs.some((plug) => takes.includes(plug))) {
    return `a ${bus.model} does not take a ${need.plug}`
  }
  if (place.slot < bus.slotMin) return `slots of a ${bus.model} begin at ${bus.slotMin}`
  if (place.slot > bus.slotMax) return `slots of a ${bus.model} end at ${bus.slotMax}`
  return undefined
}

const freeFunction = (
  slot: Bus["slots"][number] | undefined,
  need: PciNeed,
  wanted: number
): number | undefined => {
  if (slot === undefined) return undefined
  if (slot.functions === 0) return wanted
  if (need.sharesSlot !== true || !slot.isShared) return undefined
  for (let free = wanted; free <= functionLast; free += 1) {
    if ((slot.functions & (1 << free)) === 0) return free
  }
  return undefined
}
