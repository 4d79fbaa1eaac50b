/** What an event of QEMU means to a domain: QMP's words in, the chart's words out. Pure. */
import type { QmpFact } from "../../machines/domain/context.ts"
import type { DomainHappening } from "../../src/model/event.ts"
import type { QmpEvent } from "../../src/qmp/event.ts"

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

const ioError = (event: Extract<QmpEvent, { _tag: "BlockIoError" }>): readonly Told[] => {
  const isStop = event.action === "stop"
  const told = happening({
    type: "io-error",
    path: event.qomPath ?? event.node ?? "",
    device: event.device === "" ? (event.node ?? "") : event.device,
    action: isStop ? "pause" : event.action === "report" ? "report" : "none",
    reason: event.isOutOfSpace ? "enospc" : event.reason
  })
  return isStop ? [cause("ioerror"), told] : [told]
}

/** The facts that an event stands for; most events stand for none. */
export const factsOf = (event: QmpEvent): readonly Told[] => {
  switch (event._tag) {
    case "Stop":
      return [{ type: "qmpStop" } as Told]
    case "Resume":
      return [{ type: "qmpResume" } as Told]
    case "Reset":
      return [{ type: "qmpReset" } as Told]
    case "Wakeup":
      return [{ type: "qmpWakeup" } as Told]
    case "Suspend":
      return [{ type: "qmpSuspend", toDisk: false } as Told]
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
      return ioError(event)
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
      return event.device === undefined
        ? []
        : [happening({ type: "device-removed", device: event.device })]
    case "VserportChange":
      return [{ type: "qmpPort", alias: event.id, isOpen: event.isOpen } as Told]
    default:
      return []
  }
}
