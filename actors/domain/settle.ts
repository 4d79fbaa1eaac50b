/**
 * Between the monitor's handshake and the guest's first instruction: what QEMU is told that its
 * command line does not say, and what is found out only now (the terminals and sockets it has).
 */
import * as Effect from "effect/Effect"
import { endsOnReboot } from "../../machines/domain/change.ts"
import type { Device } from "../../src/model/device.ts"
import { devicesOf } from "../../src/model/device.ts"
import type { Domain } from "../../src/model/domain.ts"
import { queryChardev, setLink } from "../../src/qmp/command.ts"
import type { Monitor } from "../monitor.ts"
import { setPasswords } from "./displays.ts"
import { type Holds, lookAtSockets } from "./holds.ts"

/** A terminal in `query-chardev`: `pty:/dev/pts/3`. */
const ptyWord = "pty:"

const hasPty = (device: Device): boolean => "source" in device && isPty(device.source)

const isPty = (source: unknown): boolean =>
  typeof source === "object" && source !== null && "type" in source && source.type === "pty"

/** The live definition with the terminals that QEMU has opened. */
const withTerminals = (live: Domain, terminals: ReadonlyMap<string, string>): Domain => ({
  ...live,
  devices: live.devices.map((device): Device => {
    if (!("source" in device) || !("alias" in device) || !hasPty(device)) return device
    const path = terminals.get(`char${device.alias ?? ""}`)
    return path === undefined
      ? device
      : ({ ...device, source: { ...device.source, path } } as Device)
  })
})

const lookAtTerminals = Effect.fnUntraced(function* (monitor: Monitor, live: Domain) {
  if (!live.devices.some(hasPty)) return live
  const command = queryChardev()
  const reply = command.decode(yield* monitor.execute(command))
  // A reply that cannot be read costs the path of a terminal, and not the guest.
  if (reply._tag === "Failure") return live
  const terminals = reply.success.flatMap(({ label, filename }) =>
    filename.startsWith(ptyWord) ? [[label, filename.slice(ptyWord.length)] as const] : []
  )
  return withTerminals(live, new Map(terminals))
})

/** Tells QEMU what is left to tell; what is then known of the guest. */
export const settle = Effect.fnUntraced(function* (
  monitor: Monitor,
  { live, holds }: { readonly live: Domain; readonly holds: Holds }
) {
  if (endsOnReboot(live))
    yield* monitor.execute({ execute: "set-action", arguments: { reboot: "shutdown" } })
  yield* setPasswords(monitor, live)
  for (const { alias = "", linkState } of devicesOf(live, "interface"))
    if (linkState === "down") yield* monitor.execute(setLink(alias, false))
  const settled = yield* lookAtTerminals(monitor, live)
  const sockets = holds.sockets.length === 0 ? holds.sockets : yield* lookAtSockets(holds.sockets)
  // What a recovery could not find out by itself has to stand in the status record.
  const isNews = settled !== live || holds.sockets.length > 0
  return { live: settled, holds: { ...holds, sockets }, isNews }
})
