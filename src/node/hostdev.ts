/**
 * Which devices of the host a definition means, before a guest is started with them or gets one
 * while it runs: what is named by vendor gets its place, what may be missing and is goes, and all
 * that cannot be given is refused with its reason. Reads only. Who has a device is its pool's to
 * say, and is not decided here.
 */
import * as Effect from "effect/Effect"
import type { Files } from "../host/files.ts"
import type { Device } from "../model/device.ts"
import type { Hostdev, HostdevSource } from "../model/device/hostdev.ts"
import type { Interface } from "../model/device/interface.ts"
import type { Domain } from "../model/domain.ts"
import { type HostdevError, HostdevUnusable } from "../model/hostdev-error.ts"
import {
  type HostDeviceKind,
  hostDeviceKinds,
  type HostDeviceWish,
  usbText
} from "../model/hostdev-wish.ts"
import { groupProblem, type Taken } from "./hostdev-group.ts"
import { resolveMdev } from "./hostdev-mdev.ts"
import { nestedAmong } from "./hostdev-nested.ts"
import { resolvePci } from "./hostdev-pci.ts"
import { resolveScsi } from "./hostdev-scsi.ts"
import { findUsb } from "./hostdev-usb.ts"
import { hostUse } from "./hostdev-use.ts"

export { groupProblem, type Taken } from "./hostdev-group.ts"

/** A device that the host gives: a host device, or a card that is one. */
export type Passed = Hostdev | (Interface & { readonly connection: { readonly type: "hostdev" } })

export const isPassed = (device: Device): device is Passed =>
  device.kind === "hostdev" || (device.kind === "interface" && device.connection.type === "hostdev")

export type Wishes = { readonly [K in HostDeviceKind]: readonly HostDeviceWish[] }

/** One device, found: as the guest gets it, and what its pool is asked for. */
export interface ResolvedDevice<D extends Device = Device> {
  readonly device: D
  readonly kind: HostDeviceKind
  readonly wish: HostDeviceWish
}

export interface ResolvedDomain {
  readonly domain: Domain
  readonly wishes: Wishes
  /** What was left out, and why: one sentence each. */
  readonly notes: readonly string[]
}

/** Found, or missing with its reason. */
type Found<D extends Device> = ResolvedDevice<D> | { readonly missing: HostdevError }

const found = <D extends Device>(
  device: D,
  kind: HostDeviceKind,
  wish: HostDeviceWish
): Found<D> => ({ device, kind, wish })

/**
 * What QEMU takes beside its driver, or from it without asking: nothing else would find out that
 * the host needs it. Of PCI functions that is asked when they are taken from their driver.
 */
const unneeded = Effect.fnUntraced(function* (device: string) {
  const use = yield* hostUse(device)
  if (use !== undefined)
    return yield* new HostdevUnusable({ device, why: `the host needs it: ${use}` })
  return device
})

type UsbHostdev = Extract<HostdevSource, { readonly type: "usb" }>

const usb = Effect.fnUntraced(function* (device: Hostdev, source: UsbHostdev) {
  const answer = yield* findUsb(source)
  if (!answer.isThere) return { missing: answer.problem }
  const { place } = answer
  yield* unneeded(usbText(place))
  const placed: Hostdev = { ...device, source: { ...source, ...place } }
  return found(placed, "usb", { device: usbText(place), isManaged: false })
})

const ofHostdev = (device: Hostdev): Effect.Effect<Found<Hostdev>, HostdevError, Files> => {
  const { source, managed: isManaged } = device
  const named = (kind: HostDeviceKind) => (name: string) =>
    found(device, kind, { device: name, isManaged: kind === "pci" && isManaged })
  switch (source.type) {
    case "pci":
      return Effect.map(
        resolvePci({ address: source.address, driver: source.driver }),
        named("pci")
      )
    case "usb":
      return usb(device, source)
    case "scsi":
      return resolveScsi(source).pipe(Effect.flatMap(unneeded), Effect.map(named("scsi")))
    case "mdev":
      return Effect.map(resolveMdev(source), named("mdev"))
    case "scsi_host": {
      const why = "Troupe gives no SCSI hosts of the kernel's own (vhost-scsi)"
      return Effect.fail(new HostdevUnusable({ device: "of type 'scsi_host'", why }))
    }
    default:
      return source satisfies never
  }
}

