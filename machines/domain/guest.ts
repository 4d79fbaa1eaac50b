/**
 * The states of a guest that lives: running, paused, asleep, crashed, booting again. Part of region
 * `life`; what QEMU tells is taken wherever the guest is, and every state has a way out.
 */
import { and, assign } from "xstate"
import { answered } from "../../src/base/protocol.ts"
import { during } from "../words.ts"
import {
  acknowledge,
  base,
  because,
  disappoint,
  epochOf,
  happened,
  joinDestroy,
  noteStatus,
  refuse,
  shutdownGraceMs,
  tellPaused,
  tellResumed
} from "./base.ts"
import type { DomainContext, DomainMessage } from "./context.ts"
import { agentState, withPort } from "./port.ts"

const movePort = base.assign({ live: ({ context, event }) => withPort(context.live, event) })

/** The guest has opened or closed a channel: in any state, for a reset closes all. */
const ports = [
  {
    guard: and(["movesPort", "isAgentPort"]),
    actions: [
      movePort,
      {
        type: "emit" as const,
        params: ({ context, event }: { context: DomainContext; event: DomainMessage }) => ({
          event: {
            uuid: context.uuid,
            name: context.name,
            id: context.id,
            type: "agent-lifecycle",
            state: agentState(event),
            reason: "channel"
          }
        })
      }
    ]
  },
  { guard: "movesPort" as const, actions: movePort }
]

/** Every way out of a guest that lives: the order, or the fact that it is over. */
const endings = {
  qmpPort: ports,
  destroy: {
    guard: "isThisEpoch" as const,
    target: "#stopping",
    actions: [joinDestroy, because("destroyed")]
  },
  exited: [
    { guard: "wasClean" as const, target: "#stopping", actions: because("shutdown") },
    { target: "#stopping", actions: because("crashed") }
  ]
}

/** How much memory the guest has, as the balloon tells it. */
const takeBalloon = base.assign(({ context, event }) => {
  if (event.type !== "qmpHappened" || event.happening.type !== "balloon-change") return {}
  const { live } = context
  const currentKiB = event.happening.actualKiB
  return live === undefined ? {} : { live: { ...live, memory: { ...live.memory, currentKiB } } }
})

/** What the guest's power-off, panic and sleep lead to, wherever it was running or paused. */
const guestFacts = {
  qmpShutdown: [
    {
      guard: "bootsAgain" as const,
      target: "#rebooting",
      actions: happened({ type: "lifecycle", event: "shutdown", detail: "guest" })
    },
    {
      guard: "keepsPoweredOff" as const,
      target: "#paused",
      // Also from within it: whoever waits for a resume waits for something else than happened.
      reenter: true,
      actions: [
        happened({ type: "lifecycle", event: "shutdown", detail: "guest" }),
        because("shutting-down"),
        tellPaused
      ]
    },
    {
      target: "#stopping",
      actions: [
        happened({ type: "lifecycle", event: "shutdown", detail: "finished" }),
        because("shutdown"),
        base.assign({ graceMs: shutdownGraceMs })
      ]
    }
  ],
  qmpPanicked: [
    {
      guard: "bootsAfterPanic" as const,
      target: "#rebooting",
      actions: happened({ type: "lifecycle", event: "crashed", detail: "panicked" })
    },
    {
      guard: "keepsPanicked" as const,
      target: "#crashed",
      actions: [
        because("panicked"),
        happened({ type: "lifecycle", event: "crashed", detail: "panicked" })
      ]
    },
    {
      target: "#stopping",
      actions: [
        because("crashed"),
        happened({ type: "lifecycle", event: "crashed", detail: "panicked" })
      ]
    }
  ],
  qmpSuspend: {
    target: "#pmsuspended",
    actions: happened({ type: "lifecycle", event: "pmsuspended", detail: "memory" })
  },
  qmpReset: {
    actions: [base.assign({ isRebooting: false }), happened({ type: "reboot" })]
  },
  qmpPauseCause: {
    actions: base.assign({
      pauseCause: ({ context, event }) =>
        event.type === "qmpPauseCause" ? event.cause : context.pauseCause
    })
  },
  qmpHappened: {
    actions: [
      takeBalloon,
      {
        type: "emit" as const,
        params: ({ context, event }: { context: DomainContext; event: { type: string } }) => ({
          event: {
            uuid: context.uuid,
            name: context.name,
            id: context.id,
            ...("happening" in event ? (event.happening as object) : {})
          }
        })
      }
    ]
  }
}

/** It was continued at least once, or it could not be what it is. */
const proven = base.assign({ isUnproven: false })

/** The engine was away, and QEMU is not as it was left: it follows what would have followed. */
const foundOtherwise = [
  { guard: "foundSuspended" as const, target: "#pmsuspended", actions: proven },
  {
    guard: and(["foundCrashed", "bootsAfterPanic"]),
    target: "#rebooting",
    actions: proven
  },
  {
    guard: and(["foundCrashed", "keepsPanicked"]),
    target: "#crashed",
    actions: [proven, because("panicked")]
  },
  { guard: "foundCrashed" as const, target: "#stopping", actions: because("crashed") },
  {
    guard: and(["foundPoweredOff", "restartsOnPoweroff"]),
    target: "#rebooting",
    actions: proven
  },
  {
    guard: and(["foundPoweredOff", "staysOnPoweroff"]),
    target: "#paused",
    reenter: true,
    actions: [proven, because("shutting-down")]
  },
  { guard: "foundPoweredOff" as const, target: "#stopping", actions: because("shutdown") }
]

