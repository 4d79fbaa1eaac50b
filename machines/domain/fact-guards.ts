/**
 * What the chart asks of the facts that it is told: how a start went, what an earlier engine left,
 * how QEMU was found, and what the definition wants then. Plain questions, with a name each, for
 * drawings show them. Pure.
 */
import type { DomainContext, DomainMessage, GuestStatus } from "./context.ts"

interface On {
  readonly context: DomainContext
  readonly event: DomainMessage
}

const found =
  (status: GuestStatus) =>
  ({ event }: On): boolean =>
    event.type === "reattached" && event.status === status

export const factGuards = {
  /** The start was asked to leave the guest paused. */
  startsPaused: ({ event }: On) => event.type === "started" && event.isPaused,
  /** An earlier engine ended before it had launched what it had recorded. */
  wasUnborn: ({ event }: On) => event.type === "adopt" && event.record.isUnborn,
  /** The guest of an earlier engine is over. */
  wasOver: ({ event }: On) => event.type === "adopt" && event.record.isOver,
  /** An earlier engine left the guest paused. */
  wasPaused: ({ event }: On) => event.type === "adopt" && event.record.isPaused,
  /** QEMU did not do what it was told. */
  hasFailed: ({ event }: On) => event.type === "answered" && event.failure !== undefined,
  foundRunning: found("running"),
  foundPaused: found("paused"),
  foundSuspended: found("suspended"),
  foundCrashed: found("crashed"),
  foundPoweredOff: found("shutdown"),
  /** Launched or reset, and not continued. */
  foundWaiting: found("prelaunch"),
  restartsOnPoweroff: ({ context }: On) => context.live?.onPoweroff === "restart",
  staysOnPoweroff: ({ context }: On) => context.live?.onPoweroff === "preserve",
  bootsAfterPanic: ({ context }: On) => context.live?.onCrash === "restart",
  keepsPanicked: ({ context }: On) => context.live?.onCrash === "preserve",
  isRename: ({ context }: On) => context.job?.change.type === "rename",
  isUndefine: ({ context }: On) => context.job?.change.type === "undefine",
  hasNoGuest: ({ context }: On) => context.epoch === undefined
}
