/**
 * What plays with the domain's chart: definitions, requests, what QEMU may tell, and what each
 * script may say, as the files in actors/domain say it. `wild` facts come at any moment; tame ones
 * only when the real engine would let them through.
 */
import fc from "fast-check"
import type { AdoptedGuest, GuestStatus, QmpFact } from "../../../machines/domain/context.ts"
import type { Change } from "../../../machines/domain/change.ts"
import {
  type DomainMessage,
  domainMachine,
  type DomainSnapshot
} from "../../../machines/domain/domain.ts"
import type { Device } from "../../../src/model/device.ts"
import type { Hostdev } from "../../../src/model/device/hostdev.ts"
import type { Channel } from "../../../src/model/device/character.ts"
import type { Domain } from "../../../src/model/domain.ts"
import { OperationFailed, StartFailed } from "../../../src/model/domain-error.ts"
import { domainFromText } from "../../../src/store/domain-text.ts"
import { type Cast, type Law, Rig, type Running, type Word } from "./rig.ts"

export type DomainRig = Rig<typeof domainMachine>
export type DomainLaw = Law<DomainSnapshot, DomainMessage, DomainRig>

const uuid = "00000000-0000-4000-8000-000000000001"

export type Actions = Pick<Domain, "onPoweroff" | "onReboot" | "onCrash">

/** The agent's port and another one. */
const ports = ["org.qemu.guest_agent.0", "org.example.0"].map(
  (name, at): Channel => ({
    kind: "channel",
    alias: `channel${at}`,
    source: { type: "unix", mode: "bind" },
    target: { type: "virtio", name }
  })
)

/** The device of the host at this slot, under this name in QEMU. */
const hostdevAt = (slot: number): Hostdev & { readonly alias: string } => ({
  kind: "hostdev",
  alias: `hostdev${slot}`,
  managed: true,
  source: { type: "pci", address: { type: "pci", domain: 0, bus: 3, slot, function: 0 } }
})

export const definitionOf = (actions: Actions, name = "web"): Domain => {
  const text = `<domain type='qemu'><name>${name}</name><uuid>${uuid}</uuid>
    <memory>1024</memory><vcpu>1</vcpu><os><type>hvm</type></os></domain>`
  const parsed = domainFromText(text, "inactive")
  if (parsed._tag === "Failure") throw parsed.failure
  const devices = [...parsed.success.domain.devices, ...ports, hostdevAt(0), hostdevAt(2)]
  return { ...parsed.success.domain, devices, ...actions }
}

/** How the life of the actor begins. */
export interface Birth {
  readonly kind: "shell" | "defined" | "adopted"
  readonly guest: "running" | "paused" | "unproven" | "unborn" | "over"
  readonly isDefined: boolean
  readonly isWild: boolean
  readonly actions: Actions
  /** Where the plays begin, for an adopted guest: deep states are seldom met by chance. */
  readonly prelude: keyof typeof preludes
}

const old = { epoch: "0.9" } as const
const ask = (which: number) => (rig: DomainRig) => rig.play([{ kind: "request", which }])
const tell = (message: DomainMessage) => (rig: DomainRig) => void rig.serve(message)
const hear = (script: string, message: DomainMessage) => (rig: DomainRig) =>
  rig.hearFrom(script, message)

/** What has happened already to an adopted guest. */
const preludes = {
  none: [],
  asleep: [tell({ type: "qmpSuspend", toDisk: false, ...old })],
  off: [tell({ type: "qmpShutdown", isGuest: true, reason: "guest-shutdown", ...old })],
  panicked: [tell({ type: "qmpPanicked", ...old })],
  pausing: [ask(0)],
  silent: [
    hear("reattach", { type: "reattached", status: "running" }),
    tell({ type: "monitorSilent", ...old })
  ],
  attaching: [hear("reattach", { type: "reattached", status: "running" }), ask(13)],
  detaching: [hear("reattach", { type: "reattached", status: "running" }), ask(14)],
  sought: [ask(14)],
  changing: [
    ask(12),
    tell({ type: "exited", isClean: true, why: "it ended", ...old }),
    hear("release", { type: "released" })
  ]
} as const

const preludeNames = Object.keys(preludes) as (keyof typeof preludes)[]

const domain = "web"
const failure = new OperationFailed({ domain, operation: "it", why: "QEMU said no" })
const statuses = ["running", "paused", "suspended", "shutdown", "crashed", "prelaunch"] as const

const epochIn = ({ state }: DomainRig): string => state.context.epoch ?? "none"
const last = (message: DomainMessage | undefined): Word<DomainMessage> => ({
  message,
  isLast: true
})

