/**
 * Changes of a definition, as data, and what each makes of the definitions. Pure: computed in the
 * turn that admits the change, from the state of that turn, so that no two changes lose each other.
 */
import type { Device } from "../../src/model/device.ts"
import {
  aliasOfDevice,
  type DeviceWanted,
  findDevice,
  withoutDevice
} from "../../src/model/device-match.ts"
import type { Domain } from "../../src/model/domain.ts"
import type { DomainHappening } from "../../src/model/event.ts"
import type { KeptElement } from "../../src/model/kept.ts"

/**
 * Which definitions a change is for. `current` is the live one of a domain that is active in the
 * turn that admits the change, else the persistent one (VIR_DOMAIN_AFFECT_CURRENT).
 */
export type Affects = "current" | { readonly config: boolean; readonly live: boolean }

const affected = (affects: Affects, isActive: boolean) =>
  affects === "current" ? { config: !isActive, live: isActive } : affects

export type Change =
  | { readonly type: "define"; readonly definition: Domain }
  | { readonly type: "undefine" }
  | { readonly type: "autostart"; readonly isAutostart: boolean }
  | { readonly type: "rename"; readonly name: string }
  | { readonly type: "title"; readonly affects: Affects; readonly text: string | undefined }
  | { readonly type: "description"; readonly affects: Affects; readonly text: string | undefined }
  | {
      readonly type: "metadata"
      readonly affects: Affects
      readonly uri: string
      readonly element: KeptElement | undefined
    }
  | { readonly type: "resources"; readonly affects: Affects; readonly values: ResourceValues }
  | { readonly type: "actions"; readonly affects: Affects; readonly values: ActionValues }
  /** The cable of the card with this address, in or out. */
  | {
      readonly type: "link"
      readonly affects: Affects
      readonly mac: string
      readonly state: "up" | "down"
    }
  | Attach
  | Detach

/** A device more: of a guest only once its QEMU has it, of a definition when that is written. */
export interface Attach {
  readonly type: "attach"
  readonly affects: Affects
  readonly device: Device
  /** The next start's definition with the device in it, once it is completed. */
  readonly definition?: Domain
}

/** A device less: of a guest only when its QEMU has let it go. */
export interface Detach {
  readonly type: "detach"
  readonly affects: Affects
  readonly wanted: DeviceWanted
  /** What the guest's QEMU calls it; filled in when the change is admitted, as is the next. */
  readonly alias?: string
  /** The next start's definition without it. */
  readonly definition?: Domain
}

/** What becomes of a guest that ends; what is not named stays. */
export type ActionValues = Partial<Pick<Domain, "onPoweroff" | "onReboot" | "onCrash">>

/** How much of the machine there is; what is not named stays. */
export interface ResourceValues {
  readonly maximumKiB?: number
  readonly currentKiB?: number
  readonly vcpusMaximum?: number
  readonly vcpus?: number
  /** Between the guest's reports of its memory; 0: none. */
  readonly statsPeriodSeconds?: number
}

/** `preserve` for a reboot is treated as `destroy` (formatdomain, "Events configuration"). */
export const endsOnReboot = (live: Domain | undefined): boolean =>
  live?.onReboot === "destroy" || live?.onReboot === "preserve"

export interface Definitions {
  readonly persistent: Domain | undefined
  readonly live: Domain | undefined
}

/** Whether there is what the change is for; the chart refuses what is not. */
export const isPossible = (
  {
    name,
    persistent,
    epoch
  }: {
    readonly name: string
    readonly persistent: Domain | undefined
    readonly epoch?: string | undefined
  },
  change: Change
): boolean => {
  switch (change.type) {
    case "define":
      // Renamed while the request was on its way: it is of a name that is somebody else's to take.
      return change.definition.name === name
    case "undefine":
    case "autostart":
      return persistent !== undefined
    case "rename":
      return persistent !== undefined && epoch === undefined
    default: {
      const { config, live } = affected(change.affects, epoch !== undefined)
      return (!config || persistent !== undefined) && (!live || epoch !== undefined)
    }
  }
}

const namespaceOf = (element: KeptElement): string | undefined => {
  const prefix = element.name.includes(":") ? element.name.split(":")[0] : undefined
  const attribute = prefix === undefined ? "xmlns" : `xmlns:${prefix}`
  return element.attributes.find(({ name }) => name === attribute)?.value
}

const withText = (domain: Domain, key: "title" | "description", text: string | undefined) => {
  const { [key]: _, ...rest } = domain
  return text === undefined || text === "" ? (rest as Domain) : { ...domain, [key]: text }
}

const withMemory = (memory: Domain["memory"], values: ResourceValues): Domain["memory"] => {
  const maximumKiB = values.maximumKiB ?? memory.maximumKiB
  const currentKiB = values.currentKiB ?? memory.currentKiB
  return currentKiB === undefined
    ? { ...memory, maximumKiB }
    : { ...memory, maximumKiB, currentKiB: Math.min(currentKiB, maximumKiB) }
}

