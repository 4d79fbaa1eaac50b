/**
 * The network cards of a guest as the host counts their traffic: each card's end on the host is a
 * device with counters (sysfs, `class/net`). A card of user mode has none. Asks QEMU nothing but
 * to pull a cable.
 */
import * as Effect from "effect/Effect"
import { Files } from "../host/files.ts"
import { devicesOf } from "../model/device.ts"
import type { Interface } from "../model/device/interface.ts"
import type { Domain } from "../model/domain.ts"
import { setLink } from "../qmp/command.ts"
import type { Ask } from "./guest-ask.ts"
import type { InterfaceStats } from "./stats-groups.ts"

/** By its device on the host, or by its MAC address. */
export const findCard = (domain: Domain, wanted: string): Interface | undefined => {
  const cards = devicesOf(domain, "interface")
  return (
    cards.find(({ target }) => target?.dev === wanted) ??
    cards.find(({ mac }) => mac?.toLowerCase() === wanted.toLowerCase())
  )
}

/** Kinds whose end on the host is a device with counters of this guest alone. */
const counted = new Set(["ethernet", "bridge", "network", "direct"])

/** The device on the host that counts for it. */
export const hostDevice = ({ connection, target }: Interface): string | undefined =>
  counted.has(connection.type) ? target?.dev : undefined

const counterBytesMax = 4096

const readCounter = (device: string, name: string) =>
  Effect.gen(function* () {
    const path = `/sys/class/net/${device}/statistics/${name}`
    const text = new TextDecoder().decode(yield* (yield* Files).read(path, counterBytesMax))
    return Number(text.trim())
  })

/** What a device counted one way. */
const oneWay = (device: string, way: "rx" | "tx") =>
  Effect.gen(function* () {
    return {
      bytes: yield* readCounter(device, `${way}_bytes`),
      packets: yield* readCounter(device, `${way}_packets`),
      errors: yield* readCounter(device, `${way}_errors`),
      dropped: yield* readCounter(device, `${way}_dropped`)
    }
  })

/** A tap's far end is the guest: what the host sent into it, the guest received. */
export const readCard = (card: Interface, device: string) =>
  Effect.gen(function* () {
    const isGuestsView = card.connection.type === "direct"
    const received = yield* oneWay(device, isGuestsView ? "rx" : "tx")
    const sent = yield* oneWay(device, isGuestsView ? "tx" : "rx")
    const stats: InterfaceStats = {
      rxBytes: received.bytes,
      rxPackets: received.packets,
      rxErrors: received.errors,
      rxDropped: received.dropped,
      txBytes: sent.bytes,
      txPackets: sent.packets,
      txErrors: sent.errors,
      txDropped: sent.dropped
    }
    return stats
  })

/** Both ends are told: the card that its cable is in or out. */
export const switchLink = (ask: Ask, { alias = "" }: Interface, isUp: boolean) =>
  ask(setLink(alias, isUp))
