/**
 * libvirt's domain states and their reasons, as words, with their numbers on the wire
 * (libvirt-domain.h, virDomainState and the reason enumerations).
 */

export const stateNumber = {
  nostate: 0,
  running: 1,
  blocked: 2,
  paused: 3,
  shutdown: 4,
  shutoff: 5,
  crashed: 6,
  pmsuspended: 7
} as const

export type DomainState = keyof typeof stateNumber

/** The number of each reason within its state. */
export const reasonNumber = {
  nostate: { unknown: 0 },
  running: {
    unknown: 0,
    booted: 1,
    migrated: 2,
    restored: 3,
    "from-snapshot": 4,
    unpaused: 5,
    "migration-canceled": 6,
    "save-canceled": 7,
    wakeup: 8,
    crashed: 9,
    "post-copy": 10,
    "post-copy-failed": 11
  },
  blocked: { unknown: 0 },
  paused: {
    unknown: 0,
    user: 1,
    migration: 2,
    save: 3,
    dump: 4,
    ioerror: 5,
    watchdog: 6,
    "from-snapshot": 7,
    "shutting-down": 8,
    snapshot: 9,
    crashed: 10,
    "starting-up": 11,
    "post-copy": 12,
    "post-copy-failed": 13,
    "api-error": 14
  },
  shutdown: { unknown: 0, user: 1 },
  shutoff: {
    unknown: 0,
    shutdown: 1,
    destroyed: 2,
    crashed: 3,
    migrated: 4,
    saved: 5,
    failed: 6,
    "from-snapshot": 7,
    daemon: 8
  },
  crashed: { unknown: 0, panicked: 1 },
  pmsuspended: { unknown: 0 }
} as const satisfies Record<DomainState, Readonly<Record<string, number>>>

/** A state with one of its own reasons. */
export type StateWithReason = {
  [S in DomainState]: { readonly state: S; readonly reason: keyof (typeof reasonNumber)[S] }
}[DomainState]

/** The pair of numbers that libvirt's clients see. */
export function stateOnWire(of: StateWithReason): {
  readonly state: number
  readonly reason: number
} {
  const reasons: Readonly<Record<string, number>> = reasonNumber[of.state]
  return { state: stateNumber[of.state], reason: reasons[of.reason] ?? 0 }
}

/** Whether a QEMU process exists in this state. */
export function isActive(state: DomainState): boolean {
  return state !== "shutoff" && state !== "nostate"
}
