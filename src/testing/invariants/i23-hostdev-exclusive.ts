/** I23: a host device is in one guest, by the list and in truth. */
import type { Invariant, View } from "../simulation/view.ts"
import { poolTurn, type PoolTurn } from "./held.ts"
import { livingQemus } from "./living.ts"

const passedThrough = /"host":"([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])"/

/** The PCI devices that a QEMU has on its command line. */
export const devicesOf = (words: readonly string[]): readonly string[] =>
  words.flatMap((word) =>
    word.includes('"vfio-pci"') ? (passedThrough.exec(word)?.[1] ?? []) : []
  )

const shared = (view: View): string | undefined => {
  const users = new Map<string, number>()
  for (const { process } of livingQemus(view))
    for (const device of devicesOf(process.words)) {
      const other = users.get(device)
      if (other !== undefined) return `processes ${other} and ${process.pid} both have ${device}`
      users.set(device, process.pid)
    }
  return undefined
}

const taken = ({ pool, before, after }: PoolTurn): string | undefined => {
  for (const [device, { token }] of Object.entries(after)) {
    const was = before[device]?.token
    if (was !== undefined && was !== token)
      return `${pool} took ${device} from ${was} and gave it to ${token}`
  }
  return undefined
}

export const hostdevExclusive: Invariant = {
  id: "I23",
  name: "HostdevExclusive",
  statement:
    "A host device is on the command line of at most one living QEMU and goes from one holder to " +
    "another only after it was given back.",
  make: () => ({
    step: (view, label) => (label.startsWith("spawn ") ? shared(view) : undefined),
    decided: (turn) => {
      const mine = poolTurn(turn)
      return mine && taken(mine)
    }
  })
}
