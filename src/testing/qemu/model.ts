/**
 * The machine inside QEMU, as QMP shows it: run state, what is to be done on which occasion, and
 * how far the guest is. Pure: a deed (a command, a signal, an act of the guest) gives events in
 * order, then perhaps a reply, a next machine, perhaps an end. As measured on QEMU 7.2 (TCG, pc and
 * q35): events come before the reply of the command that caused them.
 */
import type { Json, JsonObject } from "../../qmp/json.ts"
import { afterReset, type Device } from "./plugging.ts"

/** `query-status`, qapi/run-state.json RunState; those that this machine can come into. */
export type RunStatus =
  | "prelaunch"
  | "running"
  | "paused"
  | "shutdown"
  | "suspended"
  | "guest-panicked"
  | "io-error"
  | "watchdog"

/** `set-action`. */
export interface Actions {
  readonly reboot: "reset" | "shutdown"
  readonly shutdown: "poweroff" | "pause"
  readonly panic: "pause" | "shutdown" | "exit-failure" | "none"
  readonly watchdog: "reset" | "shutdown" | "poweroff" | "pause" | "debug" | "none" | "inject-nmi"
}

/** A stop or an end that a processor or a disk has asked for. */
export type Pending =
  | { readonly kind: "stop"; readonly status: RunStatus }
  | { readonly kind: "end"; readonly reason: string; readonly code: number }

export interface Machine {
  /** `false`: `-machine none`, in which no guest can be. */
  readonly hasBoard: boolean
  readonly status: RunStatus
  readonly actions: Actions
  /** `up`: it would see the power button; `deaf`: it hangs, or ignores the button. */
  readonly guest: "off" | "booting" | "up" | "deaf"
  /** The power button was pressed and the guest has not looked yet; it waits while it is paused. */
  readonly isButtonPressed: boolean
  /** Resets that the firmware may still add after one that is done: SeaBIOS resets again. */
  readonly echoes: number
  /** Told, and is carried out in a later turn of the main loop: commands may come first. */
  readonly pending: Pending | undefined
  /** The guest asked for a reset that was made a shutdown: it may have asked twice. */
  readonly mayRepeat: boolean
  /** Its clock has begun to go. */
  readonly hasRun: boolean
  /** Those that have a name. */
  readonly devices: readonly Device[]
  /** The exit code, once it ends: nothing follows. */
  readonly exit: number | undefined
}

export interface MachineOptions {
  readonly hasBoard: boolean
  readonly actions?: Partial<Actions>
  readonly devices?: readonly Device[]
}

export const powerOn = ({ hasBoard, actions, devices = [] }: MachineOptions): Machine => ({
  hasBoard,
  status: "prelaunch",
  actions: {
    reboot: "reset",
    shutdown: "poweroff",
    panic: "shutdown",
    watchdog: "reset",
    ...actions
  },
  guest: "off",
  isButtonPressed: false,
  echoes: 0,
  pending: undefined,
  mayRepeat: false,
  hasRun: false,
  devices,
  exit: undefined
})

/** An event as it goes over the wire, but for its time. */
export interface EventWords {
  readonly event: string
  readonly data?: JsonObject
}

export type Reply =
  | { readonly return: Json }
  | { readonly error: { readonly class: string; readonly desc: string } }

/** What a deed leads to. */
export interface Outcome {
  readonly next: Machine
  readonly events: readonly EventWords[]
}

export const refusal = (desc: string, name = "GenericError"): Reply => ({
  error: { class: name, desc }
})

const done: Reply = { return: {} }

/** After the first reset SeaBIOS resets once or twice more: 25 ms later, seen 1 to 3 times. */
export const echoesMax = 3

const at = (next: Machine, ...events: readonly EventWords[]): Outcome => ({ next, events })
const event = (name: string, data?: JsonObject): EventWords =>
  data === undefined ? { event: name } : { event: name, data }

/** As `do_vm_stop` has it: only what runs is stopped, and only then STOP is told. */
const stopped = (machine: Machine, status: RunStatus): Outcome =>
  machine.status === "running" ? at({ ...machine, status }, event("STOP")) : at(machine)

const after = (events: readonly EventWords[], outcome: Outcome): Outcome => ({
  ...outcome,
  events: [...events, ...outcome.events]
})

/** Why it shuts down, in QEMU's words. */
type Cause = { readonly guest: boolean; readonly reason: string }

/** QEMU ends, or stays as a stopped machine with `-no-shutdown`. */
const shutDown = (machine: Machine, cause: Cause, code = 0): Outcome => {
  const told = event("SHUTDOWN", { ...cause })
  if (machine.actions.shutdown === "poweroff") return at({ ...machine, exit: code }, told)
  // What was stopped already stays as it is, and can be continued.
  if (machine.status !== "running") return at(machine, told)
  const { next, events } = stopped(machine, "shutdown")
  const off = { guest: "off", isButtonPressed: false, echoes: 0 } as const
  const mayRepeat = cause.guest && cause.reason === "guest-reset"
  return after([told], at({ ...next, ...off, mayRepeat }, ...events))
}

