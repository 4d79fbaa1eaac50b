/**
 * Which kinds of devices can be plugged into a running guest: a row each, of a file each. A kind
 * without a row is refused, and named. Does nothing itself.
 */
import { pciText } from "../../src/model/address.ts"
import type { Device } from "../../src/model/device.ts"
import { pluggableHostdev } from "./plug-hostdev.ts"
import type { Pluggable, Taken } from "./pluggable.ts"

const kinds: { readonly [kind: string]: unknown } = { hostdev: pluggableHostdev }

/** How devices of this one's kind are plugged; nothing, if they are not. */
export const pluggableOf = (device: Device): Pluggable<Device> | undefined =>
  Object.hasOwn(kinds, device.kind) ? (kinds[device.kind] as Pluggable<Device>) : undefined

type Held = Pick<Taken, "pool" | "device">

/** A card of the host that is the guest's as it is: nobody plugs it, but its guest may eject it. */
const passedCard = (device: Device): readonly Held[] => {
  const source =
    device.kind === "interface" && device.connection.type === "hostdev"
      ? device.connection.source
      : undefined
  return source?.type === "pci" ? [{ pool: "pci", device: pciText(source) }] : []
}

/** What a device that a guest has holds of the host. */
export const holdsOf = (device: Device | undefined): readonly Held[] =>
  device === undefined ? [] : (pluggableOf(device)?.holds(device) ?? passedCard(device))

/** It may leave a running guest, also while nobody listens. */
export const mayLeave = (device: Device): boolean =>
  pluggableOf(device) !== undefined || holdsOf(device).length > 0
