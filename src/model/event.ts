/**
 * What happens to domains, in libvirt's words (libvirt-domain.h, virDomainEvent*). Plain data; the
 * numbers on the wire stand in tables beside the words.
 */

/** Lifecycle events: number of the event and of each detail. */
export const lifecycleNumber = {
  defined: { number: 0, details: { added: 0, updated: 1, renamed: 2, "from-snapshot": 3 } },
  undefined: { number: 1, details: { removed: 0, renamed: 1 } },
  started: {
    number: 2,
    details: { booted: 0, migrated: 1, restored: 2, "from-snapshot": 3, wakeup: 4, recovered: 5 }
  },
  suspended: {
    number: 3,
    details: {
      paused: 0,
      migrated: 1,
      ioerror: 2,
      watchdog: 3,
      restored: 4,
      "from-snapshot": 5,
      "api-error": 6,
      postcopy: 7,
      "postcopy-failed": 8
    }
  },
  resumed: {
    number: 4,
    details: { unpaused: 0, migrated: 1, "from-snapshot": 2, postcopy: 3, "postcopy-failed": 4 }
  },
  stopped: {
    number: 5,
    details: {
      shutdown: 0,
      destroyed: 1,
      crashed: 2,
      migrated: 3,
      saved: 4,
      failed: 5,
      "from-snapshot": 6,
      recovered: 7
    }
  },
  shutdown: { number: 6, details: { finished: 0, guest: 1, host: 2 } },
  pmsuspended: { number: 7, details: { memory: 0, disk: 1 } },
  crashed: { number: 8, details: { panicked: 0, crashloaded: 1 } }
} as const

export type LifecycleType = keyof typeof lifecycleNumber

export type Lifecycle = {
  [T in LifecycleType]: {
    readonly event: T
    readonly detail: keyof (typeof lifecycleNumber)[T]["details"]
  }
}[LifecycleType]

/** The pair of numbers that libvirt's clients see. */
export function lifecycleOnWire(of: Lifecycle): {
  readonly event: number
  readonly detail: number
} {
  const entry = lifecycleNumber[of.event]
  const details: Readonly<Record<string, number>> = entry.details
  return { event: entry.number, detail: details[of.detail] ?? 0 }
}

/** Who it happened to. `id` is -1 when the domain is not running. */
export interface EventSubject {
  readonly uuid: string
  readonly name: string
  readonly id: number
}

export type DomainEvent = EventSubject & DomainHappening

export type DomainHappening =
  | ({ readonly type: "lifecycle" } & Lifecycle)
  | { readonly type: "reboot" }
  /** Seconds by which the guest moved its clock. */
  | { readonly type: "rtc-change"; readonly offsetSeconds: number }
  | { readonly type: "watchdog"; readonly action: WatchdogAction }
  | {
      readonly type: "io-error"
      readonly path: string
      readonly device: string
      readonly action: "none" | "pause" | "report"
      readonly reason: string
    }
  | GraphicsEvent
  | {
      readonly type: "agent-lifecycle"
      readonly state: "connected" | "disconnected"
      readonly reason: AgentReason
    }
  | { readonly type: "balloon-change"; readonly actualKiB: number }
  | { readonly type: "tray-change"; readonly device: string; readonly reason: "open" | "close" }
  | {
      readonly type: "disk-change"
      readonly device: string
      readonly reason: "missing-on-start" | "dropped"
    }
  | {
      readonly type: "device-added" | "device-removed" | "device-removal-failed"
      readonly device: string
    }
  | {
      readonly type: "metadata-change"
      readonly what: "description" | "title" | "element"
      readonly uri?: string
    }
  | { readonly type: "pm-wakeup" | "pm-suspend" | "pm-suspend-disk" }
  | { readonly type: "control-error" }
  | {
      readonly type: "memory-failure"
      readonly recipient: MemoryFailureRecipient
      readonly action: MemoryFailureAction
      readonly isActionRequired: boolean
      readonly isRecursive: boolean
    }
  /** Something was written past a mark that somebody had set. */
  | {
      readonly type: "block-threshold"
      /** `vda`, or `vda[3]` for an image below the top. */
      readonly device: string
      readonly path: string | undefined
      readonly thresholdBytes: number
      readonly exceededBytes: number
    }
  | {
      readonly type: "memory-device-size-change"
      readonly device: string
      readonly sizeBytes: number
    }
  | { readonly type: "migration-iteration"; readonly iteration: number }
  /** Limits of a running guest that were changed. */
  | { readonly type: "tunable"; readonly params: readonly TunedParameter[] }

/** What was limited, as a typed parameter: `blkdeviotune.disk` and its limits. */
export interface TunedParameter {
  readonly field: string
  readonly value:
    | { readonly type: 4; readonly value: bigint }
    | { readonly type: 7; readonly value: string }
}

/** virDomainMemoryFailureRecipientType, virDomainMemoryFailureActionType: in their order. */
export const memoryFailureRecipients = ["hypervisor", "guest"] as const
export const memoryFailureActions = ["ignore", "inject", "fatal", "reset"] as const
export type MemoryFailureRecipient = (typeof memoryFailureRecipients)[number]
export type MemoryFailureAction = (typeof memoryFailureActions)[number]

/** An event as a guest's QEMU told it: QEMU's name, and its data as JSON. */
export interface MonitorEvent extends EventSubject {
  readonly event: string
  readonly details: string | undefined
  /** By the clock of QEMU's host. */
  readonly seconds: number
  readonly microseconds: number
}

export type WatchdogAction =
  | "none"
  | "pause"
  | "reset"
  | "poweroff"
  | "shutdown"
  | "debug"
  | "inject-nmi"
export type AgentReason = "unknown" | "domain-started" | "channel"

export interface GraphicsEvent {
  readonly type: "graphics"
  readonly phase: "connect" | "initialize" | "disconnect"
  readonly local: GraphicsEndpoint
  readonly remote: GraphicsEndpoint
  readonly authScheme: string
  /** Who the client proved to be: `x509dname`, `saslUsername`. */
  readonly identities: readonly { readonly type: string; readonly name: string }[]
}

export interface GraphicsEndpoint {
  readonly family: "ipv4" | "ipv6" | "unix"
  readonly node: string
  readonly service: string
}
