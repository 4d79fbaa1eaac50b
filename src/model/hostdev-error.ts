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

/** The definition means a device that the host has not, or has no more. */
export class HostdevNotFound extends Data.TaggedError("HostdevNotFound")<{
  /** `USB device 046d:c52b`. */
  readonly what: string
  readonly why: string
}> {
  override get message(): string {
    return `there is no host ${this.what}: ${this.why}`
  }
}

/** Several devices of the host answer to what the definition says. */
export class HostdevAmbiguous extends Data.TaggedError("HostdevAmbiguous")<{
  readonly what: string
  /** `001:004`. */
  readonly matches: readonly string[]
}> {
  override get message(): string {
    const { what, matches } = this
    return (
      `${matches.length} devices of the host are ${what}, at ${matches.join(", ")} ` +
      "(bus:device): say which one by <address bus= device=/> in its <source>"
    )
  }
}

/** The device is there, and cannot be given to a guest as the definition has it. */
export class HostdevUnusable extends Data.TaggedError("HostdevUnusable")<{
  readonly device: string
  readonly why: string
}> {
  override get message(): string {
    return `host device ${this.device} cannot be given to a guest: ${this.why}`
  }
}

/** A function that shares an IOMMU group with a wanted one, and what keeps it from going along. */
export interface GroupMember {
  readonly device: string
  /** `driver igb has it`, `'db' has it`. */
  readonly why: string
}

/** VFIO gives away whole IOMMU groups, and somebody else has a part of this one. */
export class GroupNotViable extends Data.TaggedError("GroupNotViable")<{
  readonly device: string
  readonly group: number
  readonly members: readonly GroupMember[]
}> {
  override get message(): string {
    const { device, group, members } = this
    const others = members.map((one) => `${one.device} (${one.why})`).join(", ")
    return (
      `host device ${device} goes to a guest only with all of its IOMMU group ${group}: ` +
      `${others}; give these to the same guest too, ` +
      "or detach them from the host (nodedev-detach)"
    )
  }
}

/** Why a definition's host device is none that can be given. */
export type HostdevError = HostdevNotFound | HostdevAmbiguous | HostdevUnusable | GroupNotViable