const reset = (machine: Machine, cause: Cause, echoes: number): Outcome => {
  if (machine.actions.reboot === "shutdown") return shutDown(machine, cause)
  const isRunning = machine.status === "running"
  const next: Machine = {
    ...machine,
    status: isRunning ? "running" : "prelaunch",
    guest: isRunning && machine.hasBoard ? "booting" : "off",
    isButtonPressed: false,
    echoes: machine.hasBoard ? echoes : 0,
    mayRepeat: false,
    devices: afterReset(machine.devices)
  }
  return at(next, event("RESET", { ...cause }))
}

/** QEMU is told to end, and does whatever its state. */
const ended = (machine: Machine, reason: string): Outcome =>
  at({ ...machine, exit: 0 }, event("SHUTDOWN", { guest: false, reason }))

/** The commands that change or show the machine itself. */
export type MachineCommand =
  | "cont"
  | "stop"
  | "system_reset"
  | "system_powerdown"
  | "system_wakeup"
  | "query-status"
  | "set-action"
  | "quit"

export interface Carried extends Outcome {
  readonly reply: Reply
}

const carried = (outcome: Outcome, reply: Reply = done): Carried => ({ ...outcome, reply })

const cont = (machine: Machine): Carried => {
  switch (machine.status) {
    case "shutdown":
      return carried(at(machine), refusal("Resetting the Virtual Machine is required"))
    case "running":
      // A stop that is on its way is overtaken, and told all the same (vm_prepare_start, cpus.c).
      return machine.pending?.kind === "stop"
        ? carried(at({ ...machine, pending: undefined }, event("STOP"), event("RESUME")))
        : carried(at(machine))
    case "suspended":
      return carried(at(machine))
    default:
      return carried(at(continued(machine), event("RESUME")))
  }
}

/** A guest that was off boots; one that panicked runs on, dead. */
const continued = (machine: Machine): Machine => {
  const isOff = machine.hasBoard && machine.guest === "off"
  const guest = machine.status === "guest-panicked" ? "deaf" : isOff ? "booting" : machine.guest
  return { ...machine, status: "running", guest, hasRun: true }
}

const wakeUp = (machine: Machine): Carried => {
  if (!machine.hasBoard)
    return carried(at(machine), refusal("wake-up from suspend is not supported by this guest"))
  if (machine.status !== "suspended")
    return carried(at(machine), refusal("Unable to wake up: guest is not in suspended state"))
  return carried(at({ ...machine, status: "running" }, event("WAKEUP")))
}

/** Only a guest that is up has its button enabled; QEMU drops the press otherwise. */
const press = (machine: Machine): Machine => ({
  ...machine,
  isButtonPressed: machine.isButtonPressed || machine.guest === "up"
})

/** Carries out a command whose arguments were checked. */
export const command = (
  machine: Machine,
  name: MachineCommand,
  words: JsonObject = {}
): Carried => {
  switch (name) {
    case "cont":
      return cont(machine)
    case "stop":
      return carried(stopped(machine, "paused"))
    case "system_reset":
      return carried(reset(machine, { guest: false, reason: "host-qmp-system-reset" }, echoesMax))
    case "system_powerdown":
      return carried(at(press(machine), event("POWERDOWN")))
    case "system_wakeup":
      return wakeUp(machine)
    case "query-status": {
      const { status } = machine
      return carried(at(machine), {
        return: { status, singlestep: false, running: status === "running" }
      })
    }
    case "set-action":
      return carried(at({ ...machine, actions: { ...machine.actions, ...words } }))
    case "quit":
      return carried(ended(machine, "host-qmp-quit"))
  }
}

/** SIGTERM, SIGINT and SIGHUP are one to QEMU. */
export const signal = (machine: Machine): Outcome => ended(machine, "host-signal")

/** What a guest that runs may do by itself, and what may befall it. */
export type Act =
  /** It has booted. */
  | { readonly act: "boot" }
  /** Its firmware resets once more. */
  | { readonly act: "echo" }
  /** It does what the power button asks. */
  | { readonly act: "obey" }
  /** It stops looking at anything. */
  | { readonly act: "hang" }
  /** The stop or the end that was asked for comes. */
  | { readonly act: "settle" }
  /** The second way in which it asked for its reset, which came before it was stopped. */
  | { readonly act: "again" }
  | { readonly act: "poweroff" | "reset" | "panic" | "suspend" | "watchdog" }
  | { readonly act: "ioerror"; readonly node: string }
  /** The guest agrees to a device's going; a device goes that nothing holds. */
  | { readonly act: "eject" | "vanish"; readonly id: string }

