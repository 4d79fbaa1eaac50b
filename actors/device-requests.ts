/**
 * What a pool of host devices may be asked, and how it decides: pure, over the table of its
 * devices. All or nothing for several, each by the token of who asks.
 */
import type { Holder, HostdevFact, HostdevRequest } from "../machines/hostdev.ts"
import { answered, failed, type Request, type RequestMessage } from "../src/base/protocol.ts"
import type { Decision } from "../src/kernel/behaviour.ts"
import { DeviceBusy } from "../src/model/domain-error.ts"
import { DeviceBroken, DeviceNotReady, GroupNotViable } from "../src/model/hostdev-error.ts"
import type { HostDeviceWish } from "../src/model/hostdev-wish.ts"
import { Change, type DeviceSnapshot, type PoolState } from "./device-table.ts"

export type DeviceWish = HostDeviceWish

interface Taking {
  readonly wishes: readonly DeviceWish[]
  readonly holder: Holder
}

/** Why a device cannot be brought where somebody wants it. */
export type MoveError = DeviceNotReady | DeviceBusy | DeviceBroken

export interface PoolProtocol {
  readonly reserve: Request<Taking, void, DeviceBusy | DeviceBroken | GroupNotViable>
  /** What a guest of an earlier engine has. */
  readonly adopt: Request<Taking, void, DeviceBusy>
  readonly prepare: Request<{ readonly token: string }, void, DeviceNotReady>
  /** With a device: that one of the token's, for a guest that goes on with the others. */
  readonly release: Request<{ readonly token: string; readonly device: string | undefined }>
  readonly detach: Request<{ readonly device: string; readonly isForced: boolean }, void, MoveError>
  readonly reattach: Request<{ readonly device: string }, void, MoveError>
  readonly reset: Request<{ readonly device: string }, void, MoveError>
  /** All guests of earlier engines are adopted: what nobody has is looked at. */
  readonly settle: Request
}

/** Facts of one device, and what an engine before us remembered of it. */
export type PoolFact = { readonly device: string } & (
  | HostdevFact
  | Extract<HostdevRequest, { type: "recall" }>
)

export type PoolMessage = RequestMessage<PoolProtocol> | PoolFact

type Ask<T extends keyof PoolProtocol> = Extract<RequestMessage<PoolProtocol>, { type: T }>

/** Tried again when something has arrived. */
const postponed = (state: PoolState): Decision<PoolState> => ({
  next: state,
  actions: [{ type: "postpone" }]
})

const refused = (
  change: Change,
  call: number,
  error: MoveError | GroupNotViable
): Decision<PoolState> => {
  change.reply(call, failed(error))
  return change.done()
}

/** Why this asker cannot have it now, if so. */
const obstacle = ({ value, context }: DeviceSnapshot, token: string | undefined) => {
  const { device, holder, why } = context
  if (holder !== undefined && holder.token !== token)
    return new DeviceBusy({ device, holder: holder.name })
  if (value === "broken") return new DeviceBroken({ device, why: why ?? "nobody knows why" })
  return undefined
}

/** VFIO gives a whole IOMMU group to one guest: why this one does not get its part. */
const divided = (change: Change, { device, group }: DeviceWish, { uuid }: Holder) => {
  const members = (group?.mates ?? []).flatMap((mate) => {
    const other = change.snapshot(mate).context.holder
    return other === undefined || other.uuid === uuid
      ? []
      : [{ device: mate, why: `'${other.name}' has it` }]
  })
  return group === undefined || members.length === 0
    ? undefined
    : new GroupNotViable({ device, group: group.number, members })
}

const reserve = (state: PoolState, change: Change, { wishes, holder, call }: Ask<"reserve">) => {
  const all = wishes.map(({ device }) => change.snapshot(device))
  for (const one of all) {
    const problem = obstacle(one, holder.token)
    if (problem !== undefined) return refused(change, call, problem)
  }
  for (const wish of wishes) {
    const problem = divided(change, wish, holder)
    if (problem !== undefined) return refused(change, call, problem)
  }
  // Asking again with the same token is asking once.
  const wanted = wishes.filter((_, index) => all[index]?.context.holder === undefined)
  // Who comes while a device goes home waits for it to be there.
  const isUnsettled = ({ device, group }: DeviceWish) =>
    change.isMoving(device) || group?.mates.some((mate) => change.isMoving(mate))
  if (wanted.some(isUnsettled)) return postponed(state)
  for (const { device, isManaged } of wanted)
    change.send(device, { type: "reserve", holder, isManaged })
  const had = change.held(holder.token)
  change.holds(holder.token, [...had, ...wanted.map(({ device }) => device)])
  change.reply(call, answered())
  return change.done()
}

