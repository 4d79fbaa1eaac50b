/**
 * Script `detach`: QEMU is told to let a device go, and the guest gets a while to agree. That it
 * has gone QEMU tells as an event, which is the chart's to hear: perhaps before its answer, perhaps
 * minutes later, perhaps never.
 */
import * as Effect from "effect/Effect"
import type { Detach } from "../../machines/domain/change.ts"
import { elementName, findDevice } from "../../src/model/device-match.ts"
import { GuestSilent, GuestUnsupported } from "../../src/model/guest-error.ts"
import { deviceDel } from "../../src/qmp/command.ts"
import { failureOf } from "./monitor-failure.ts"
import type { Identity } from "./needs.ts"
import { pluggableOf } from "./plug.ts"

const operation = "detach a device from"

/** QEMU_DOMAIN_UNPLUG_TIMEOUT of libvirt: after it, it is the guest's affair. */
export const unplugWaitMs = 5_000

const unplug = Effect.fnUntraced(function* (
  domain: Identity,
  { epoch, change }: { readonly epoch: string; readonly change: Detach }
) {
  const { live, name } = domain.now().context
  const { alias } = change
  const about = { domain: name, operation }
  const device = live && alias !== undefined ? findDevice(live, { alias }) : undefined
  const pluggable = device && pluggableOf(device)
  if (alias === undefined || device === undefined || pluggable === undefined) {
    const what = device === undefined ? "a device without a name" : elementName(device)
    return yield* new GuestUnsupported({ ...about, why: `${what} stays in a running guest` })
  }
  const why = pluggable.stays(device)
  if (why !== undefined) return yield* new GuestUnsupported({ ...about, why })
  const monitor = domain.belongings.find(epoch)?.monitor
  if (monitor === undefined)
    return yield* new GuestSilent({ ...about, why: "its QEMU is not connected" })
  const { execute, arguments: words = {} } = deviceDel(alias)
  const told = yield* Effect.result(monitor.execute({ execute, arguments: words }))
  if (told._tag === "Failure") {
    const { failure } = told
    // It had gone, and nobody had heard of it.
    if (failure._tag === "QmpRefused" && failure.class === "DeviceNotFound") return true
    return yield* failureOf(failure, { ...about, command: execute })
  }
  yield* Effect.sleep(unplugWaitMs)
  return false
})

export type DetachError = Effect.Error<ReturnType<typeof unplug>>

export const detach =
  (domain: Identity) => (request: { readonly epoch: string; readonly change: Detach }) =>
    unplug(domain, request).pipe(
      Effect.map((isGone) => ({ type: "unplugged" as const, isGone })),
      Effect.catch((error) => Effect.succeed({ type: "deviceFailed" as const, error }))
    )