const launchWords = ({ said, params }: Running, live: Domain): readonly Word<DomainMessage>[] => {
  const { epoch, starter } = params as {
    readonly epoch: string
    readonly starter: { readonly isPaused: boolean }
  }
  const failed = last({
    type: "startFailed",
    failure: new StartFailed({ domain, step: "launch", why: "no" })
  })
  if (!said.includes("launched")) {
    const process = { pid: 7, startTime: "1" }
    const launched = { type: "launched" as const, epoch, id: 3, process, live }
    return [{ message: launched, isLast: false }, failed]
  }
  if (!said.includes("monitorReady"))
    return [{ message: { type: "monitorReady", epoch }, isLast: false }, failed]
  return [last({ type: "started", isPaused: starter.isPaused }), failed]
}

const reattachWords = (rig: DomainRig): readonly Word<DomainMessage>[] => {
  const epoch = epochIn(rig)
  return [
    ...statuses.map((status: GuestStatus) => last({ type: "reattached", status })),
    last({ type: "exited", epoch, isClean: true, why: "it ended" }),
    last({ type: "exited", epoch, isClean: false, why: "it ended" })
  ]
}

interface DeviceParams {
  readonly alias: string
  readonly change: {
    readonly device: Device
    readonly affects: { readonly live: boolean; readonly config: boolean }
  }
}

const withDevice = (whole: Domain, device: Device): Domain => ({
  ...whole,
  devices: [...whole.devices, device]
})

const deviceWords = ({ script, params }: Running, rig: DomainRig) => {
  const { change, alias } = params as DeviceParams
  if (script === "letGo") return [last({ type: "parted", alias })]
  const refused = last({ type: "deviceFailed", error: failure })
  if (script === "detach")
    return [true, false].map((isGone) => last({ type: "unplugged", isGone })).concat(refused)
  const { device, affects } = change
  const { persistent } = rig.state.context
  const definition = affects.config && persistent ? withDevice(persistent, device) : undefined
  return [
    last({ type: "attached", device: affects.live ? hostdevAt(1) : undefined, definition }),
    refused
  ]
}

/** What each script may say. */
export const words = (running: Running, rig: DomainRig): readonly Word<DomainMessage>[] => {
  switch (running.script) {
    case "launch":
      return launchWords(running, rig.state.context.live ?? definitionOf({} as Actions))
    case "release":
      return [last({ type: "released" })]
    case "deadline":
      return [last({ type: "overdue" })]
    case "pauseGuest":
    case "continueGuest":
    case "bootAgain":
      return [last({ type: "answered", failure: undefined }), last({ type: "answered", failure })]
    case "sendSignal":
      return [
        last({ type: "signalled", failure: undefined, viaAcpi: true }),
        last({ type: "signalled", failure: undefined, viaAcpi: false }),
        last({ type: "signalled", failure, viaAcpi: false })
      ]
    case "write":
      return [last({ type: "written" }), last({ type: "writeFailed", error: "disk full" })]
    case "unregister":
      return [last({ type: "unregistered" })]
    case "attach":
    case "detach":
    case "letGo":
      return deviceWords(running, rig)
    case "reattach":
      return reattachWords(rig)
    default:
      return [last(undefined)]
  }
}

const both = [
  { config: true, live: false },
  { config: false, live: true },
  { config: true, live: true }
]

const changes = (actions: Actions): readonly Change[] => [
  { type: "define", definition: definitionOf(actions) },
  { type: "undefine" },
  { type: "autostart", isAutostart: true },
  { type: "rename", name: "db" },
  ...both.map((affects): Change => ({ type: "title", affects, text: "t" })),
  ...both.map((affects): Change => ({ type: "description", affects, text: undefined }))
]

const attaches = both.map((affects): Change => ({ type: "attach", affects, device: hostdevAt(1) }))

const detaches: readonly Change[] = [
  ...both.map((affects): Change => ({ type: "detach", affects, wanted: { device: hostdevAt(0) } })),
  { type: "detach", affects: "current", wanted: { alias: "hostdev0" } },
  { type: "detach", affects: "current", wanted: { alias: "hostdev1" } }
]

/** The first call gets the last of the first three: what is for the guest and its definition. */
const deviceChanges = (call: number): readonly DomainMessage[] =>
  [attaches[(call + 1) % attaches.length], detaches[(call + 1) % detaches.length]].flatMap(
    (change) => (change === undefined ? [] : [{ type: "change", call, change } as const])
  )

const signals = ["shutdown", "reboot", "reset", "wakeup"] as const

const requests =
  (actions: Actions) =>
  (call: number, rig: DomainRig): readonly DomainMessage[] => {
    const start = { call, epoch: `1.${call}`, isPaused: call % 2 === 0, autoDestroy: undefined }
    const epoch = epochIn(rig)
    const kinds = changes(actions)
    const change = kinds[call % kinds.length]
    const signal = signals[call % signals.length] ?? "reset"
    return [
      { type: "suspend", call },
      { type: "resume", call },
      { type: "start", ...start },
      { type: "create", ...start, definition: definitionOf(actions) },
      { type: "destroy", call, isGraceful: false, epoch: undefined },
      { type: "destroy", call, isGraceful: true, epoch },
      { type: "destroy", call, isGraceful: false, epoch: "0.1" },
      { type: "suspend", call },
      { type: "resume", call },
      { type: "discard", call },
      { type: "signal", call, signal, mode: "default" },
      { type: "signal", call, signal: "reboot", mode: "default" },
      ...(change === undefined ? [] : [{ type: "change" as const, call, change }]),
      ...deviceChanges(call)
    ]
  }