const running = base.createStateConfig({
  id: "running",
  meta: { state: "running" },
  initial: "steady",
  entry: noteStatus("running"),
  states: {
    steady: {
      on: {
        suspend: [
          { guard: "isSought", actions: "postpone" },
          { target: "pausing", actions: assign({ waiters: ({ event }) => [event.call] }) }
        ],
        resume: { guard: "isSought", actions: "postpone" }
      }
    },
    pausing: {
      entry: { type: "pauseGuest", params: ({ context }) => ({ epoch: epochOf(context) }) },
      ...during("pauseGuest"),
      on: {
        suspend: {
          actions: assign({ waiters: ({ context, event }) => [...context.waiters, event.call] })
        },
        resume: { actions: "postpone" },
        // The event comes before the reply; either is proof.
        qmpStop: { target: "#paused", actions: [because("user"), ...acknowledge, tellPaused] },
        answered: [
          {
            guard: "hasFailed",
            target: "steady",
            actions: refuse
          },
          { target: "#paused", actions: [because("user"), ...acknowledge, tellPaused] }
        ]
      }
    }
  },
  on: {
    ...endings,
    ...guestFacts,
    // Whether there is a guest is not known yet; what is no guest makes way for one.
    start: { guard: and(["isUnproven", "isSought"]), actions: "postpone" },
    create: { guard: and(["isUnproven", "isSought"]), actions: "postpone" },
    qmpStop: {
      target: "paused",
      actions: [
        assign({
          reason: ({ context }) => context.pauseCause ?? "unknown",
          pauseCause: undefined
        }),
        tellPaused
      ]
    },
    reattached: [
      {
        guard: "foundPaused",
        target: "paused",
        actions: [proven, because("unknown"), ...acknowledge]
      },
      {
        guard: and(["isUnproven", "foundRunning"]),
        actions: [because("booted"), proven, ...noteStatus("running")]
      },
      // Launched and not continued: the engine ended in the middle of a start.
      {
        guard: and(["isUnproven", "foundWaiting"]),
        target: "stopping",
        actions: because("failed")
      },
      // Reset and not continued: the engine ended in the middle of a reboot.
      { guard: "foundWaiting", target: "#rebooting" },
      ...foundOtherwise
    ]
  }
})

const paused = base.createStateConfig({
  id: "paused",
  meta: { state: "paused" },
  initial: "steady",
  entry: [...noteStatus("paused"), ...disappoint],
  states: {
    steady: {
      on: {
        // Paused already is what was asked for, once QEMU has said that it is.
        suspend: [
          { guard: "isSought", actions: "postpone" },
          {
            actions: {
              type: "reply",
              params: ({ event }) => ({ calls: [event.call], answer: answered() })
            }
          }
        ],
        resume: [
          { guard: "isSought", actions: "postpone" },
          { target: "resuming", actions: assign({ waiters: ({ event }) => [event.call] }) }
        ]
      }
    },
    resuming: {
      entry: { type: "continueGuest", params: ({ context }) => ({ epoch: epochOf(context) }) },
      ...during("continueGuest"),
      on: {
        resume: {
          actions: assign({ waiters: ({ context, event }) => [...context.waiters, event.call] })
        },
        suspend: { actions: "postpone" },
        answered: [
          {
            guard: "hasFailed",
            target: "steady",
            actions: refuse
          },
          {
            target: "#running",
            actions: [because("unpaused"), ...acknowledge, tellResumed]
          }
        ]
      }
    }
  },
  on: {
    ...endings,
    ...guestFacts,
    qmpResume: {
      target: "running",
      actions: [because("unpaused"), ...acknowledge, tellResumed]
    },
    reattached: [
      {
        guard: "foundRunning",
        target: "running",
        actions: [because("unknown"), ...acknowledge]
      },
      ...foundOtherwise
    ]
  }
})

const pmsuspended = base.createStateConfig({
  id: "pmsuspended",
  meta: { state: "pmsuspended" },
  entry: [...disappoint, ...noteStatus("paused"), because("unknown")],
  on: {
    ...endings,
    qmpWakeup: {
      target: "running",
      actions: [
        because("wakeup"),
        happened({ type: "lifecycle", event: "started", detail: "wakeup" })
      ]
    },
    qmpShutdown: guestFacts.qmpShutdown,
    qmpReset: guestFacts.qmpReset,
    reattached: [
      { guard: "foundRunning", target: "running", actions: because("wakeup") },
      { guard: "foundPaused", target: "paused", actions: because("unknown") },
      ...foundOtherwise.slice(1)
    ]
  }
})

const crashed = base.createStateConfig({
  id: "crashed",
  meta: { state: "crashed" },
  entry: [...disappoint, ...noteStatus("paused")],
  on: {
    ...endings,
    // After a panic a reset leaves QEMU stopped: it is continued as after any other power-off.
    qmpReset: "rebooting",
    // It was continued before anybody knew of the panic, and runs on, dead or alive.
    qmpResume: { target: "running", actions: [because("crashed"), tellResumed] }
  }
})

const rebooting = base.createStateConfig({
  id: "rebooting",
  meta: { state: "running" },
  entry: [
    ...disappoint,
    because("booted"),
    { type: "bootAgain", params: ({ context }) => ({ epoch: epochOf(context) }) }
  ],
  ...during("bootAgain"),
  on: {
    ...endings,
    qmpReset: guestFacts.qmpReset,
    suspend: { actions: "postpone" },
    // The event comes before the reply, and what the booting guest does may come between them.
    qmpResume: { target: "running", actions: assign({ isRebooting: false }) },
    answered: [
      {
        guard: "hasFailed",
        target: "stopping",
        actions: because("failed")
      },
      { target: "running", actions: assign({ isRebooting: false }) }
    ]
  }
})

export const guest = { running, paused, pmsuspended, crashed, rebooting }
