/**
 * Script `attach`: a device for the running guest, for the next start's definition, or for both.
 * For the guest: reserve, remember, prepare, tell QEMU; what it takes is given back if QEMU does
 * not take it. Whoever finds the record after a crash asks QEMU whether it has come about.
 */
import * as Effect from "effect/Effect"
import type { Attach } from "../../machines/domain/change.ts"
import { elementName, hasDevice, isAddable } from "../../src/model/device-match.ts"
import type { Device } from "../../src/model/device.ts"
import { DeviceExists } from "../../src/model/domain-error.ts"
import type { Domain } from "../../src/model/domain.ts"
import { GuestSilent, GuestUnsupported, NotRunning } from "../../src/model/guest-error.ts"
import { validateDomain } from "../../src/model/validate.ts"
import { deviceAdd } from "../../src/qmp/command.ts"
import type { JsonObject } from "../../src/qmp/json.ts"
import { domainText } from "../../src/store/domain-text.ts"
import { holderOf } from "../device-pools.ts"
import { accountOf } from "./account.ts"
import type { Belongings } from "./belongings.ts"
import { raiseMemoryLock } from "./memory-lock.ts"
import { failureOf } from "./monitor-failure.ts"
import type { Identity, Needs } from "./needs.ts"
import { nodesToChange } from "./ownership.ts"
import { complete } from "./plan.ts"
import { pluggableOf } from "./plug.ts"
import {
  giveBack,
  owePlugged,
  peripherals,
  type Plugged,
  preparePlugged,
  reservePlugged
} from "./plugged.ts"
import { amendRecord } from "./status.ts"
import { Surroundings } from "./surroundings.ts"

const operation = "attach a device to"

const refuseTwice = (domain: Domain, device: Device, isLive: boolean) =>
  hasDevice(domain, device)
    ? Effect.fail(new DeviceExists({ domain: domain.name, element: elementName(device), isLive }))
    : Effect.void

/** The definition with one device more, completed as if it had been defined so. */
const addTo = Effect.fnUntraced(function* (persistent: Domain, device: Device) {
  if (!isAddable(device)) {
    const why = `a definition has no list of ${elementName(device)} to add to`
    return yield* new GuestUnsupported({ domain: persistent.name, operation, why })
  }
  yield* refuseTwice(persistent, device, false)
  const whole = { ...persistent, devices: [...persistent.devices, device] }
  const { domain } = yield* complete(yield* Effect.fromResult(validateDomain(whole)))
  return domain
})

/** A guest, and the device that it is about to get. */
interface Plugging {
  readonly domain: Identity
  readonly epoch: string
  readonly mine: Belongings<Needs>
  readonly live: Domain
  readonly device: Device & { readonly alias: string }
  readonly properties: JsonObject
  readonly plugged: readonly Plugged[]
  readonly pinsMemory: boolean
}

/** Its nodes, where QEMU's account is not the one that has them. */
const ownersOf = Effect.fnUntraced(function* (device: Device) {
  const { values } = (yield* Surroundings).config()
  const account = yield* accountOf(values)
  return account === undefined || !values.dynamicOwnership
    ? []
    : yield* nodesToChange({ devices: [device] }, account)
})

/** Everything that can be refused without having touched anything. */
const plan = Effect.fnUntraced(function* (domain: Identity, epoch: string, wanted: Device) {
  const { live, name } = domain.now().context
  const mine = domain.belongings.find(epoch)
  if (live === undefined || mine === undefined)
    return yield* new NotRunning({ domain: name, operation })
  const pluggable = pluggableOf(wanted)
  if (pluggable === undefined) {
    const why = `${elementName(wanted)} cannot be plugged into a running guest`
    return yield* new GuestUnsupported({ domain: name, operation, why })
  }
  const { pools, capabilities: capabilitiesOf } = yield* Surroundings
  const taken = holderOf(pools)
  const { device: found, takes } = yield* pluggable.find(wanted, { guest: domain.uuid, taken })
  yield* refuseTwice(live, found, true)
  const capabilities = yield* capabilitiesOf(live)
  const device = yield* Effect.fromResult(pluggable.fit(live, found, capabilities))
  const properties = yield* Effect.fromResult(pluggable.properties(live, device, capabilities))
  const { alias } = device
  const owners = yield* ownersOf(device)
  const plugged = takes.map(
    (one): Plugged => ({ ...one, alias, ...(owners.length === 0 ? {} : { owners }) })
  )
  const pinsMemory = pluggable.pinsMemory(device)
  return { domain, epoch, mine, live, device, properties, plugged, pinsMemory }
})

