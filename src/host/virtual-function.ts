/**
 * The MAC address and VLAN of a virtual function, which its physical function's card has: read and
 * set by iproute2's `ip`, one primitive per function. What was there before is the caller's to
 * remember and to put back.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { hexIn, readAttribute, readTarget } from "./device-record.ts"
import { Files } from "./files.ts"
import { runProgram } from "./short-program.ts"
import { listNames, numberIn } from "./node-files.ts"
import { pciDevicesAt } from "./pci.ts"

/** A virtual function's settings could not be read or changed. */
export class FunctionRefused extends Data.TaggedError("FunctionRefused")<{
  readonly device: string
  readonly what: string
  readonly why: string
}> {
  override get message(): string {
    const { what, device, why } = this
    return `cannot ${what} of virtual function ${device}: ${why}`
  }
}

/** Which one: the number that its physical function's card knows it by. */
export interface VirtualFunction {
  /** `0000:06:10.0` */
  readonly device: string
  /** Name of the physical function's card: `eth2`. */
  readonly card: string
  readonly index: number
}

export interface FunctionSettings {
  readonly mac: string
  /** 0 is none. */
  readonly vlan: number
}

/** linux/if.h */
const isUpFlag = 0x1

/** The number N of `virtfnN` that leads to it. */
const indexIn = Effect.fnUntraced(function* (physical: string, device: string) {
  for (const name of yield* listNames(physical)) {
    const index = numberIn(/^virtfn(\d+)$/.exec(name)?.[1])
    if (index !== undefined && (yield* readTarget(physical, name)) === device) return index
  }
  return undefined
})

/** Fails for what is no virtual function, and where its card cannot be spoken to. */
export const findVirtualFunction = Effect.fnUntraced(function* (device: string) {
  const what = "find the settings"
  const refused = (why: string) => new FunctionRefused({ device, what, why })
  const above = yield* readTarget(`${pciDevicesAt}/${device}`, "physfn")
  if (above === undefined) return yield* refused("it has no physical function")
  const physical = `${pciDevicesAt}/${above}`
  const [card] = yield* listNames(`${physical}/net`)
  if (card === undefined)
    return yield* refused(`no driver of the host has its physical function ${above} as a card`)
  const index = yield* indexIn(physical, device)
  if (index === undefined) return yield* refused(`its physical function ${above} does not list it`)
  // Cards that are down take settings and forget them.
  const flags = hexIn(yield* readAttribute(`${physical}/net/${card}`, "flags")) ?? 0
  if ((flags & isUpFlag) === 0) return yield* refused(`the card ${card} is down; bring it up first`)
  const found: VirtualFunction = { device, card, index }
  return found
})

/** Fixed, never from PATH: they run with the engine's rights. */
const places = ["/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip", "/bin/ip"]

const ip = Effect.fnUntraced(function* (
  { device }: VirtualFunction,
  what: string,
  words: readonly string[]
) {
  const files = yield* Files
  for (const path of places) {
    if ((yield* Effect.option(files.stat(path)))._tag === "None") continue
    return yield* Effect.mapError(
      runProgram([path, ...words]),
      ({ why }) => new FunctionRefused({ device, what, why })
    )
  }
  const why = "the command 'ip' of iproute2 is not installed"
  return yield* new FunctionRefused({ device, what, why })
})

/** What `ip -j link show` says of functions; older versions call the address `mac`. */
const Links = Schema.Array(
  Schema.Struct({
    vfinfo_list: Schema.optionalKey(
      Schema.Array(
        Schema.Struct({
          vf: Schema.Int,
          address: Schema.optionalKey(Schema.String),
          mac: Schema.optionalKey(Schema.String),
          vlan: Schema.optionalKey(Schema.Int),
          vlan_list: Schema.optionalKey(
            Schema.Array(Schema.Struct({ vlan: Schema.optionalKey(Schema.Int) }))
          )
        })
      )
    )
  })
)

const decodeLinks = Schema.decodeUnknownResult(Schema.fromJsonString(Links))

/** As the card has them now. */
export const readSettings = Effect.fnUntraced(function* (one: VirtualFunction) {
  const { card, index, device } = one
  const what = "read the settings"
  const text = yield* ip(one, what, ["-j", "link", "show", "dev", card])
  const links = decodeLinks(text)
  const all = Result.isSuccess(links) ? links.success.flatMap((link) => link.vfinfo_list ?? []) : []
  const found = all.find(({ vf }) => vf === index)
  const mac = found?.address ?? found?.mac
  if (found === undefined || mac === undefined) {
    const why = `'ip' tells nothing of function ${index} of the card ${card}`
    return yield* new FunctionRefused({ device, what, why })
  }
  const settings: FunctionSettings = { mac, vlan: found.vlan ?? found.vlan_list?.[0]?.vlan ?? 0 }
  return settings
})

export const writeSettings = (one: VirtualFunction, { mac, vlan }: FunctionSettings) => {
  const { card, index } = one
  const words = ["link", "set", "dev", card, "vf", String(index), "mac", mac, "vlan", String(vlan)]
  return Effect.asVoid(ip(one, "change the settings", words))
}

const noMac = "00:00:00:00:00:00"

/** A local address, for cards that do not take back that there was none (as libvirt does). */
const someMac = "02:00:00:00:00:00"

/** Back to what they were. */
export const restoreSettings = (one: VirtualFunction, settings: FunctionSettings) =>
  settings.mac === noMac
    ? Effect.catch(writeSettings(one, settings), () =>
        writeSettings(one, { ...settings, mac: someMac })
      )
    : writeSettings(one, settings)
