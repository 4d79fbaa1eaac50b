/** L06: at rest the record of each guest tells what an engine that opens now has to know. */
import { statusPath } from "../../../src/store/layout.ts"
import { parseStatus } from "../../../src/store/status.ts"
import { lifeOf } from "../../../src/testing/invariants/domain-turn.ts"
import { textAt } from "../../../src/testing/invariants/on-disk.ts"
import type { Invariant, View } from "../../../src/testing/simulation/view.ts"

const paused = new Set(["paused", "pmsuspended", "crashed"])
const running = new Set(["running", "rebooting"])

const outdated = (view: View): string | undefined => {
  const parts = view.life?.driver?.parts()
  for (const { uuid, ref } of parts?.domains.all() ?? []) {
    if (parts === undefined || ref === undefined) continue
    const { published } = ref.actor
    const { epoch, live, isUnproven } = published.context
    const life = lifeOf(published)
    // A record that could not be read is left as it is.
    const isKnown = ref.belongings.find(epoch)?.record !== undefined
    if (epoch === undefined || isUnproven || !isKnown) continue
    const text = textAt(view.host.disk, statusPath(parts.store.layout, epoch))
    const read = text === undefined ? undefined : parseStatus(text)
    if (read?._tag !== "Success") continue
    const { state, definition } = read.success
    if ((running.has(life) && state !== "running") || (paused.has(life) && state !== "paused"))
      return `at rest ${uuid} is ${life}, and its record says '${state}'`
    const title = live?.title === undefined ? undefined : `<title>${live.title}</title>`
    if (title !== undefined && !definition.includes(title))
      return `at rest the record of ${uuid} has not the title '${live?.title}'`
  }
  return undefined
}

export const recordAtRest: Invariant = {
  id: "L06",
  name: "RecordAtRest",
  statement:
    "At rest the status record of each guest has its state and its live definition, so that the " +
    "next engine takes over what it finds.",
  make: () => ({ rest: outdated })
}
