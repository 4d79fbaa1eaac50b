/**
 * The network cards that the host is reached by: those below a default route, through bridges,
 * bonds and VLANs, and the only one that has a carrier. Reads only.
 */
import * as Effect from "effect/Effect"
import { readAttribute, readPath } from "../host/device-record.ts"
import { netAt } from "../host/device-other.ts"
import type { Files } from "../host/files.ts"
import { listNames, readText } from "../host/node-files.ts"
import type { HostUse } from "./hostdev-used.ts"

/** linux/route.h: a route that leads nowhere. */
const rejects = 0x0200

const defaultsOfFour = (text: string): readonly string[] =>
  text.split("\n").flatMap((line) => {
    const [name, destination, , flags = "0", , , , mask] = line.split(/\s+/)
    const isDefault = destination === "00000000" && mask === "00000000"
    if (name === undefined || !isDefault) return []
    return (Number.parseInt(flags, 16) & rejects) === 0 ? [name] : []
  })

const nothing = "0".repeat(32)

const defaultsOfSix = (text: string): readonly string[] =>
  text.split("\n").flatMap((line) => {
    const words = line.trim().split(/\s+/)
    const [destination, prefix] = words
    const [flags = "0", name] = words.slice(8)
    if (destination !== nothing || prefix !== "00" || name === undefined) return []
    return (Number.parseInt(flags, 16) & rejects) === 0 ? [name] : []
  })

/** What a device is made of: `lower_eth0` of a bond or VLAN, and the ports of a bridge. */
const lowersOf = Effect.fnUntraced(function* (name: string) {
  const at = `${netAt}/${name}`
  const lowers = (yield* listNames(at)).flatMap((one) => /^lower_(.+)$/.exec(one)?.[1] ?? [])
  return [...lowers, ...(yield* listNames(`${at}/brif`))]
})

/** With all that is below them; devices are few, and a circle ends by the names already seen. */
const withLowers = Effect.fnUntraced(function* (names: readonly string[]) {
  const seen = new Set(names)
  for (const name of seen) for (const lower of yield* lowersOf(name)) seen.add(lower)
  return seen
})

interface Card {
  readonly name: string
  readonly path: string
}

/** Those of some hardware. */
const readCards = Effect.gen(function* () {
  const names = yield* listNames(netAt)
  const paths = yield* Effect.forEach(names, (name) => readPath(`${netAt}/${name}`))
  return names.flatMap((name, index): readonly Card[] => {
    const path = paths[index]
    return path === undefined || path.startsWith("/sys/devices/virtual/") ? [] : [{ name, path }]
  })
})

/** A card that is down does not tell its carrier. */
const hasCarrier = Effect.fnUntraced(function* ({ path }: Card) {
  const carrier = yield* readAttribute(path, "carrier")
  return carrier === "1" || (yield* readAttribute(path, "operstate")) === "up"
})

export const readCardUses: Effect.Effect<readonly HostUse[], never, Files> = Effect.gen(
  function* () {
    const [four = "", six = "", cards] = yield* Effect.all([
      readText("/proc/net/route"),
      readText("/proc/net/ipv6_route"),
      readCards
    ])
    const routed = [...new Set([...defaultsOfFour(four), ...defaultsOfSix(six)])]
    const carrying = yield* withLowers(routed)
    const connected = yield* Effect.filter(cards, hasCarrier)
    return cards.flatMap(({ name, path }) => {
      if (carrying.has(name)) return [{ path, why: `its card ${name} carries the default route` }]
      const isOnly = connected.length === 1 && connected[0]?.name === name
      return isOnly ? [{ path, why: `its card ${name} is the only one with a carrier` }] : []
    })
  }
)
