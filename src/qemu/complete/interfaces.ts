/** Network interfaces: a MAC address and a card's model for each. */
import { assert } from "../../base/assert.ts"
import { devicesOf } from "../../model/device.ts"
import type { Interface } from "../../model/device/interface.ts"
import type { Domain } from "../../model/domain.ts"
import { hasType } from "../capabilities.ts"
import { always, editDevices } from "./context.ts"

const needsMac = (device: Interface): boolean => device.mac === undefined

/** How many fresh MAC addresses completing a domain takes. */
export const macsNeeded = (domain: Domain): number =>
  devicesOf(domain, "interface").filter(needsMac).length

const cards = [
  { type: "rtl8139", model: "rtl8139" },
  { type: "e1000", model: "e1000" },
  { type: "virtio-net-pci", model: "virtio" }
] as const

export const interfaces = always((domain, { macs, capabilities }) => {
  const fresh = [...macs]
  const usual = cards.find(({ type }) => hasType(capabilities, type))?.model
  return editDevices(domain, "interface", (device) => {
    const isPassedThrough = device.connection.type === "hostdev"
    const model = device.model ?? (isPassedThrough ? undefined : usual)
    const withModel = model === undefined ? device : { ...device, model }
    if (!needsMac(device)) return withModel
    const mac = fresh.shift()
    assert(mac !== undefined, "as many MAC addresses are given as macsNeeded says")
    return { ...withModel, mac }
  })
})
