/**
 * Which kinds of devices can be plugged into a running guest: a row each, of a file each. A kind
 * without a row is refused, and named. Does nothing itself.
 */
import type { Device } from "../../src/model/device.ts"
import { pluggableHostdev } from "./plug-hostdev.ts"
import type { Pluggable, Taken } from "./pluggable.ts"

const kinds: { readonly [kind: string]: unknown } = { hostdev: pluggableHostdev }

/** How devices of this one's kind are plugged; nothing, if they are not. */
export const pluggableOf = (device: Device): Pluggable<Device> | undefined =>
  Object.hasOwn(kinds, device.kind) ? (kinds[device.kind] as Pluggable<Device>) : undefined

/** What a device that a guest has holds of the host. */
export const holdsOf = (device: Device | undefined): readonly Pick<Taken, "pool" | "device">[] =>
  device === undefined ? [] : (pluggableOf(device)?.holds(device) ?? [])
