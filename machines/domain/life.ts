/**
 * Region `life`: whether there is a guest and what it is doing. `meta.state` is libvirt's state;
 * its reason is in the context, set by the transition. Destroy is taken in every state that has a
 * QEMU.
 */
import { and, assign, not } from "xstate"
import { answered, failed } from "../../src/base/protocol.ts"
import { StillDying } from "../../src/model/domain-error.ts"
import { during } from "../words.ts"
import {
  base,
  because,
  deathBoundMs,
  deviceReturnMs,
  disappoint,
  epochOf,
  happened,
  hear,
  joinDestroy,
  joinEnding,
  startDeadlineMs,
  stopDeadlineMs,
  tellPaused
} from "./base.ts"
import type { DomainContext } from "./context.ts"
import { returnsDevices } from "./device-guards.ts"
import { aborted, overdue } from "./failure.ts"
import { guest } from "./guest.ts"

const takeStart = (source: "persistent" | "request") =>
  base.assign(({ context, event }) => {
    if (event.type !== "start" && event.type !== "create") return {}
    const { call, isPaused, autoDestroy, epoch } = event
    const given = event.type === "create" ? event.definition : undefined
    return {
      epoch,
      autoDestroy,
      live: source === "request" ? given : context.persistent,
      starter: { call, isPaused, autoDestroy },
      failure: undefined,
      isRebooting: false,
      isUnproven: false,
      graceMs: 0,
      pauseCause: undefined
    }
  })

const takeAdopted = base.assign(({ event }) => {
  if (event.type !== "adopt") return {}
  const { epoch, id, process, live, reason, autoDestroy, isUnproven } = event.record
  return { epoch, id, process, live, reason, autoDestroy, isUnproven }
})

const takeSettled = base.assign(({ event }) =>
  event.type === "started" && event.live !== undefined ? { live: event.live } : {}
)

const startDone = [
  {
    type: "reply" as const,
    params: ({ context }: { context: DomainContext }) => ({
      calls: context.starter === undefined ? [] : [context.starter.call],
      answer: answered(context.id)
    })
  },
  base.assign({ starter: undefined })
]

const tellStopped = happened((context) => ({
  type: "lifecycle",
  event: "stopped",
  detail: stoppedDetail(context.reason)
}))

const stoppedDetail = (reason: string) => {
  if (reason === "shutdown" || reason === "crashed" || reason === "failed") return reason
  return "destroyed"
}

/** Whoever waited for the end is answered, and the domain forgets the epoch. */
const closeEpoch = [
  {
    type: "reply" as const,
    params: ({ context }: { context: DomainContext }) => ({
      calls: context.destroyers,
      answer: answered()
    })
  },
  {
    type: "reply" as const,
    params: ({ context }: { context: DomainContext }) => ({
      calls: context.starter === undefined ? [] : [context.starter.call],
      answer: failed(context.failure ?? aborted(context, "it was stopped"))
    })
  },
  base.assign({
    epoch: undefined,
    id: -1,
    process: undefined,
    live: undefined,
    autoDestroy: undefined,
    starter: undefined,
    failure: undefined,
    parted: [],
    destroyers: []
  })
]

const shutoff = base.createStateConfig({
  id: "shutoff",
  meta: { state: "shutoff" },
  on: {
    unregistered: "gone",
    start: [
      { guard: not("isJobIdle"), actions: "postpone" },
      { guard: "isDefined", target: "starting", actions: takeStart("persistent") }
    ],
    create: [
      { guard: not("isJobIdle"), actions: "postpone" },
      { guard: "isOfName", target: "starting", actions: takeStart("request") }
    ],
    adopt: [
      {
        guard: "wasUnborn",
        target: "stopping",
        actions: [takeAdopted, because("failed")]
      },
      {
        guard: "wasOver",
        target: "stopping",
        actions: [takeAdopted, because("crashed")]
      },
      {
        guard: "wasPaused",
        target: "paused",
        actions: takeAdopted
      },
      { target: "running", actions: takeAdopted }
    ]
  }
})

