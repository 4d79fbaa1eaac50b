/** Why a question about a device of the host has no answer. */
import * as Data from "effect/Data"

/** There is no such device, or no longer. */
export class NodeDeviceNotFound extends Data.TaggedError("NodeDeviceNotFound")<{
  readonly name: string
}> {
  override get message(): string {
    return `there is no node device '${this.name}'`
  }
}
