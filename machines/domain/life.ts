/**
 * Region `life`: whether there is a guest and what it is doing. `meta.state` is libvirt's state;
 * its reason is in the context, set by the transition. Destroy is taken in every state that has a
 * QEMU.
 */
import { assign, not } from "xstate"
import { answered, failed } from "../../src/base/protocol.ts"
import { StillDying } from "../../src/model/domain-error.ts"
import { during } from "../words.ts"
import {
  base,
  because,
  destroyGraceMs,
  disappoint,
  epochOf,
  happened,
  joinDestroy,
  startDeadlineMs,
  stopDeadlineMs,
  tellPaused
} from "./base.ts"
import type { DomainContext } from "./context.ts"
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
      graceMs: 0,
      pauseCause: undefined
    }
  })

const takeAdopted = base.assign(({ event }) => {
  if (event.type !== "adopt") return {}
  const { epoch, id, process, live, reason, autoDestroy } = event.record
  return { epoch, id, process, live, reason, autoDestroy }
})

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
      { target: "starting", actions: takeStart("request") }
    ],
    adopt: [
      {
        guard: ({ event }) => event.record.isUnborn,
        target: "stopping",
        actions: [takeAdopted, because("failed")]
      },
      {
        guard: ({ event }) => event.record.isPaused,
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
        guard: ({ event }) => event.isPaused,
        target: "paused",
        actions: [
          because("starting-up"),
          happened({ type: "lifecycle", event: "started", detail: "booted" }),
          tellPaused,
          ...startDone
        ]
      },
      {
        target: "running",
        actions: [
          because("booted"),
          happened({ type: "lifecycle", event: "started", detail: "booted" }),
          ...startDone
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
      params: ({ context }) => ({
        epoch: epochOf(context),
        graceMs: context.graceMs,
        isTransient: context.persistent === undefined
      })
    }
  ],
  ...during("release"),
  initial: "terminating",
  states: {
    terminating: {
      entry: { type: "deadline", params: { ms: stopDeadlineMs } },
      ...during("deadline"),
      on: {
        destroy: [
          {
            // Whoever destroys does not wait for a guest that takes its time to end.
            guard: ({ context, event }) => !event.isGraceful && context.graceMs > destroyGraceMs,
            target: "#stopping",
            reenter: true,
            actions: joinDestroy
          },
          { actions: joinDestroy }
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
    }
  },
  on: {
    start: { actions: "postpone" },
    create: { actions: "postpone" },
    released: [
      {
        guard: ({ context }) => context.persistent === undefined,
        target: "gone",
        actions: [tellStopped, ...closeEpoch]
      },
      { target: "shutoff", actions: [tellStopped, ...closeEpoch] }
    ]
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
    gone: { meta: { state: "shutoff" } }
  }
})