const byGuest = (reason: string): Cause => ({ guest: true, reason })

/** Told now by a processor or a disk, carried out by the main loop when it gets to it. */
const announced = (machine: Machine, told: EventWords, pending: Pending): Outcome =>
  at({ ...machine, pending: machine.pending ?? pending }, told)

const panic = (machine: Machine): Outcome => {
  const { panic: action, shutdown } = machine.actions
  const deaf: Machine = { ...machine, guest: "deaf" }
  const told = (what: string) => event("GUEST_PANICKED", { action: what })
  if (action === "none") return at(deaf, told("run"))
  if (action === "pause" || (action === "shutdown" && shutdown === "pause"))
    return announced(deaf, told("pause"), { kind: "stop", status: "guest-panicked" })
  const code = action === "exit-failure" ? 1 : 0
  return announced(deaf, told("poweroff"), { kind: "end", reason: "guest-panic", code })
}

const settle = (machine: Machine): Outcome => {
  const { pending } = machine
  const settled: Machine = { ...machine, pending: undefined }
  if (pending === undefined) return at(settled)
  return pending.kind === "stop"
    ? stopped(settled, pending.status)
    : shutDown(settled, byGuest(pending.reason), pending.code)
}

const watchdog = (machine: Machine): Outcome => {
  const { watchdog: action } = machine.actions
  const told = event("WATCHDOG", { action })
  switch (action) {
    case "pause":
      return announced(machine, told, { kind: "stop", status: "watchdog" })
    case "reset":
      return after([told], reset(machine, byGuest("guest-reset"), echoesMax))
    case "shutdown":
      return at(press(machine), told, event("POWERDOWN"))
    case "poweroff":
      // In spite of -no-shutdown, and without a SHUTDOWN.
      return at({ ...machine, exit: 0 }, told)
    default:
      return at(machine, told)
  }
}

const ioError = (machine: Machine, node: string): Outcome => {
  const data = {
    device: "",
    "node-name": node,
    reason: "Input/output error",
    operation: "read",
    action: "stop",
    nospace: false
  }
  return announced(machine, event("BLOCK_IO_ERROR", data), { kind: "stop", status: "io-error" })
}

/** Devices that are made of several tell of each; only the last word has the name. */
const gone = (machine: Machine, id: string): Outcome =>
  at(
    { ...machine, devices: machine.devices.filter((one) => one.id !== id) },
    event("DEVICE_DELETED", { device: id, path: `/machine/peripheral/${id}` })
  )

/** It panics once: its processor is about to be stopped for it. */
const isPanicking = ({ pending }: Machine): boolean =>
  pending?.kind === "stop" ? pending.status === "guest-panicked" : pending !== undefined

/** Whether this can happen now. */
export const mayAct = (machine: Machine, what: Act): boolean => {
  const { act } = what
  if (machine.exit !== undefined) return false
  if (what.act === "vanish")
    return machine.devices.some(({ id, isGoing }) => isGoing && id === what.id)
  if (act === "settle") return machine.pending !== undefined
  if (act === "again") return machine.status === "shutdown" && machine.mayRepeat
  if (machine.status !== "running" || !machine.hasBoard) return false
  switch (act) {
    case "boot":
      return machine.guest === "booting"
    case "echo":
      return machine.echoes > 0
    case "obey":
      return machine.isButtonPressed && machine.guest === "up"
    case "hang":
      return machine.guest === "up" || machine.guest === "booting"
    case "eject":
      return (
        machine.guest === "up" &&
        machine.devices.some(({ id, isAsked }) => isAsked && id === what.id)
      )
    case "panic":
      return !isPanicking(machine)
    default:
      return true
  }
}

/** The act comes to pass; nothing does when it cannot. */
export const act = (machine: Machine, what: Act): Outcome => {
  if (!mayAct(machine, what)) return at(machine)
  switch (what.act) {
    case "boot":
      return at({ ...machine, guest: "up", echoes: 0 })
    case "echo":
      return reset(machine, byGuest("guest-reset"), machine.echoes - 1)
    case "obey":
    case "poweroff":
      return shutDown(machine, byGuest("guest-shutdown"))
    case "hang":
      return at({ ...machine, guest: "deaf", isButtonPressed: false })
    case "settle":
      return settle(machine)
    case "again":
      return shutDown({ ...machine, mayRepeat: false }, byGuest("guest-reset"))
    case "reset":
      return reset(machine, byGuest("guest-reset"), echoesMax)
    case "panic":
      return panic(machine)
    case "suspend":
      return at({ ...machine, status: "suspended" }, event("SUSPEND"))
    case "watchdog":
      return watchdog(machine)
    case "ioerror":
      return ioError(machine, what.node)
    case "eject":
    case "vanish":
      return gone(machine, what.id)
  }
}
