/** I09: the configuration is replaced whole, by a newer one, or not at all. */
import type { ConfigSnapshot } from "../../config/snapshot.ts"
import type { Turn } from "../../kernel/inspection.ts"
import type { Invariant } from "../simulation/view.ts"

const snapshotOf = (state: unknown): ConfigSnapshot =>
  (state as { readonly context: { readonly snapshot: ConfigSnapshot } }).context.snapshot

const broken = ({ record, message, before, after }: Turn): string | undefined => {
  if (record.actor !== "config") return undefined
  const [was, is] = [snapshotOf(before), snapshotOf(after)]
  if (!Object.isFrozen(is)) return `snapshot ${is.number} can be changed`
  if (was === is) return undefined
  if (message.type !== "loaded") return `'${message.type}' replaced snapshot ${was.number}`
  return is.number > was.number ? undefined : `snapshot ${is.number} replaced ${was.number}`
}

export const configSnapshotStable: Invariant = {
  id: "I09",
  name: "ConfigSnapshotStable",
  statement:
    "The published configuration is immutable; only one that was read whole takes its place, and " +
    "its number is higher; a reload that failed changes nothing.",
  make: () => ({ decided: broken })
}
