/** I27: the engine counts as active exactly what lives. */
import type { Invariant, View } from "../simulation/view.ts"
import { livingQemus } from "./living.ts"

const miscounted = (view: View): string | undefined => {
  const parts = view.life?.driver?.parts()
  if (parts === undefined) return undefined
  const living = new Map(livingQemus(view).map(({ uuid, epoch }) => [uuid, epoch]))
  const active = parts.domains.all().flatMap(({ uuid, ref }) => {
    const epoch = ref?.actor.published.context.epoch
    return epoch === undefined ? [] : [{ uuid, epoch }]
  })
  for (const { uuid, epoch } of active)
    if (living.get(uuid) !== epoch) return `${uuid} counts as active in ${epoch}, and has no QEMU`
  return active.length === living.size
    ? undefined
    : `${active.length} domains count as active, and ${living.size} have a QEMU`
}

export const nactiveExact: Invariant = {
  id: "I27",
  name: "NactiveExact",
  statement: "At rest the number of active domains is the number of those whose QEMU lives.",
  make: () => ({ rest: miscounted })
}
