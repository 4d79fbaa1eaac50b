/**
 * `host-model`: the host's CPU spelled out, so that the guest has the same one wherever it runs.
 * QEMU's own expansion is the source; the base model and every feature that it names are given.
 */
import { present } from "../../base/assert.ts"
import type { KeyValue } from "./arg.ts"
import type { ArgvContext } from "./context.ts"

export const hostModel = (
  { domain, capabilities }: ArgvContext,
  features: readonly KeyValue[]
): { readonly head: string; readonly pairs: readonly KeyValue[] } => {
  const cpus = domain.type === "kvm" ? capabilities.cpus.kvm : capabilities.cpus.tcg
  const host = present(cpus?.host, "a host model that cannot be expanded is refused before")
  const own = new Map(features.map(([name, value]) => [name, value]))
  // Features that are off are off in the base model too; family, vendor and name are values.
  const expanded = Object.entries(host.props).flatMap(([name, value]): readonly KeyValue[] =>
    value === false || own.has(name) ? [] : [[name, value]]
  )
  return { head: host.name, pairs: [...expanded, ...features] }
}