const withVcpus = (vcpus: Domain["vcpus"], values: ResourceValues): Domain["vcpus"] => {
  const maximum = values.vcpusMaximum ?? vcpus.maximum
  const current = values.vcpus ?? vcpus.current
  return current === undefined
    ? { ...vcpus, maximum }
    : { ...vcpus, maximum, current: Math.min(current, maximum) }
}

const withStatsPeriod = (device: Device, seconds: number): Device => {
  if (device.kind !== "memballoon") return device
  const { statsPeriodSeconds: _, ...rest } = device
  return seconds === 0 ? rest : { ...rest, statsPeriodSeconds: seconds }
}

const withResources = (domain: Domain, values: ResourceValues): Domain => {
  const { statsPeriodSeconds } = values
  return {
    ...domain,
    memory: withMemory(domain.memory, values),
    vcpus: withVcpus(domain.vcpus, values),
    devices:
      statsPeriodSeconds === undefined
        ? domain.devices
        : domain.devices.map((device) => withStatsPeriod(device, statsPeriodSeconds))
  }
}

const withLink = (domain: Domain, mac: string, linkState: "up" | "down"): Domain => ({
  ...domain,
  devices: domain.devices.map((device) =>
    device.kind === "interface" && device.mac === mac ? { ...device, linkState } : device
  )
})

const edit = (domain: Domain, change: Change): Domain => {
  switch (change.type) {
    case "resources":
      return withResources(domain, change.values)
    case "actions":
      return { ...domain, ...change.values }
    case "link":
      return withLink(domain, change.mac, change.state)
    case "title":
    case "description":
      return withText(domain, change.type, change.text)
    case "metadata": {
      const others = domain.metadata.filter((element) => namespaceOf(element) !== change.uri)
      const added = change.element === undefined ? [] : [change.element]
      return { ...domain, metadata: [...others, ...added] }
    }
    case "rename":
      return { ...domain, name: change.name }
    default:
      return domain
  }
}

/** The definitions as they are after the change. */
export const afterChange = (before: Definitions, change: Change): Definitions => {
  switch (change.type) {
    case "define":
      return { ...before, persistent: change.definition }
    case "undefine":
      return { ...before, persistent: undefined }
    case "autostart":
      return before
    case "rename":
      return { ...before, persistent: before.persistent && edit(before.persistent, change) }
    case "attach":
    case "detach":
      // What the guest has follows what QEMU does, and no wish.
      return { ...before, persistent: change.definition ?? before.persistent }
    default: {
      const { persistent, live } = before
      const affects = affected(change.affects, live !== undefined)
      return {
        persistent: affects.config && persistent ? edit(persistent, change) : persistent,
        live: affects.live && live ? edit(live, change) : live
      }
    }
  }
}

/** Whether the running guest is to be changed, as the domain is now. */
export const changesGuest = (change: Change, epoch: string | undefined): boolean =>
  "affects" in change && affected(change.affects, epoch !== undefined).live

interface Now extends Definitions {
  readonly epoch: string | undefined
}

/** Which of the definitions that a detach is for has no such device; nothing, if all have. */
export const lacksDevice = (
  { persistent, live, epoch }: Now,
  { affects, wanted }: Detach
): "config" | "live" | undefined => {
  const meant = affected(affects, epoch !== undefined)
  const isIn = (domain: Domain | undefined) =>
    domain !== undefined && findDevice(domain, wanted) !== undefined
  if (meant.config && !isIn(persistent)) return "config"
  return meant.live && !isIn(live) ? "live" : undefined
}

const settledDetach = (change: Detach, { persistent, live, epoch }: Now): Detach => {
  const affects = affected(change.affects, epoch !== undefined)
  const found = affects.live && live ? findDevice(live, change.wanted) : undefined
  const alias = found && aliasOfDevice(found)
  const leaving = affects.config && persistent ? findDevice(persistent, change.wanted) : undefined
  return {
    ...change,
    affects,
    ...(alias === undefined ? {} : { alias }),
    ...(persistent && leaving ? { definition: withoutDevice(persistent, leaving) } : {})
  }
}

/** The change with what it is for, as the domain is now: what is written is what was admitted. */
export const settled = (change: Change, now: Now): Change => {
  if (change.type === "detach") return settledDetach(change, now)
  return "affects" in change
    ? { ...change, affects: affected(change.affects, now.epoch !== undefined) }
    : change
}

/** What the world is told once the change is durable. */
export const happeningOf = (change: Change, wasDefined: boolean): DomainHappening | undefined => {
  switch (change.type) {
    case "define":
      return { type: "lifecycle", event: "defined", detail: wasDefined ? "updated" : "added" }
    case "undefine":
      return wasDefined ? { type: "lifecycle", event: "undefined", detail: "removed" } : undefined
    case "rename":
      return { type: "lifecycle", event: "defined", detail: "renamed" }
    case "title":
    case "description":
      return { type: "metadata-change", what: change.type }
    case "metadata":
      return { type: "metadata-change", what: "element", uri: change.uri }
    case "autostart":
    case "resources":
    case "actions":
    case "link":
    case "attach":
    case "detach":
      return undefined
  }
}
