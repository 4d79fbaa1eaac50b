/**
 * QEMU as a domain's chart meets it, as a pure function of its state: a run state, commands carried
 * out one after the other, events in order, each event before the reply of the command that caused
 * it. The same as the model of test/property/machines/qemu.ts, whose agreement with this one a test
 * holds; this one is a value, so that states can be compared.
 */
import type { GuestStatus } from "../../../machines/domain/context.ts"

export type CommandName = "stop" | "cont" | "system_reset" | "system_wakeup" | "query-status"

export interface Told {
  readonly type: string
  readonly [field: string]: unknown
}

export interface Command {
  readonly name: CommandName
  /** The script that waits for the answer; `undefined` when it was stopped meanwhile. */
  readonly asker: string | undefined
}

export interface Guest {
  /** `dead`: its process has ended, and nobody has been told. */
  readonly status: GuestStatus | "dead"
  readonly commands: readonly Command[]
  readonly told: readonly Told[]
}

export const freshGuest: Guest = { status: "prelaunch", commands: [], told: [] }

export interface Answered {
  readonly guest: Guest
  readonly isRefused: boolean
}

const told = (guest: Guest, ...events: readonly Told[]): Guest => ({
  ...guest,
  told: [...guest.told, ...events]
})

const become = (guest: Guest, status: GuestStatus, event: string): Guest =>
  told({ ...guest, status }, { type: event })

/** Carries out a command that is no longer in the queue. */
export const perform = (guest: Guest, name: CommandName): Answered => {
  const { status } = guest
  const answer = (next: Guest, isRefused = false) => ({ guest: next, isRefused })
  if (status === "dead") return answer(guest, true)
  switch (name) {
    case "stop":
      return answer(status === "running" ? become(guest, "paused", "qmpStop") : guest)
    case "cont":
      if (status === "shutdown") return answer(guest, true)
      return answer(
        status === "running" || status === "suspended"
          ? guest
          : become(guest, "running", "qmpResume")
      )
    case "system_reset": {
      if (status === "suspended") return answer(guest, true)
      const reset = told(guest, { type: "qmpReset" })
      return answer(status === "running" ? reset : { ...reset, status: "prelaunch" })
    }
    case "system_wakeup":
      if (status !== "suspended") return answer(guest, true)
      return answer(become(guest, "running", "qmpWakeup"))
    case "query-status":
      return answer(guest)
  }
}

/** What a guest that runs may do by itself. */
export const whims = (guest: Guest): readonly (readonly [string, Guest])[] => {
  if (guest.status !== "running") return []
  const off = told(guest, { type: "qmpShutdown", isGuest: true, reason: "guest-shutdown" })
  const panicked = told(guest, { type: "qmpPanicked" })
  const stopping = told(guest, { type: "qmpPauseCause", cause: "ioerror" })
  return [
    ["powers off", become(off, "shutdown", "qmpStop")],
    ["panics", become(panicked, "crashed", "qmpStop")],
    ["cannot write", become(stopping, "paused", "qmpStop")],
    [
      "falls asleep",
      told({ ...guest, status: "suspended" }, { type: "qmpSuspend", toDisk: false })
    ],
    ["resets", told(guest, { type: "qmpReset" })]
  ]
}

/** Its process ends: the connection does, and then the exit is seen. */
export const die = (guest: Guest): Guest =>
  told(
    { ...guest, status: "dead" },
    { type: "monitorEnded", why: "EOF" },
    { type: "exited", isClean: false, why: "it was killed" }
  )