const adopt = (change: Change, { wishes, holder, call }: Ask<"adopt">) => {
  const { token } = holder
  const isOthers = ({ device }: DeviceWish) => {
    const by = change.snapshot(device).context.holder
    return by !== undefined && by.token !== token
  }
  const [other] = wishes.filter(isOthers)
  const mine = wishes.filter((wish) => !isOthers(wish))
  for (const { device, isManaged } of mine)
    change.send(device, { type: "adopt", holder, isManaged })
  const names = mine.map(({ device }) => device)
  change.holds(token, [...new Set([...change.held(token), ...names])])
  const problem = other && obstacle(change.snapshot(other.device), token)
  change.reply(call, problem === undefined ? answered() : failed(problem))
  return change.done()
}

const prepare = (change: Change, { token, call }: Ask<"prepare">) => {
  const devices = change.held(token)
  for (const device of devices) {
    if (change.snapshot(device).context.holder?.token === token)
      change.send(device, { type: "prepare" })
  }
  change.wait({ call, wait: "prepare", devices })
  return change.done()
}

const release = (change: Change, { token, device: only, call }: Ask<"release">) => {
  const held = change.held(token)
  const isMeant = (device: string) => only === undefined || device === only
  const devices = held.filter(isMeant)
  for (const device of devices) {
    // One that broke under it may be another's by now.
    if (change.snapshot(device).context.holder?.token === token)
      change.send(device, { type: "release" })
  }
  change.holds(
    token,
    held.filter((device) => !devices.includes(device))
  )
  const others = devices.length === 0 ? [] : change.sendHome()
  const leaving = [...change.givenBackBy(token).filter(isMeant), ...others]
  change.wait({ call, wait: "release", devices: [...devices, ...leaving], token })
  return change.done()
}

type Move = Ask<"detach"> | Ask<"reattach"> | Ask<"reset">

interface Moving {
  readonly message: Move
  readonly isMovable: boolean
}

/** What is asked of a device that no guest has. */
const move = (state: PoolState, change: Change, { message, isMovable }: Moving) => {
  const { type, device, call } = message
  const problem = obstacle(change.snapshot(device), undefined)
  const isMendable = type === "reattach" && problem?._tag === "DeviceBroken"
  if (problem !== undefined && !isMendable) return refused(change, call, problem)
  if (!isMovable) {
    const why = "it keeps its driver until QEMU opens it: there is nothing to be done before"
    return refused(change, call, new DeviceNotReady({ device, step: type, why }))
  }
  if (change.isMoving(device)) return postponed(state)
  change.send(device, type === "detach" ? { type, isForced: message.isForced } : { type })
  change.wait({ call, wait: type, devices: [device] })
  return change.done()
}

const settle = (change: Change, { call }: Ask<"settle">) => {
  for (const device of change.allMoving)
    if (change.snapshot(device).value === "unknown") change.send(device, { type: "look" })
  change.reply(call, answered())
  return change.done()
}

/** What the devices of a kind do. */
export interface PoolTraits {
  /** Something is done about their drivers when a guest gets them, and afterwards. */
  readonly isBound: boolean
  /** Also for nobody in particular, by name. */
  readonly isMovable: boolean
}

export const decidePool =
  ({ isBound, isMovable }: PoolTraits) =>
  (state: PoolState, message: PoolMessage): Decision<PoolState> => {
    const change = new Change(state, isBound)
    switch (message.type) {
      case "reserve":
        return reserve(state, change, message)
      case "adopt":
        return adopt(change, message)
      case "prepare":
        return prepare(change, message)
      case "release":
        return release(change, message)
      case "settle":
        return settle(change, message)
      case "detach":
      case "reattach":
      case "reset":
        return move(state, change, { message, isMovable })
      default: {
        const { device, ...event } = message
        change.send(device, event as HostdevFact)
        return change.done()
      }
    }
  }
