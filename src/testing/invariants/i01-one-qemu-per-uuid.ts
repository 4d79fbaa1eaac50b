/** I01: whatever crashed or was started twice, a machine's disks have one writer. */
import type { Invariant } from "../simulation/view.ts"
import { livingQemus } from "./living.ts"

export const oneQemuPerUuid: Invariant = {
  id: "I01",
  name: "OneQemuPerUuid",
  statement:
    "At any moment at most one QEMU process of a domain lives on the host, those of engines " +
    "before this one and those that are dying included.",
  make: () => ({
    // Only a birth can break it.
    step: (view, label) => {
      if (!label.startsWith("spawn ")) return undefined
      const first = new Map<string, number>()
      for (const { uuid, process } of livingQemus(view)) {
        const other = first.get(uuid)
        if (other !== undefined) return `processes ${other} and ${process.pid} are both of ${uuid}`
        first.set(uuid, process.pid)
      }
      return undefined
    }
  })
}
