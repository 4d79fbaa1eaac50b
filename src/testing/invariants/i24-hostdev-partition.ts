/**
 * I24, as far as pools go: what a guest has is held for it. Binding a device to a driver of the
 * host is not done yet, so that there is nothing else to divide.
 */
import type { Invariant, View } from "../simulation/view.ts"
import { devicesOf } from "./i23-hostdev-exclusive.ts"
import { livingQemus } from "./living.ts"

const unheld = (view: View): string | undefined => {
  const parts = view.life?.driver?.parts()
  if (parts === undefined) return undefined
  const held = parts.pools.pci.holdings()
  for (const { uuid, epoch, process } of livingQemus(view)) {
    // One that was launched and never became a guest is being ended; no record tells of it.
    const isGuest = parts.domains.byUuid(uuid)?.ref?.belongings.find(epoch)?.record !== undefined
    for (const device of isGuest ? devicesOf(process.words) : []) {
      const token = held[device]?.token
      if (token !== `${uuid}/${epoch}`)
        return `process ${process.pid} of ${uuid}/${epoch} has ${device}, held by ${token}`
    }
  }
  return undefined
}

export const hostdevPartition: Invariant = {
  id: "I24",
  name: "HostdevPartition",
  statement:
    "Each host device that a guest's QEMU has is held in the pool for that very epoch: when an " +
    "engine has opened, and at rest.",
  make: () => ({ opened: unheld, rest: unheld })
}
