/**
 * The addresses of a guest's cards: by its agent's word, or by what this host's kernel has heard
 * of them (ARP).
 */
import * as Effect from "effect/Effect"
import { Files } from "../../src/host/files.ts"
import { GuestUnsupported } from "../../src/model/guest-error.ts"
import type { AddressSource, DomainInterface } from "../../src/model/guest-info.ts"
import { devicesOf } from "../../src/model/device.ts"
import { getInterfaces } from "../../src/qmp/agent-info.ts"
import { ask } from "./agent-ask.ts"
import type { DomainRef } from "./domain.ts"
import { running } from "./reach.ts"

const arpPath = "/proc/self/net/arp"
/** A line has 80 bytes, and the kernel's table 1024 entries by default. */
const arpBytesMax = 4 * 1024 * 1024
/** linux/if_arp.h ATF_COM: the entry is complete. */
const isComplete = (flags: string | undefined): boolean => (Number(flags) & 0x02) !== 0

const heardAddresses = Effect.fnUntraced(function* () {
  const bytes = yield* Effect.option((yield* Files).read(arpPath, arpBytesMax))
  if (bytes._tag === "None") return []
  const [, ...lines] = new TextDecoder().decode(bytes.value).split("\n")
  return lines.flatMap((line) => {
    const [address, , flags, mac] = line.split(/\s+/)
    const isUsable = address !== undefined && mac !== undefined && isComplete(flags)
    return isUsable ? [{ address, mac: mac.toLowerCase() }] : []
  })
})

const byArp = Effect.fnUntraced(function* (ref: DomainRef) {
  const { live } = yield* running(ref, "look up the addresses of")
  const heard = yield* heardAddresses()
  return devicesOf(live, "interface").flatMap(({ mac, target, alias = "" }) => {
    const mine = heard.filter((one) => one.mac === mac?.toLowerCase())
    if (mac === undefined || mine.length === 0) return []
    const found: DomainInterface = {
      name: target?.dev ?? alias,
      hardwareAddress: mac,
      // The kernel's table knows no prefix.
      addresses: mine.map(({ address }) => ({ kind: "ipv4", address, prefix: 0 }))
    }
    return [found]
  })
})

export const interfaceAddresses = Effect.fnUntraced(function* (
  ref: DomainRef,
  source: AddressSource
) {
  if (source === "agent") return yield* ask(ref, getInterfaces())
  if (source === "arp") return yield* byArp(ref)
  const { domain } = yield* running(ref, "look up the addresses of")
  const why = "there are no virtual networks here that lease addresses"
  return yield* new GuestUnsupported({ domain, operation: "look up leases of", why })
})