const ofCard = Effect.fnUntraced(function* (card: Interface) {
  const { connection, managed: isManaged = false, driver } = card
  const source = connection.type === "hostdev" ? connection.source : undefined
  if (source?.type !== "pci") {
    const why = "a card of the host is a PCI device, and is named by its PCI address"
    return yield* new HostdevUnusable({ device: "of an interface", why })
  }
  const name = yield* resolvePci({ address: source, driver: driver?.name, isFunction: true })
  return found(card, "pci", { device: name, isManaged })
})

const resolve = <D extends Passed>(device: D): Effect.Effect<Found<D>, HostdevError, Files> =>
  (device.kind === "hostdev" ? ofHostdev(device) : ofCard(device)) as Effect.Effect<
    Found<D>,
    HostdevError,
    Files
  >

/** Only USB devices may be missing, at a start; whatever else the definition says is missed. */
const mayBeMissing = (device: Passed): boolean =>
  device.kind === "hostdev" &&
  device.source.type === "usb" &&
  device.source.startupPolicy === "optional"

const wishesOf = (all: readonly ResolvedDevice[]): Wishes => {
  const of = (kind: HostDeviceKind) =>
    all.filter((one) => one.kind === kind).map(({ wish }) => wish)
  return { pci: of("pci"), usb: of("usb"), scsi: of("scsi"), mdev: of("mdev") }
}

const twiceProblem = (wishes: Wishes): HostdevUnusable | undefined => {
  for (const kind of hostDeviceKinds) {
    const names = wishes[kind].map(({ device }) => device)
    const device = names.find((name, index) => names.indexOf(name) !== index)
    if (device !== undefined)
      return new HostdevUnusable({ device, why: "the definition asks for it twice" })
  }
  return undefined
}

const nestedProblem = Effect.fnUntraced(function* (all: readonly ResolvedDevice[]) {
  const nested = yield* nestedAmong(all.map(({ wish }) => wish.device))
  if (nested === undefined) return undefined
  const { inner: device, outer } = nested
  const why = `it is behind ${outer}, which the definition asks for too, and goes with it`
  return new HostdevUnusable({ device, why })
})

const checkGroups = Effect.fnUntraced(function* (
  { pci }: Wishes,
  { guest, taken }: { readonly guest: string; readonly taken: Taken }
) {
  const wishes = pci.map(({ device }) => device)
  for (const device of wishes) {
    const problem = yield* groupProblem(device, { wishes, guest, taken })
    if (problem !== undefined) return yield* problem
  }
})

/**
 * All devices of the host that a definition asks for. The domain that comes back has the place of
 * each USB device, and not those that may be missing and are.
 */
export const resolveHostdevs: (
  domain: Domain,
  taken: Taken
) => Effect.Effect<ResolvedDomain, HostdevError, Files> = Effect.fnUntraced(
  function* (domain, taken) {
    const devices: Device[] = []
    const all: ResolvedDevice[] = []
    const notes: string[] = []
    for (const device of domain.devices) {
      if (!isPassed(device)) {
        devices.push(device)
        continue
      }
      const one = yield* resolve(device)
      if ("missing" in one) {
        if (!mayBeMissing(device)) return yield* one.missing
        notes.push(`it goes without a device that it may miss: ${one.missing.message}`)
        continue
      }
      devices.push(one.device)
      all.push(one)
    }
    const wishes = wishesOf(all)
    const twice = twiceProblem(wishes) ?? (yield* nestedProblem(all))
    if (twice !== undefined) return yield* twice
    yield* checkGroups(wishes, { guest: domain.uuid, taken })
    // What asks for nothing comes back as it is.
    return {
      domain: all.length + notes.length === 0 ? domain : { ...domain, devices },
      wishes,
      notes
    }
  }
)

export interface ResolveOne {
  /** Of the guest that gets it. */
  readonly guest: string
  readonly taken: Taken
}

/** One device for a guest that runs. Nothing may be missing: it was asked for now. */
export const resolveHostdev = <D extends Passed>(
  device: D,
  { guest, taken }: ResolveOne
): Effect.Effect<ResolvedDevice<D>, HostdevError, Files> =>
  Effect.gen(function* () {
    const one = yield* resolve(device)
    if ("missing" in one) return yield* Effect.fail(one.missing)
    if (one.kind === "pci") yield* checkGroups(wishesOf([one]), { guest, taken })
    return one
  })
