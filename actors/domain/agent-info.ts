/**
 * What the agent tells of its guest, with the names that the domain's definition has for the disks.
 */
import * as Effect from "effect/Effect"
import { devicesOf } from "../../src/model/device.ts"
import type { Domain } from "../../src/model/domain.ts"
import {
  type GuestDisk,
  type GuestInfo,
  type GuestInfoKind,
  guestInfoKinds
} from "../../src/model/guest-info.ts"
import { getHostname } from "../../src/qmp/agent-command.ts"
import * as Words from "../../src/qmp/agent-info.ts"
import { ask, asking } from "./agent-ask.ts"
import type { DomainRef } from "./domain.ts"
import { running } from "./reach.ts"

type Pci = GuestDisk["pci"]

const isAt = (pci: Pci, address: { readonly type: string } | undefined): boolean => {
  if (address?.type !== "pci") return false
  const at = address as unknown as Pci
  return (["domain", "bus", "slot", "function"] as const).every((key) => pci[key] === at[key])
}

/** The domain's disk at the place where the guest sees one. */
const withAlias =
  (live: Domain) =>
  (disk: GuestDisk): GuestDisk => {
    const controller = devicesOf(live, "controller").find(({ address }) => isAt(disk.pci, address))
    const found = devicesOf(live, "disk").find(({ address }) => {
      if (address?.type !== "drive") return isAt(disk.pci, address)
      return (
        controller !== undefined &&
        address.controller === controller.index &&
        address.bus === disk.bus &&
        address.target === disk.target &&
        address.unit === disk.unit
      )
    })
    return found === undefined ? disk : { ...disk, alias: found.target.dev }
  }

export const filesystems = Effect.fnUntraced(function* (ref: DomainRef) {
  const { live } = yield* running(ref, asking)
  const found = yield* ask(ref, Words.getFilesystems())
  return found.map((one) => ({ ...one, disks: one.disks.map(withAlias(live)) }))
})

const disks = Effect.fnUntraced(function* (ref: DomainRef) {
  const { live } = yield* running(ref, asking)
  const found = yield* ask(ref, Words.getDisks())
  return found.map((one) =>
    one.address === undefined ? one : { ...one, address: withAlias(live)(one.address) }
  )
})

const readers = {
  users: (ref: DomainRef) => ask(ref, Words.getUsers()),
  os: (ref: DomainRef) => ask(ref, Words.getOs()),
  timezone: (ref: DomainRef) => ask(ref, Words.getTimezone()),
  hostname: (ref: DomainRef) => ask(ref, getHostname()),
  filesystem: filesystems,
  disks,
  interfaces: (ref: DomainRef) => ask(ref, Words.getInterfaces())
}

/** Of an agent that is too old, or built without it. */
const unsupported = ["CommandNotFound", "CommandDisabled"]

/** What is asked for must be told; unasked, what this agent cannot tell is left out. */
export const info = Effect.fnUntraced(function* (ref: DomainRef, kinds?: readonly GuestInfoKind[]) {
  const told: { -readonly [K in keyof GuestInfo]: unknown } = {}
  for (const kind of kinds ?? guestInfoKinds) {
    const read: Effect.Effect<
      unknown,
      Effect.Error<ReturnType<(typeof readers)[GuestInfoKind]>>,
      Effect.Services<ReturnType<(typeof readers)[GuestInfoKind]>>
    > = readers[kind](ref)
    const value = yield* Effect.catchTag(read, "AgentRefused", (error) =>
      kinds === undefined && unsupported.includes(error.class)
        ? Effect.succeed(undefined)
        : Effect.fail(error)
    )
    if (value !== undefined) told[kind] = value
  }
  return told as GuestInfo
})
