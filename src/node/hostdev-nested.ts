/**
 * Whether a device of the host is inside another that is away from it, or has such a one inside: a
 * USB device and its controller, a SCSI unit and its adapter, a part of a card and the card. Who
 * takes the outer one takes the inner from whoever has it. Says why, in one sentence. Reads only.
 */
import * as Effect from "effect/Effect"
import type { Files } from "../host/files.ts"
import type { HostDeviceKind } from "../model/hostdev-wish.ts"
import { placesOfDevices } from "./hostdev-use.ts"

/** A device that is not simply the host's, as its pool says it. */
export interface Standing {
  readonly kind: HostDeviceKind
  readonly device: string
  /** As its chart says it: `assigned`, `detaching`. */
  readonly state: string
  readonly holder?: { readonly uuid: string; readonly name: string }
}

/** All of them, as they stand now. */
export type Standings = () => readonly Standing[]

/** One, and where it is below /sys/devices. */
export interface Placed extends Standing {
  readonly path: string
}

/** What is the host's but for a reason that was noted is in nobody's way. */
const isAway = ({ state, holder }: Standing): boolean => state !== "host" || holder !== undefined

/** Where those are that are there. */
export const readPlaced: (
  standings: readonly Standing[]
) => Effect.Effect<readonly Placed[], never, Files> = Effect.fnUntraced(function* (standings) {
  const away = standings.filter(isAway)
  const places = yield* placesOfDevices(away.map(({ device }) => device))
  return away.flatMap((one) => {
    const path = places.get(one.device)
    return path === undefined ? [] : [{ ...one, path }]
  })
})

const remedy = (where: string, { device, state, holder }: Standing): string => {
  if (holder !== undefined)
    return (
      `guest '${holder.name}' has ${device}, which ${where}; ` +
      "end that guest, or take the device out of it"
    )
  const what = `${device}, which ${where}, is`
  switch (state) {
    case "detached":
    case "lingering":
      return `${what} with VFIO; give it back first (nodedev-reattach)`
    case "broken":
      return `${what} out of order; see to it, then give it back (nodedev-reattach)`
    default:
      return `${what} on its way (${state}); ask again when it has arrived`
  }
}

/** Why what is at this place cannot be given away, by what is inside it or around it. */
export const nestedAt = (place: string, all: readonly Placed[]): string | undefined => {
  const inner = all.find(({ path }) => path.startsWith(`${place}/`))
  if (inner !== undefined) return remedy("is behind it", inner)
  const outer = all.find(({ path }) => place.startsWith(`${path}/`))
  return outer && remedy("it is behind", outer)
}

export interface Nested {
  readonly device: string
  readonly why: string
}

/** The same for devices by their names, which are asked for together: the first that cannot. */
export const nestedUse: (
  devices: readonly string[],
  standings: readonly Standing[]
) => Effect.Effect<Nested | undefined, never, Files> = Effect.fnUntraced(
  function* (devices, standings) {
    const others = standings.filter((one) => isAway(one) && !devices.includes(one.device))
    if (others.length === 0) return undefined
    const placed = yield* readPlaced(others)
    for (const [device, place] of yield* placesOfDevices(devices)) {
      const why = nestedAt(place, placed)
      if (why !== undefined) return { device, why }
    }
    return undefined
  }
)

/** The first of these that is inside another of them, with that one. */
export const nestedAmong = Effect.fnUntraced(function* (devices: readonly string[]) {
  if (devices.length < 2) return undefined
  const places = [...(yield* placesOfDevices(devices))]
  for (const [outer, place] of places) {
    const inner = places.find(([, path]) => path.startsWith(`${place}/`))
    if (inner !== undefined) return { inner: inner[0], outer }
  }
  return undefined
})
