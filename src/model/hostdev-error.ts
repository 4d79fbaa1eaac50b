/** How giving a device of the host to a guest, or taking it back, can fail. */
import * as Data from "effect/Data"

/** A device could not be brought where it was wanted. It is as it was before, or `broken`. */
export class DeviceNotReady extends Data.TaggedError("DeviceNotReady")<{
  readonly device: string
  /** `detach`, `reattach`, `reset`. */
  readonly step: string
  readonly why: string
}> {
  override get message(): string {
    return `cannot ${this.step} host device ${this.device}: ${this.why}`
  }
}

/** An earlier step failed half way. Nobody gets the device until it was reattached. */
export class DeviceBroken extends Data.TaggedError("DeviceBroken")<{
  readonly device: string
  readonly why: string
}> {
  override get message(): string {
    return (
      `host device ${this.device} is out of order: ${this.why}; ` +
      "see to it, then reattach it (nodedev-reattach)"
    )
  }
}
