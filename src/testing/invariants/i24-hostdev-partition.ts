/** I24: each device of the host is in one place, by the pool, by the disk and by the kernel. */
import type { Invariant, View } from "../simulation/view.ts"
import { errnoFaults } from "./errno-faults.ts"
import {
  type DeviceSeen,
  devicesSeen,
  isAbout,
  isAway,
  mayBeBroken,
  remembered,
  vfio,
  wasDetached
} from "./host-devices.ts"
import { devicesNow } from "./i23-hostdev-exclusive.ts"
import { livingQemus } from "./living.ts"
import { OnTheirWay } from "./on-their-way.ts"

const unheld = (view: View): string | undefined => {
  const parts = view.life?.driver?.parts()
  if (parts === undefined) return undefined
  const { pci, usb } = parts.pools
  const held = { ...pci.holdings(), ...usb.holdings() }
  for (const { uuid, epoch, process } of livingQemus(view)) {
    // Also one of which no record tells, and one that never became a guest and is being ended.
    for (const device of devicesNow(view, process)) {
      const token = held[device]?.token
      // One that was plugged in has its name behind.
      if (!`${token}/`.startsWith(`${uuid}/${epoch}/`))
        return `process ${process.pid} of ${uuid}/${epoch} has ${device}, held by ${token}`
    }
  }
  return undefined
}

/** With its driver, meant for no other, in nobody's hands and nowhere remembered. */
const atHome = ({ home, driver, override, user, record }: DeviceSeen): string | undefined => {
  const isOurs = home.driver !== vfio
  if (isOurs && driver !== home.driver) return `is with driver ${driver}, not ${home.driver}`
  if (isOurs && override !== home.override) return `is meant for ${override}`
  if (user !== undefined) return `is open in process ${user}`
  return record && "is remembered as taken"
}

/** With VFIO, and remembered where a driver has to get it back. */
const taken = ({ home, driver, record }: DeviceSeen): string | undefined => {
  if (driver !== vfio) return `is with driver ${driver}`
  return home.driver === vfio || record !== undefined ? undefined : "is not remembered"
}

/** Somebody was told that it is detached, and nobody called for it to be given back. */
const isKept = (view: View, address: string): boolean => {
  const { operations, happenings } = view.history
  const cut = happenings.findLast(({ kind }) => kind === "power-cut")?.at ?? -1
  const isDone = operations.some(
    (one) => one.result?.kind === "ok" && one.invokedAt > cut && isAbout(one, "nodeDetach", address)
  )
  return isDone && !operations.some((one) => isAbout(one, "nodeReattach", address))
}

/** A guest has another of its IOMMU group. */
const isKeptByMate = (view: View, { address, group }: DeviceSeen): boolean =>
  devicesSeen(view).some(
    (other) =>
      other.group === group && other.address !== address && other.entry?.holder !== undefined
  )

const inPlace = (view: View, seen: DeviceSeen): string | undefined => {
  const { entry, user, address } = seen
  switch (entry?.state) {
    case undefined:
    case "host":
      if (isKept(view, address)) return "was detached, and nobody called for it to be given back"
      return atHome(seen)
    case "detached":
      if (user !== undefined) return `is open in process ${user}`
      // With VFIO from the beginning, nobody had to ask.
      if (seen.home.driver === vfio || wasDetached(view, address)) return taken(seen)
      return "is so although nobody asked for it"
    case "assigned":
      return taken(seen)
    case "lingering":
      if (user !== undefined) return `is open in process ${user}`
      return isKeptByMate(view, seen) ? taken(seen) : "is so although its group is free"
    case "broken":
      return mayBeBroken(view) ? undefined : `is so although nothing went wrong: ${entry.why}`
    default:
      return "should have arrived"
  }
}

const misplaced = (view: View): string | undefined => {
  // A pool that could not read which driver a device is with may take it for another.
  if (view.life?.driver?.parts() === undefined || errnoFaults(view)) return undefined
  for (const seen of devicesSeen(view)) {
    const why = inPlace(view, seen)
    if (why !== undefined) return `${seen.address} is ${seen.entry?.state ?? "host"}: it ${why}`
  }
  return undefined
}

/** No program has it, no pool knows of it, and it is without the driver that it had. */
const undriven = (view: View): string | undefined => {
  const parts = view.life?.driver?.parts()
  if (parts === undefined || errnoFaults(view)) return undefined
  const entries = parts.pools.usb.entries()
  const lost = view.host.usb.standings.find(
    ({ device, driver, home, user }) =>
      user === undefined && driver !== home && !entries.has(device)
  )
  return lost && `${lost.name} of ${lost.device} is with driver ${lost.driver}, not ${lost.home}`
}

/** What an engine has to know when it opens: all that is away, and all that is remembered. */
const forgotten = (view: View): string | undefined => {
  const parts = view.life?.driver?.parts()
  if (parts === undefined || errnoFaults(view)) return undefined
  const seen = devicesSeen(view)
  const lost = seen.find((one) => isAway(one) && one.entry === undefined)
  if (lost !== undefined) return `${lost.address} is with ${lost.driver}, and no pool knows of it`
  const entries = parts.pools.pci.entries()
  const stray = remembered(view).find((address) => !entries.has(address))
  return stray && `${stray} is remembered, and no pool knows of it`
}

export const hostdevPartition: Invariant = {
  id: "I24",
  name: "HostdevPartition",
  statement:
    "Each host device that a QEMU has is held in the pool for that very epoch, whatever can be " +
    "read of its record, and is back with its driver when the guest is off; at rest each is in " +
    "one place by pool, record and kernel: with its own driver, detached because somebody called " +
    "for it, or a guest's. What is away or remembered is known to an engine that has opened.",
  make: () => {
    const onTheirWay = new OnTheirWay()
    return {
      decided: (turn, view) => {
        const late = onTheirWay.see(turn, view.life?.number)
        // What hangs is not waited for.
        return mayBeBroken(view) ? undefined : late
      },
      opened: (view) => unheld(view) ?? forgotten(view),
      rest: (view) => unheld(view) ?? misplaced(view) ?? undriven(view)
    }
  }
}
