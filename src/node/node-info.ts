/**
 * How big the host is: processors by socket, core and thread, NUMA cells, memory. Pure over what
 * `src/host/node-*` has read.
 */
import type { CpuPlace } from "../host/node-cpu.ts"

/** NODE_GET_INFO. `sockets` are those of one cell, as libvirt counts. */
export interface NodeInfo {
  /** The architecture. */
  readonly model: string
  readonly memoryKiB: number
  /** Online. */
  readonly cpus: number
  readonly mhz: number
  readonly nodes: number
  readonly sockets: number
  readonly cores: number
  readonly threads: number
}

export interface Topology {
  readonly nodes: number
  readonly sockets: number
  readonly cores: number
  readonly threads: number
}

const countBy = <A>(items: readonly A[], key: (item: A) => string): ReadonlyMap<string, A[]> =>
  Map.groupBy(items, key)

const most = (counts: Iterable<number>): number => Math.max(1, ...counts)

/**
 * Sockets of a cell, cores of a socket, threads of a core: the most that any has. Where they do
 * not multiply to the number of CPUs (cells of unequal size, CPUs that are offline), it is one
 * socket with that many cores, so that no client counts CPUs that there are not.
 */
export const topologyOf = (
  places: readonly CpuPlace[],
  cellOf: (cpu: number) => number,
  present: number
): Topology => {
  const cells = countBy(places, ({ id }) => `${cellOf(id)}`)
  const sockets = countBy(places, ({ id, socket }) => `${cellOf(id)} ${socket}`)
  const distinct = (of: readonly CpuPlace[], key: (place: CpuPlace) => string): number =>
    new Set(of.map(key)).size
  const counted: Topology = {
    nodes: Math.max(1, cells.size),
    sockets: most([...cells.values()].map((cell) => distinct(cell, ({ socket }) => `${socket}`))),
    cores: most(
      [...sockets.values()].map((one) => distinct(one, ({ die, core }) => `${die} ${core}`))
    ),
    threads: most(places.map(({ siblings }) => siblings.length))
  }
  const product = counted.nodes * counted.sockets * counted.cores * counted.threads
  return product === present
    ? counted
    : { nodes: 1, sockets: 1, cores: Math.max(1, present), threads: 1 }
}

/** Which CPUs are online, one bit each, the lowest bit first: libvirt's cpumap. */
export const cpuMapOf = (online: readonly number[], count: number): Uint8Array => {
  const map = new Uint8Array(Math.ceil(count / 8))
  for (const cpu of online) {
    const at = cpu >> 3
    if (at < map.length) map[at] = (map[at] ?? 0) | (1 << (cpu & 7))
  }
  return map
}
