/**
 * The calls that simulated clients make, as plain data: what a plan is written in, what a history
 * tells, and what the sequential model understands. Domains go by slot; a slot has a uuid of its
 * own for life.
 */

/** Which domain: slot 0, 1, ... `slotUuid` and `slotName` say what they are called. */
export type Slot = number

export type ApiCall =
  /** `version` is unique in a run and stands in the definition's title: a read names its write. */
  | { readonly call: "define"; readonly domain: Slot; readonly version: number; readonly as?: Slot }
  | {
      readonly call: "create"
      readonly domain: Slot
      readonly version: number
      readonly isPaused?: boolean
      readonly autoDestroy?: boolean
      /** Under the name of another slot: two domains that want one name. */
      readonly as?: Slot
    }
  | {
      readonly call: "start"
      readonly domain: Slot
      readonly isPaused?: boolean
      readonly autoDestroy?: boolean
    }
  | { readonly call: "destroy"; readonly domain: Slot; readonly isGraceful?: boolean }
  | {
      readonly call: "shutdown" | "reboot"
      readonly domain: Slot
      readonly mode?: "acpi" | "agent"
    }
  | {
      readonly call: "suspend" | "resume" | "reset" | "wakeup" | "undefine"
      readonly domain: Slot
    }
  | { readonly call: "info" | "xml" | "lookup"; readonly domain: Slot }
  | { readonly call: "rename"; readonly domain: Slot; readonly to: Slot }
  | { readonly call: "setAutostart"; readonly domain: Slot; readonly isAutostart: boolean }
  | { readonly call: "setTitle"; readonly domain: Slot; readonly version: number }
  | { readonly call: "list" }
  /** Of a device of the host, by its place in the run's list. */
  | { readonly call: "nodeDetach" | "nodeReattach" | "nodeReset"; readonly device: number }
  /** Into the guest that runs, and out of it. */
  | {
      readonly call: "attachDevice" | "detachDevice"
      readonly domain: Slot
      readonly device: number
    }
  /** With a version: of a config that keeps the memory of guests in a folder of that version. */
  | { readonly call: "reloadConfig"; readonly version?: number }

export type CallName = ApiCall["call"]

export const slotUuid = (slot: Slot): string =>
  `00000000-0000-4000-8000-${slot.toString(16).padStart(12, "0")}`

export const slotName = (slot: Slot): string => `d${slot}`