/** What is about to be: the definition with the device, and what it takes. */
const remember = ({ mine, live, device, plugged }: Plugging) =>
  amendRecord(mine, (record) => ({
    ...record,
    definition: domainText({ ...live, devices: [...live.devices, device] }, "active"),
    plugged: [...(record.plugged ?? []), ...plugged]
  }))

const lookPauseMs = 500

/** Asked until QEMU answers, however often it has to be sought for that. */
const isThere = ({ mine, device }: Plugging): Effect.Effect<boolean> =>
  Effect.gen(function* () {
    for (;;) {
      const { monitor } = mine
      const found = monitor && (yield* Effect.option(peripherals(monitor)))
      if (found?._tag === "Some" && found.value !== undefined)
        return found.value.includes(device.alias)
      yield* Effect.sleep(lookPauseMs)
    }
  })

/** Tells QEMU. Where its answer does not come, it is asked what became of it. */
const add = Effect.fnUntraced(function* (plugging: Plugging) {
  const { live, mine, properties } = plugging
  const { monitor } = mine
  const about = { domain: live.name, operation }
  if (monitor === undefined)
    return yield* new GuestSilent({ ...about, why: "its QEMU is not connected" })
  const { execute, arguments: words = {} } = deviceAdd(properties)
  const told = yield* Effect.result(monitor.execute({ execute, arguments: words }))
  if (told._tag === "Success") return
  const isKnown = told.failure._tag === "QmpRefused"
  if (isKnown || !(yield* isThere(plugging)))
    return yield* failureOf(told.failure, { ...about, command: execute })
})

/** What is taken is owed before; whatever fails, all of it and nothing else is given back. */
const plug = (plugging: Plugging) =>
  Effect.gen(function* () {
    const { domain, epoch, mine, live, device, plugged, pinsMemory } = plugging
    const taking = { uuid: domain.uuid, epoch, name: live.name, plugged }
    owePlugged(mine, taking, { alias: device.alias, plugged })
    const deeds = Effect.gen(function* () {
      yield* reservePlugged(taking)
      yield* remember(plugging)
      yield* preparePlugged(taking)
      if (pinsMemory && mine.process !== undefined)
        yield* raiseMemoryLock(mine.process, { ...live, devices: [...live.devices, device] })
      yield* add(plugging)
    })
    yield* Effect.tapError(deeds, () => giveBack(domain, epoch, device.alias))
    return device
  })

const carryOut = (domain: Identity, { epoch, change }: Request) =>
  Effect.gen(function* () {
    const { persistent } = domain.now().context
    const { affects, device: wanted } = change
    const meant = affects === "current" ? { config: false, live: false } : affects
    const definition = meant.config && persistent ? yield* addTo(persistent, wanted) : undefined
    const device = meant.live ? yield* plug(yield* plan(domain, epoch, wanted)) : undefined
    return { type: "attached" as const, device, definition }
  })

interface Request {
  readonly epoch: string
  readonly change: Attach
}

export type AttachError = Effect.Error<ReturnType<typeof carryOut>>

export const attach = (domain: Identity) => (request: Request) =>
  Effect.catch(carryOut(domain, request), (error) =>
    Effect.succeed({ type: "deviceFailed" as const, error })
  )
