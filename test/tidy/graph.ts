/**
 * Cycles and reachability in a graph of files. Pure; knows nothing of imports.
 */

export type Graph = ReadonlyMap<string, readonly string[]>

/** Everything that can be reached from `starts`, which are included. */
export function reachable(graph: Graph, starts: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>()
  const waiting = [...starts]
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (seen.has(at)) continue
    seen.add(at)
    waiting.push(...(graph.get(at) ?? []))
  }
  return seen
}

/** One shortest way from `from` back to itself, ends included; undefined when there is none. */
function wayBack(graph: Graph, from: string): readonly string[] | undefined {
  const seen = new Set<string>()
  let ways: readonly (readonly string[])[] = [[from]]
  while (ways.length > 0) {
    const longer: (readonly string[])[] = []
    for (const way of ways) {
      for (const next of graph.get(way.at(-1) ?? "") ?? []) {
        if (next === from) return [...way, next]
        if (seen.has(next)) continue
        seen.add(next)
        longer.push([...way, next])
      }
    }
    ways = longer
  }
  return undefined
}

/** One cycle for each knot of nodes that reach one another, each told once. */
export function cycles(graph: Graph): readonly (readonly string[])[] {
  const told = new Set<string>()
  const found: (readonly string[])[] = []
  for (const node of [...graph.keys()].sort()) {
    if (told.has(node)) continue
    const cycle = wayBack(graph, node)
    if (cycle === undefined) continue
    for (const member of cycle) told.add(member)
    found.push(cycle)
  }
  return found
}
