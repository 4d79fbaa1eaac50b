/**
 * Region `job`: one change of the definition at a time. A change takes two turns: `writing`, while
 * the candidate lives in the job and nobody sees it, then committed, published and answered at
 * once. Devices that come and go do so before that (`devices.ts`).
 */
import { and, assign } from "xstate"
import { answered, failed } from "../../src/base/protocol.ts"
import { base, happened } from "./base.ts"
import { afterChange, happeningOf, settled } from "./change.ts"
import type { DomainContext } from "./context.ts"
import {
  ack,
  attaching,
  detaching,
  deviceFacts,
  forget,
  parting,
  refuseMissing
} from "./devices.ts"

const tellChange = {
  type: "emit" as const,
  params: ({ context }: { context: DomainContext }) => {
    const { job, uuid, name, id } = context
    const happening = job && happeningOf(job.change, context.persistent !== undefined)
    return { event: happening && { uuid, name, id, ...happening } }
  }
}

/** Renamed, the domain is undefined under its old name first, as libvirt tells it. */
const tellOldName = happened({ type: "lifecycle", event: "undefined", detail: "renamed" })

const commit = base.assign(({ context }) => {
  const { job } = context
  if (job === undefined) return {}
  const { persistent, live } = afterChange(context, job.change)
  const { change } = job
  return {
    persistent,
    live,
    name: persistent?.name ?? context.name,
    isAutostart:
      change.type === "autostart"
        ? change.isAutostart
        : change.type === "undefine"
          ? false
          : context.isAutostart
  }
})

const takeChange = base.assign(({ context, event }) =>
  event.type === "change"
    ? {
        job: {
          call: event.call,
          change: settled(event.change, context)
        }
      }
    : {}
)

export const job = base.createStateConfig({
  initial: "idle",
  on: deviceFacts,
  states: {
    idle: {
      always: { guard: and(["isAlive", "hasParted"]), target: "parting" },
      on: {
        change: [
          { guard: and(["touchesGuest", "isDeviceChange", "isSought"]), actions: "postpone" },
          { guard: and(["isSettled", "fits", "lacksDevice"]), actions: refuseMissing },
          {
            guard: and(["isSettled", "fits", "isDetach", "touchesGuest"]),
            target: "detaching",
            actions: takeChange
          },
          {
            guard: and(["isSettled", "fits", "isAttach"]),
            target: "attaching",
            actions: takeChange
          },
          { guard: and(["isSettled", "fits"]), target: "writing", actions: takeChange },
          { guard: "isTransitional", actions: "postpone" }
        ],
        discard: [
          {
            guard: "isShell",
            target: "unregistering",
            actions: assign({
              job: ({ event }) => ({ call: event.call, change: { type: "undefine" } })
            })
          },
          {
            actions: {
              type: "reply",
              params: ({ event }) => ({ calls: [event.call], answer: answered() })
            }
          }
        ]
      }
    },
    attaching,
    detaching,
    parting,
    writing: {
      entry: {
        type: "write",
        params: ({ context }) => {
          const { job: present } = context
          const change = present?.change ?? { type: "undefine" as const }
          return { change, after: afterChange(context, change) }
        }
      },
      on: {
        change: { actions: "postpone" },
        discard: { actions: "postpone" },
        written: [
          {
            guard: and(["isUndefine", "hasNoGuest"]),
            target: "unregistering",
            // Seen and told before its name is free: whoever defines it again comes after.
            actions: [tellChange, commit]
          },
          {
            guard: "isRename",
            target: "idle",
            actions: [tellOldName, commit, tellChange, ack, forget]
          },
          { target: "idle", actions: [tellChange, commit, ack, forget] }
        ],
        writeFailed: {
          target: "idle",
          actions: [
            {
              type: "reply",
              params: ({ context, event }) => ({
                calls: context.job === undefined ? [] : [context.job.call],
                answer: failed(event.error)
              })
            },
            forget
          ]
        }
      }
    },
    unregistering: {
      entry: "unregister",
      on: {
        change: { actions: "postpone" },
        discard: { actions: "postpone" },
        unregistered: { target: "idle", actions: [ack, forget] }
      }
    }
  }
})
