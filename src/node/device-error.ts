/** Why a question about a device of the host has no answer, or nothing can be done to it. */
import * as Data from "effect/Data"

/** There is no such device, or no longer. */
export class NodeDeviceNotFound extends Data.TaggedError("NodeDeviceNotFound")<{
  readonly name: string
}> {
  override get message(): string {
    return `there is no node device '${this.name}'`
  }
}

/** Only PCI functions leave their drivers and are reset; other devices are given as they are. */
export class NodeDeviceUnfit extends Data.TaggedError("NodeDeviceUnfit")<{
  readonly name: string
}> {
  override get message(): string {
    return `device ${this.name} is not a PCI device`
  }
}
