/**
 * Cards of the host that a guest has as they are: which MAC address and VLAN each of their virtual
 * functions is given for the time of the guest, and what it had. Looks only; giving and giving back
 * are holds.ts's.
 */
import * as Effect from "effect/Effect"
import {
  findVirtualFunction,
  readSettings,
  restoreSettings,
  writeSettings
} from "../../src/host/virtual-function.ts"
import { pciText } from "../../src/model/address.ts"
import { devicesOf } from "../../src/model/device.ts"
import type { Domain } from "../../src/model/domain.ts"
import type { StatusRecord } from "../../src/store/status.ts"

type Holds = NonNullable<StatusRecord["holds"]>

export type CardSettings = NonNullable<Holds["cards"]>[number]

/** In the order of the definition; fails where the host does not let them be changed. */
export const planCardSettings = Effect.fnUntraced(function* (live: Pick<Domain, "devices">) {
  const found: CardSettings[] = []
  for (const { connection, mac, vlan } of devicesOf(live, "interface")) {
    if (connection.type !== "hostdev" || connection.source?.type !== "pci") continue
    const one = yield* findVirtualFunction(pciText(connection.source))
    const from = yield* readSettings(one)
    const to = { mac: mac ?? from.mac, vlan: vlan?.tags[0]?.id ?? 0 }
    found.push({ ...one, from, to })
  }
  return found
})

export const giveSettings = ({ to, from: _, ...one }: CardSettings) => writeSettings(one, to)

/** Names the undo. */
export const settingsOf = ({ device }: Pick<CardSettings, "device">): string =>
  `settings of ${device}`

/**
 * Back to what they were, whatever the guest has made of them: its driver may change its address
 * through the card, and the function is the guest's until this has been done.
 */
export const takeSettingsBack = ({ from, to: _, ...one }: CardSettings) =>
  restoreSettings(one, from)
