/**
 * What a device that is plugged into a running guest has of the host: reserved by a token of its
 * own, so that nothing but it is given back with it, and remembered in the guest's record from
 * before the first deed. Script `letGo`: QEMU has let a device go.
 */
import * as Effect from "effect/Effect"
import { findDevice, withoutDevice } from "../../src/model/device-match.ts"
import type { Device } from "../../src/model/device.ts"
import type { Domain } from "../../src/model/domain.ts"
import { type HostDeviceKind, hostDeviceKinds } from "../../src/model/hostdev-wish.ts"
import { qomList } from "../../src/qmp/command.ts"
import { domainFromText, domainText } from "../../src/store/domain-text.ts"
import type { StatusRecord } from "../../src/store/status.ts"
import type { DevicePools } from "../device-pools.ts"
import type { Monitor } from "../monitor.ts"
import { nodesOf } from "../../src/node/hostdev-node.ts"
import type { Belongings } from "./belongings.ts"
import { settingsOf, takeSettingsBack } from "./card-settings.ts"
import { giveBack as giveBackOwner, giveOwner } from "./holds.ts"
import type { Identity, Needs } from "./needs.ts"
import type { Owner } from "./ownership.ts"
import { holdsOf } from "./plug.ts"
import { amendRecord } from "./status.ts"
import { Surroundings } from "./surroundings.ts"

/** A device of the host for a device of the guest, as the status record remembers it. */
export type Plugged = NonNullable<StatusRecord["plugged"]>[number]

export interface Place {
  readonly uuid: string
  readonly epoch: string
}

/** Who has the device: this one of this start. */
const tokenOf = ({ uuid, epoch }: Place, alias: string): string => `${uuid}/${epoch}/${alias}`

/** What came with the start is held together. */
const startToken = ({ uuid, epoch }: Place): string => `${uuid}/${epoch}`

const undoName = (alias: string): string => `host devices of '${alias}'`

/** Gives back what was reserved for this alias, whatever it was. */
const release = (place: Place, alias: string) =>
  Effect.gen(function* () {
    const { pools } = yield* Surroundings
    for (const kind of hostDeviceKinds)
      yield* Effect.ignore(pools[kind].release(tokenOf(place, alias)))
  })

const ownersOf = (plugged: readonly Plugged[]) => plugged.flatMap(({ owners = [] }) => owners)

const takeBack = (owners: readonly Owner[]) =>
  Effect.forEach(owners, (owner) => Effect.ignore(giveBackOwner(owner)), { discard: true })

/** Of an epoch that ends, or an attach that comes to nothing: owed before anything is taken. */
export const owePlugged = (
  mine: Belongings<Needs>,
  place: Place,
  { alias, plugged }: { readonly alias: string; readonly plugged: readonly Plugged[] }
): void =>
  mine.owe(
    undoName(alias),
    // The nodes go with the binding: first they are given back.
    Effect.andThen(takeBack(ownersOf(plugged)), release(place, alias))
  )

interface Taking extends Place {
  readonly name: string
  readonly plugged: readonly Plugged[]
}

/** Reserved, so that nobody else gets it. */
export const reservePlugged = Effect.fnUntraced(function* ({ name, plugged, ...place }: Taking) {
  const { pools } = yield* Surroundings
  for (const { alias, pool, device, isManaged } of plugged)
    yield* pools[pool].reserve([{ device, isManaged }], {
      ...place,
      name,
      token: tokenOf(place, alias)
    })
})

/** Taken from their drivers, so far as they have to be; QEMU's account gets at them. */
export const preparePlugged = Effect.fnUntraced(function* ({ plugged, ...place }: Taking) {
  const { pools } = yield* Surroundings
  for (const { alias, pool } of plugged) yield* pools[pool].prepare(tokenOf(place, alias))
  yield* Effect.forEach(ownersOf(plugged), giveOwner, { discard: true })
})

/** For a guest of an earlier engine: what it has, or may have. */
export const adoptPlugged = (
  pools: DevicePools,
  mine: Belongings<Needs>,
  { name, plugged, ...place }: Taking
) =>
  Effect.forEach(
    plugged,
    (one) => {
      const { alias, pool, device, isManaged } = one
      owePlugged(mine, place, { alias, plugged: [one] })
      const holder = { ...place, name, token: tokenOf(place, alias) }
      return Effect.ignore(pools[pool].adopt([{ device, isManaged }], holder))
    },
    { discard: true }
  )

