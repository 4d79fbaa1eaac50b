/** What the chart asks of devices that come and go, as plain questions. Pure. */
import { aliasOfDevice, findDevice } from "../../src/model/device-match.ts"
import { changesGuest, lacksDevice } from "./change.ts"
import type { DomainContext, DomainMessage } from "./context.ts"

interface On {
  readonly context: DomainContext
  readonly event: DomainMessage
}

/** It has what goes back to a driver of the host's. */
export const returnsDevices = ({ live }: DomainContext): boolean =>
  (live?.devices ?? []).some(
    (one) => (one.kind === "hostdev" || one.kind === "interface") && one.managed === true
  )

export const deviceGuards = {
  /** The running guest is to be changed, and not only what is written of it. */
  touchesGuest: ({ context, event }: On) =>
    event.type === "change" && changesGuest(event.change, context.epoch),
  isDeviceChange: ({ event }: On) =>
    event.type === "change" && (event.change.type === "attach" || event.change.type === "detach"),
  isAttach: ({ event }: On) => event.type === "change" && event.change.type === "attach",
  isDetach: ({ event }: On) => event.type === "change" && event.change.type === "detach",
  lacksDevice: ({ context, event }: On) =>
    event.type === "change" &&
    event.change.type === "detach" &&
    lacksDevice(context, event.change) !== undefined,
  /** What is under way needs the guest. */
  isOfGuest: ({ context: { job, epoch } }: On) =>
    job !== undefined && changesGuest(job.change, epoch),
  hasJob: ({ context }: On) => context.job !== undefined,
  /** A definition is to be written besides. */
  hasDefinition: ({ context: { job } }: On) =>
    job !== undefined && "definition" in job.change && job.change.definition !== undefined,
  bringsDevice: ({ event }: On) => event.type === "attached" && event.device !== undefined,
  bringsDefinition: ({ event }: On) => event.type === "attached" && event.definition !== undefined,
  isGone: ({ event }: On) => event.type === "unplugged" && event.isGone,
  /** A device that the guest has, or the one that is just on its way to it. */
  isHeld: ({ context: { live, job }, event }: On) =>
    event.type === "qmpDeleted" &&
    (job?.change.type === "attach" ||
      (live !== undefined && findDevice(live, event) !== undefined)),
  /** It is the device that QEMU was told to let go. */
  isOwn: ({ context: { job }, event }: On) =>
    (event.type === "qmpDeleted" || event.type === "qmpUnplugRefused") &&
    job?.change.type === "detach" &&
    job.change.alias === event.alias,
  hasParted: ({ context }: On) => context.parted.length > 0
}

/** The name in QEMU of the device that was attached. */
export const attachedAlias = ({ event }: On): string => {
  const device = event.type === "attached" ? event.device : undefined
  return (device && aliasOfDevice(device)) ?? ""
}

export const deletedAlias = ({ event }: On): string =>
  event.type === "qmpDeleted" ? event.alias : ""
