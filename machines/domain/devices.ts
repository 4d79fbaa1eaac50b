/**
 * The part of region `job` in which devices come and go. A device is the guest's when QEMU has it,
 * and no longer when QEMU has let it go, whenever that is: a guest may take its time over it, do it
 * long after it was asked, or unasked. Only then is it given back, and only then told.
 */
import { and } from "xstate"
import { answered, failed } from "../../src/base/protocol.ts"
import { findDevice, withoutDevice } from "../../src/model/device-match.ts"
import { orderDevices } from "../../src/model/device-order.ts"
import { DeviceMissing, DomainGone, OperationFailed } from "../../src/model/domain-error.ts"
import { base, epochOf } from "./base.ts"
import { lacksDevice } from "./change.ts"
import type { DomainContext, DomainMessage } from "./context.ts"
import { attachedAlias, deletedAlias } from "./device-guards.ts"

export interface On {
  readonly context: DomainContext
  readonly event: DomainMessage
}

const callsOf = ({ job }: DomainContext): readonly number[] => (job === undefined ? [] : [job.call])

export const ack = {
  type: "reply" as const,
  params: ({ context }: On) => ({ calls: callsOf(context), answer: answered() })
}

export const forget = base.assign({ job: undefined })

/** Whoever asked is told why not, and nothing is under way any more. */
const fail = (why: (on: On) => unknown) => [
  {
    type: "reply" as const,
    params: (on: On) => ({ calls: callsOf(on.context), answer: failed(why(on)) })
  },
  forget
]

const operationOf = ({ job }: DomainContext): string =>
  job?.change.type === "attach" ? "attach a device to" : "detach a device from"

/** The guest ended first; what it had is given back with it. */
const disappointed = fail(
  ({ context }) => new DomainGone({ domain: context.name, operation: operationOf(context) })
)

const failedWith = fail(({ event }) => (event.type === "deviceFailed" ? event.error : undefined))

const keptByGuest = fail(({ context }) => {
  const why = "the guest refuses to let it go"
  return new OperationFailed({ domain: context.name, operation: operationOf(context), why })
})

const told = (what: "device-added" | "device-removed", deviceOf: (on: On) => string) => ({
  type: "emit" as const,
  params: (on: On) => {
    const { uuid, name, id } = on.context
    return { event: { uuid, name, id, type: what, device: deviceOf(on) } }
  }
})

const part = base.assign((on) => ({ parted: [...on.context.parted, deletedAlias(on)] }))

/**
 * QEMU has let a device go, in any state of the region. One that had nothing of the host is told at
 * once.
 */
export const deviceFacts = {
  qmpDeleted: [
    { guard: and(["isAlive", "isHeld"]), actions: part },
    { guard: "isAlive" as const, actions: told("device-removed", deletedAlias) }
  ]
}

/** The definition that a detach is for does not have the device. */
export const refuseMissing = {
  type: "reply" as const,
  params: ({ context, event }: On) => {
    const change = event.type === "change" ? event.change : undefined
    const lacking = change?.type === "detach" ? lacksDevice(context, change) : undefined
    const error = new DeviceMissing({ domain: context.name, isLive: lacking === "live" })
    return { calls: event.type === "change" ? [event.call] : [], answer: failed(error) }
  }
}

const postponed = {
  change: { actions: "postpone" as const },
  discard: { actions: "postpone" as const }
}

const takeDefinition = base.assign(({ context: { job }, event }) => {
  if (event.type !== "attached" || job?.change.type !== "attach") return {}
  const { definition } = event
  return definition === undefined ? {} : { job: { ...job, change: { ...job.change, definition } } }
})

const takeDevice = base.assign(({ context: { live }, event }) => {
  const device = event.type === "attached" ? event.device : undefined
  return device === undefined || live === undefined
    ? {}
    : { live: { ...live, devices: orderDevices([...live.devices, device]) } }
})

const tellAdded = told("device-added", attachedAlias)

/** The definition is completed; the guest's QEMU gets the device. */
export const attaching = base.createStateConfig({
  entry: {
    type: "attach",
    params: ({ context }) => {
      const change = context.job?.change
      if (change?.type !== "attach") throw new Error("a device is attached that was asked for")
      return { epoch: epochOf(context), change }
    }
  },
  exit: { type: "stop", params: { script: "attach" } },
  always: { guard: and(["isEnding", "isOfGuest"]), target: "idle", actions: disappointed },
  on: {
    ...postponed,
    attached: [
      {
        guard: and(["bringsDevice", "bringsDefinition"]),
        target: "writing",
        actions: [takeDefinition, takeDevice, tellAdded]
      },
      { guard: "bringsDefinition", target: "writing", actions: takeDefinition },
      { target: "idle", actions: [takeDevice, tellAdded, ack, forget] }
    ],
    deviceFailed: { target: "idle", actions: failedWith }
  }
})

/** First, before others that went meanwhile: somebody waits for it. */
const partOwn = base.assign(({ context: { parted, job } }) => {
  const alias = job?.change.type === "detach" ? job.change.alias : undefined
  return alias === undefined ? {} : { parted: [alias, ...parted.filter((one) => one !== alias)] }
})

/** QEMU is told to let go, and the guest has a while to agree. */
export const detaching = base.createStateConfig({
  entry: {
    type: "detach",
    params: ({ context }) => {
      const change = context.job?.change
      if (change?.type !== "detach") throw new Error("a device is detached that was asked for")
      return { epoch: epochOf(context), change }
    }
  },
  exit: { type: "stop", params: { script: "detach" } },
  always: { guard: "isEnding", target: "idle", actions: disappointed },
  on: {
    ...postponed,
    // The event comes before the reply, or long after it.
    qmpDeleted: { guard: "isOwn", target: "parting", actions: partOwn },
    qmpUnplugRefused: { guard: "isOwn", target: "idle", actions: keptByGuest },
    unplugged: [
      { guard: "isGone", target: "parting", actions: partOwn },
      // It may still come. libvirt too calls this done; the guest has the device until then.
      { guard: "hasDefinition", target: "writing" },
      { target: "idle", actions: [ack, forget] }
    ],
    deviceFailed: { target: "idle", actions: failedWith }
  }
})

const firstParted = ({ context: { parted } }: Pick<On, "context">): string => parted[0] ?? ""

const dropParted = base.assign(({ context: { live, parted } }) => {
  const [alias, ...rest] = parted
  const device = live && alias !== undefined ? findDevice(live, { alias }) : undefined
  return { parted: rest, ...(live && device ? { live: withoutDevice(live, device) } : {}) }
})

const tellRemoved = told("device-removed", firstParted)

/** QEMU has let a device go: what it had of the host is given back, and then that is told. */
export const parting = base.createStateConfig({
  entry: {
    type: "letGo",
    params: ({ context }) => ({ epoch: epochOf(context), alias: firstParted({ context }) })
  },
  exit: { type: "stop", params: { script: "letGo" } },
  always: { guard: "isEnding", target: "idle", actions: disappointed },
  on: {
    ...postponed,
    parted: [
      { guard: "hasDefinition", target: "writing", actions: [tellRemoved, dropParted] },
      { guard: "hasJob", target: "idle", actions: [tellRemoved, dropParted, ack, forget] },
      { target: "idle", actions: [tellRemoved, dropParted] }
    ]
  }
})