/** The guest's record without a device that it does not have, or has no more. */
const withoutPlugged = (
  record: StatusRecord,
  live: Domain | undefined,
  { alias, device }: { readonly alias: string; readonly device: Device | undefined }
): StatusRecord => {
  const { plugged = [], reservations, holds, ...rest } = record
  const left = plugged.filter((one) => one.alias !== alias)
  // What was plugged in later stands in no reservation.
  const gone = left.length < plugged.length ? [] : holdsOf(device)
  const stays = (kind: HostDeviceKind) => (name: string) =>
    !gone.some((one) => one.pool === kind && one.device === name)
  const kept = hostDeviceKinds.flatMap((kind) => {
    const names = reservations[kind]
    return names === undefined ? [] : [[kind, names.filter(stays(kind))] as const]
  })
  const cards = holds?.cards?.filter((card) => stays("pci")(card.device))
  return {
    ...rest,
    ...(holds === undefined ? {} : { holds: { ...holds, ...(cards && { cards }) } }),
    reservations: { ...reservations, ...Object.fromEntries(kept) },
    ...(left.length === 0 ? {} : { plugged: left }),
    ...(live === undefined ? {} : { definition: domainText(live, "active") })
  }
}

/** The nodes of a device that QEMU's account was given, with it or at the start. */
const nodeOwners = Effect.fnUntraced(function* (
  record: StatusRecord | undefined,
  { alias, device }: { readonly alias: string; readonly device: Device | undefined }
) {
  const plugged = (record?.plugged ?? []).filter((one) => one.alias === alias)
  if (plugged.length > 0 || device === undefined) return ownersOf(plugged)
  const nodes = yield* nodesOf({ devices: [device] })
  return (record?.holds?.owners ?? []).filter(({ path }) => nodes.includes(path))
})

/**
 * MAC address and VLAN of a card that is the guest's as it is. Before the record forgets them:
 * until then the function is this guest's, and whoever reads the record does it again.
 */
const takeCardsBack = Effect.fnUntraced(function* (
  mine: Belongings<Needs>,
  device: Device | undefined
) {
  const gone = holdsOf(device).map((one) => one.device)
  for (const card of mine.record?.holds?.cards ?? []) {
    if (!gone.includes(card.device)) continue
    yield* Effect.ignore(takeSettingsBack(card))
    mine.strike(settingsOf(card))
  }
})

/**
 * Gives back what a device had, and nothing else. The record first: what a crash leaves in between
 * is the pool's own to see to, and never another guest's by then.
 */
export const giveBack = Effect.fnUntraced(function* (
  domain: Identity,
  epoch: string,
  alias: string
) {
  const mine = domain.belongings.of(epoch)
  const place = { uuid: domain.uuid, epoch }
  const { live } = domain.now().context
  const device = live && findDevice(live, { alias })
  const rest = live && device ? withoutDevice(live, device) : live
  const owners = yield* nodeOwners(mine.record, { alias, device })
  yield* takeCardsBack(mine, device)
  // A disk that cannot be written must not keep the device from its next guest.
  yield* Effect.ignore(
    amendRecord(mine, (record) => withoutPlugged(record, rest, { alias, device }))
  )
  yield* takeBack(owners)
  yield* release(place, alias)
  mine.strike(undoName(alias))
  const { pools } = yield* Surroundings
  for (const { pool, device: name } of holdsOf(device))
    yield* Effect.ignore(pools[pool].release(startToken(place), name))
})

/** Script `letGo`. */
export const letGo =
  (domain: Identity) =>
  ({ epoch, alias }: { readonly epoch: string; readonly alias: string }) =>
    Effect.as(giveBack(domain, epoch, alias), { type: "parted" as const, alias })

/** The names of the devices that QEMU has by one; nothing when it cannot be told. */
export const peripherals = Effect.fnUntraced(function* (monitor: Monitor) {
  const { execute, arguments: words = {}, decode } = qomList("/machine/peripheral")
  const reply = decode(yield* monitor.execute({ execute, arguments: words }))
  if (reply._tag === "Failure") return undefined
  return reply.success.filter(({ type }) => type.startsWith("child<")).map(({ name }) => name)
})

/**
 * After a defect of the actor: the definition with what was just being plugged in, which QEMU may
 * have by now. Whoever finds the guest again asks it.
 */
export const withRemembered = (live: Domain, record: StatusRecord | undefined): Domain => {
  const names = (record?.plugged ?? []).map(({ alias }) => alias)
  const missing = names.filter((alias) => findDevice(live, { alias }) === undefined)
  if (record === undefined || missing.length === 0) return live
  const read = domainFromText(record.definition, "active")
  if (read._tag === "Failure") return live
  const { domain } = read.success
  const devices = missing.flatMap((alias) => findDevice(domain, { alias }) ?? [])
  return { ...live, devices: [...live.devices, ...devices] }
}
