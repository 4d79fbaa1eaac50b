/** No actor has a defect: not by any fault of host, QEMU, guest or client. */
import type { Invariant } from "../simulation/view.ts"

export const noCrash: Invariant = {
  id: "E02",
  name: "NoCrash",
  statement: "Whatever host, QEMU, guest and clients do, no actor ends by a defect.",
  make: () => ({
    turn: ({ outcome, actor, message, defect }) =>
      outcome === "crashed" ? `${actor} crashed on '${message}': ${defect}` : undefined
  })
}