const guestFacts = (epoch: string, count: number): readonly DomainMessage[] => {
  const shutdown = (reason: string): QmpFact => ({
    type: "qmpShutdown",
    epoch,
    isGuest: true,
    reason
  })
  return [
    { type: "qmpStop", epoch },
    { type: "qmpResume", epoch },
    { type: "qmpReset", epoch },
    { type: "qmpWakeup", epoch },
    { type: "qmpSuspend", epoch, toDisk: false },
    shutdown(count % 4 === 0 ? "host-qmp-quit" : "guest-shutdown"),
    { type: "qmpPanicked", epoch },
    { type: "qmpPauseCause", epoch, cause: "ioerror" },
    { type: "qmpHappened", epoch, happening: { type: "rtc-change", offsetSeconds: 1 } },
    { type: "qmpPort", epoch, alias: "channel0", isOpen: count % 2 === 0 },
    { type: "qmpPort", epoch, alias: "channel1", isOpen: count % 2 === 0 },
    { type: "qmpDeleted", epoch, alias: `hostdev${count % 3}` },
    { type: "qmpUnplugRefused", epoch, alias: "hostdev0" },
    { type: "qmpDeleted", epoch, alias: "net7" },
    { type: "monitorEnded", epoch, why: "EOF" },
    { type: "monitorSilent", epoch },
    { type: "monitorHeard", epoch },
    { type: "exited", epoch, isClean: count % 2 === 0, why: "it ended" }
  ]
}

/** Before `hear` the ear holds back what QEMU tells; a stale epoch is dropped by the kernel. */
const facts =
  (isWild: boolean) =>
  (rig: DomainRig): readonly DomainMessage[] => {
    const { life } = rig.state.value
    const isStarting = typeof life === "object" && "starting" in life
    if (isStarting && !isWild) return []
    const epoch = epochIn(rig)
    return [
      ...(rig.state.value.monitor === "silent" ? [{ type: "monitorReady" as const, epoch }] : []),
      ...guestFacts(epoch, rig.turns.length),
      { type: "qmpShutdown", epoch: "0.1", isGuest: true, reason: "guest-shutdown" }
    ]
  }

const adopted = ({ guest, actions }: Birth): AdoptedGuest => ({
  epoch: "0.9",
  id: 1,
  process: { pid: 6, startTime: "1" },
  live: definitionOf(actions),
  isPaused: guest === "paused",
  reason: guest === "paused" ? "user" : "booted",
  autoDestroy: undefined,
  isUnborn: guest === "unborn",
  isUnproven: guest === "unproven",
  isOver: guest === "over"
})

interface Setting {
  readonly laws?: readonly DomainLaw[]
  /** In place of what would otherwise be said and told. */
  readonly cast?: Partial<Cast<DomainMessage, DomainRig>>
}

/** A domain as it is when its actor has been made, and adopted its guest if there is one. */
export const birthOf = (birth: Birth, { laws = [], cast = {} }: Setting = {}): DomainRig => {
  const { kind, isDefined, actions, isWild } = birth
  const isPersistent = kind === "defined" || (kind === "adopted" && isDefined)
  const input = {
    uuid,
    name: "web",
    ...(isPersistent ? { persistent: definitionOf(actions) } : {})
  }
  const usual = { words, requests: requests(actions), facts: facts(isWild), instant: ["hear"] }
  const rig: DomainRig = new Rig(domainMachine, { ...usual, ...cast }, { laws, input })
  if (kind === "adopted") {
    rig.serve({ type: "adopt", record: adopted(birth) })
    for (const happen of preludes[birth.prelude]) happen(rig)
  }
  return rig
}

const guestActions: fc.Arbitrary<Actions> = fc.record({
  onPoweroff: fc.constantFrom("destroy", "restart", "preserve"),
  onReboot: fc.constantFrom("restart", "destroy"),
  onCrash: fc.constantFrom("destroy", "restart", "preserve")
})

export const anyBirth = (isWild: boolean): fc.Arbitrary<Birth> =>
  fc.record({
    kind: fc.constantFrom("defined", "shell", "adopted", "adopted"),
    guest: fc.constantFrom("running", "paused", "unproven", "unborn", "over"),
    isDefined: fc.boolean(),
    isWild: fc.constant(isWild),
    actions: guestActions,
    prelude: fc.constantFrom(...preludeNames)
  })
