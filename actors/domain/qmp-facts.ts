/** What an event of QEMU means to a domain: QMP's words in, the chart's words out. Pure. */
import type { QmpFact } from "../../machines/domain/context.ts"
import type { Domain } from "../../src/model/domain.ts"
import {
  type DomainHappening,
  memoryFailureActions,
  memoryFailureRecipients
} from "../../src/model/event.ts"
import { pathOf } from "../../src/qemu/guest-block.ts"
import { diskNamed, targetOf } from "../../src/qemu/guest-nodes.ts"
import type { QmpEvent } from "../../src/qmp/event.ts"
import { type DisplayEvent, graphicsOf } from "./graphics-facts.ts"

type Told = QmpFact extends infer F
  ? F extends { epoch: string }
    ? Omit<F, "epoch">
    : never
  : never

const happening = (what: DomainHappening): Told =>
  ({ type: "qmpHappened", happening: what }) as Told
const cause = (why: string): Told => ({ type: "qmpPauseCause", cause: why }) as Told

const watchdogActions = ["none", "pause", "reset", "poweroff", "shutdown", "debug"] as const
type WatchdogAction = Extract<DomainHappening, { type: "watchdog" }>["action"]
const watchdogAction = (action: string): WatchdogAction =>
  action === "inject-nmi"
    ? "inject-nmi"
    : (watchdogActions.find((known) => known === action) ?? "none")

type Live = Domain | undefined

const ioError = (
  event: Extract<QmpEvent, { _tag: "BlockIoError" }>,
  live: Live
): readonly Told[] => {
  const isStop = event.action === "stop"
  const disk = live && diskNamed(live, event)?.disk
  const told = happening({
    type: "io-error",
    // A device that the definition does not have is told by QEMU's own name.
    path: (disk && pathOf(disk)) ?? event.qomPath ?? event.node ?? "",
    device: disk?.alias ?? (event.device === "" ? (event.node ?? "") : event.device),
    action: isStop ? "pause" : event.action === "report" ? "report" : "none",
    reason: event.isOutOfSpace ? "enospc" : event.reason
  })
  return isStop ? [cause("ioerror"), told] : [told]
}

const threshold = (
  event: Extract<QmpEvent, { _tag: "BlockWriteThreshold" }>,
  live: Live
): readonly Told[] => {
  const { node, thresholdBytes, exceededBytes } = event
  const found = live && diskNamed(live, { node })
  // A node of nobody's disk: whoever set the mark by QEMU's monitor hears it there.
  if (found === undefined) return []
  const path = found.depth === 0 ? pathOf(found.disk) : undefined
  const device = targetOf(found, node)
  return [happening({ type: "block-threshold", device, path, thresholdBytes, exceededBytes })]
}

const memoryFailure = (event: Extract<QmpEvent, { _tag: "MemoryFailure" }>): readonly Told[] => {
  const { isActionRequired, isRecursive } = event
  const recipient = memoryFailureRecipients.find((known) => known === event.recipient)
  const action = memoryFailureActions.find((known) => known === event.action)
  // Words of a newer QEMU have no number that a client would know.
  if (recipient === undefined || action === undefined) return []
  return [happening({ type: "memory-failure", recipient, action, isActionRequired, isRecursive })]
}

/** Events that are passed on and change nothing. */
const passedOn = (event: QmpEvent, live: Live): readonly Told[] => {
  switch (event._tag) {
    case "BlockWriteThreshold":
      return threshold(event, live)
    case "MemoryFailure":
      return memoryFailure(event)
    case "MemoryDeviceSizeChange": {
      const { id: device, sizeBytes } = event
      if (device === undefined) return []
      return [happening({ type: "memory-device-size-change", device, sizeBytes })]
    }
    case "DeviceUnplugRefused":
      return event.device === undefined
        ? []
        : [
            happening({ type: "device-removal-failed", device: event.device }),
            { type: "qmpUnplugRefused", alias: event.device } as Told
          ]
    case "MigrationPass":
      return [happening({ type: "migration-iteration", iteration: event.pass })]
    case "GuestCrashloaded":
      return [happening({ type: "lifecycle", event: "crashed", detail: "crashloaded" })]
    default:
      return isDisplay(event) ? [happening(graphicsOf(event))] : []
  }
}

const isDisplay = (event: QmpEvent): event is DisplayEvent & QmpEvent =>
  /^(Vnc|Spice)(Connected|Initialized|Disconnected)$/.test(event._tag)

/** The facts that an event stands for; most events stand for none. */
export const factsOf = (event: QmpEvent, live?: Live): readonly Told[] => {
  switch (event._tag) {
    case "Stop":
      return [{ type: "qmpStop" } as Told]
    case "Resume":
      return [{ type: "qmpResume" } as Told]
    case "Reset":
      return [{ type: "qmpReset" } as Told]
    case "Wakeup":
      // Told while it runs: asleep, the chart passes nothing on.
      return [{ type: "qmpWakeup" } as Told, happening({ type: "pm-wakeup" })]
    case "Suspend":
      return [happening({ type: "pm-suspend" }), { type: "qmpSuspend", toDisk: false } as Told]
    case "SuspendDisk":
      return [happening({ type: "pm-suspend-disk" })]
    case "Shutdown":
      return [{ type: "qmpShutdown", isGuest: event.guest, reason: event.reason } as Told]
    case "GuestPanicked":
      return [{ type: "qmpPanicked" } as Told]
    case "Watchdog": {
      const told = happening({ type: "watchdog", action: watchdogAction(event.action) })
      return event.action === "pause" ? [cause("watchdog"), told] : [told]
    }
    case "BlockIoError":
      return ioError(event, live)
    case "RtcChange":
      return [happening({ type: "rtc-change", offsetSeconds: event.offsetSeconds })]
    case "BalloonChange":
      return [
        happening({ type: "balloon-change", actualKiB: Math.floor(event.actualBytes / 1024) })
      ]
    case "DeviceTrayMoved":
      return [
        happening({
          type: "tray-change",
          device: event.id,
          reason: event.isOpen ? "open" : "close"
        })
      ]
    case "DeviceDeleted":
      // Those without a name are parts of a device, or somebody else's.
      return event.device === undefined ? [] : [{ type: "qmpDeleted", alias: event.device } as Told]
    case "VserportChange":
      return [{ type: "qmpPort", alias: event.id, isOpen: event.isOpen } as Told]
    default:
      return passedOn(event, live)
  }
}
