/** Displays, by type. What a type is not known for here is refused before. */
import type { Graphics } from "../../model/device/graphics.ts"
import type { DeviceArgs } from "./context.ts"
import { spiceArgs } from "./spice.ts"
import { vncArgs } from "./vnc.ts"

export const graphicsArgs: DeviceArgs<Graphics> = (graphics, context) => {
  switch (graphics.type) {
    case "vnc":
      return vncArgs(graphics, context)
    case "spice":
      return spiceArgs(graphics, context)
    default:
      return []
  }
}
