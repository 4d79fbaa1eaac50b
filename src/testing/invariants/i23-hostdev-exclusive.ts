/** I23: a host device is in one guest, by the list and in truth. */
import type { SimulatedProcess } from "../host/processes.ts"
import type { Refusal } from "../host/vfio-groups.ts"
import type { Invariant, View } from "../simulation/view.ts"
import { mayBeBroken } from "./host-devices.ts"
import { poolTurn, type PoolTurn } from "./held.ts"
import { livingQemus } from "./living.ts"

const passedThrough = /"host":"([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])"/

const usbNode = /"hostdevice":"\/dev\/bus\/usb\/([0-9]{3})\/([0-9]{3})"/

const deviceIn = (word: string): readonly string[] => {
  if (word.includes('"vfio-pci"')) return passedThrough.exec(word)?.slice(1) ?? []
  return word.includes('"usb-host"') ? [(usbNode.exec(word)?.slice(1) ?? []).join(":")] : []
}

/** The host devices on a QEMU's command line: PCI by address, USB as `001:004`. */
export const devicesOf = (words: readonly string[]): readonly string[] => words.flatMap(deviceIn)

const usbFile = /^\/dev\/bus\/usb\/([0-9]{3})\/([0-9]{3})$/

/** USB devices that it has open, those that were plugged in since among them. */
const openUsb = ({ descriptors }: SimulatedProcess): readonly string[] =>
  descriptors.held.flatMap(({ name }) => usbFile.exec(name)?.slice(1).join(":") ?? [])

/** Those that it has now: a function may have been plugged in since, or out. */
export const devicesNow = (view: View, process: SimulatedProcess): readonly string[] => {
  const { pid, words } = process
  const { standings } = view.host.pci
  const hasVanished = view.faults.met.some(({ fault }) => fault === "vanish")
  // One that has vanished stands nowhere, and is a PCI function all the same.
  const isPci = (device: string) =>
    standings.some(({ address }) => address === device) || (hasVanished && device.includes("."))
  const usb = [...devicesOf(words).filter((device) => !isPci(device)), ...openUsb(process)]
  return [
    ...standings.flatMap(({ address, user }) => (user === pid ? [address] : [])),
    ...new Set(usb)
  ]
}

/**
 * What the kernel refused to a QEMU: an engine that knew who has what had not launched it. Some of
 * it has another cause: a device that is gone, or a driver that did not do what it was told.
 */
const refused = (view: View, { address, code }: Refusal): string | undefined => {
  const isExcused = code !== "EBUSY" && mayBeBroken(view)
  return isExcused ? undefined : `the kernel refused ${address} to a QEMU: ${code}`
}

const shared = (view: View): string | undefined => {
  const users = new Map<string, number>()
  for (const { process } of livingQemus(view))
    for (const device of devicesNow(view, process)) {
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
    "another only after it was given back; none that is launched is refused one by the kernel.",
  make: () => {
    let seen = 0
    return {
      step: (view, label) => {
        if (label.startsWith("spawn ")) return shared(view)
        const { refusals } = view.host.pci
        // A boot begins anew.
        if (refusals.length < seen) seen = 0
        const next = refusals[seen]
        if (next === undefined) return undefined
        seen++
        return refused(view, next)
      },
      decided: (turn) => {
        const mine = poolTurn(turn)
        return mine && taken(mine)
      }
    }
  }
}