const starting = base.createStateConfig({
  meta: { state: "shutoff" },
  entry: [
    {
      type: "launch",
      params: ({ context }) => {
        const { live, starter, persistent } = context
        if (live === undefined || starter === undefined)
          throw new Error("a start has a definition and somebody who asked for it")
        return {
          epoch: epochOf(context),
          definition: live,
          starter,
          isTransient: persistent === undefined
        }
      }
    },
    { type: "deadline", params: { ms: startDeadlineMs } }
  ],
  ...during("launch", "deadline"),
  initial: "preparing",
  states: {
    preparing: {
      on: {
        launched: {
          target: "connecting",
          actions: assign({
            id: ({ event }) => event.id,
            process: ({ event }) => event.process,
            live: ({ event }) => event.live
          })
        }
      }
    },
    connecting: { on: { monitorReady: "configuring" } },
    configuring: {}
  },
  on: {
    started: [
      {
        guard: "startsPaused",
        target: "paused",
        actions: [
          takeSettled,
          because("user"),
          happened({ type: "lifecycle", event: "started", detail: "booted" }),
          tellPaused,
          ...startDone,
          hear
        ]
      },
      {
        target: "running",
        actions: [
          takeSettled,
          because("booted"),
          happened({ type: "lifecycle", event: "started", detail: "booted" }),
          ...startDone,
          hear
        ]
      }
    ],
    startFailed: {
      target: "stopping",
      actions: [assign({ failure: ({ event }) => event.failure }), because("failed")]
    },
    overdue: {
      target: "stopping",
      actions: [assign({ failure: ({ context }) => overdue(context) }), because("failed")]
    },
    destroy: {
      guard: "isThisEpoch",
      target: "stopping",
      actions: [
        assign({ failure: ({ context }) => aborted(context, "it was destroyed meanwhile") }),
        joinDestroy,
        because("destroyed")
      ]
    },
    suspend: { actions: "postpone" },
    resume: { actions: "postpone" }
  }
})

const stopping = base.createStateConfig({
  id: "stopping",
  meta: { state: "shutdown" },
  entry: [
    { type: "stop", params: { script: "saveStatus" } },
    ...disappoint,
    {
      type: "release",
      params: ({ context }) => ({ epoch: epochOf(context), graceMs: context.graceMs })
    }
  ],
  ...during("release"),
  initial: "terminating",
  states: {
    terminating: {
      entry: {
        type: "deadline",
        params: ({ context }) => ({
          ms:
            Math.max(stopDeadlineMs, context.graceMs + deathBoundMs) +
            (returnsDevices(context) ? deviceReturnMs : 0)
        })
      },
      ...during("deadline"),
      on: {
        destroy: [
          {
            guard: and(["isThisEpoch", "isHastened"]),
            target: "#stopping",
            reenter: true,
            actions: joinEnding
          },
          { guard: "isThisEpoch", actions: joinEnding }
        ],
        overdue: {
          target: "undead",
          actions: [
            {
              type: "reply",
              params: ({ context }) => ({
                calls: context.destroyers,
                answer: failed(
                  new StillDying({ domain: context.name, pid: context.process?.pid ?? -1 })
                )
              })
            },
            assign({ destroyers: [] })
          ]
        }
      }
    },
    /** The process does not die. It keeps what it has, and is watched until it does. */
    undead: {
      on: {
        destroy: {
          guard: "isThisEpoch",
          actions: {
            type: "reply",
            params: ({ context, event }) => ({
              calls: [event.call],
              answer: failed(
                new StillDying({ domain: context.name, pid: context.process?.pid ?? -1 })
              )
            })
          }
        }
      }
    },
    /**
     * All is given back. A change of the definition that is being written decides whether a domain
     * remains: the guest that ends may just have become persistent, or transient.
     */
    closing: {
      always: [
        {
          guard: and(["isJobIdle", "isDefined"]),
          target: "#shutoff",
          actions: [tellStopped, ...closeEpoch]
        },
        { guard: "isJobIdle", target: "leaving" }
      ],
      on: { destroy: { guard: "isThisEpoch", actions: joinEnding } }
    },
    /** A transient domain: off the list before anybody is told, so that its name is free. */
    leaving: {
      entry: "unregister",
      on: {
        destroy: { guard: "isThisEpoch", actions: joinEnding },
        unregistered: { target: "#gone", actions: [tellStopped, ...closeEpoch] }
      }
    }
  },
  on: {
    start: { actions: "postpone" },
    create: { actions: "postpone" },
    released: ".closing"
  }
})

export const life = base.createStateConfig({
  initial: "shutoff",
  states: {
    shutoff,
    starting,
    ...guest,
    stopping,
    /** A transient domain that ended, or one that was undefined: nobody finds it any more. */
    gone: { id: "gone", meta: { state: "shutoff" } }
  }
})
