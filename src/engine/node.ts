/**
 * What may be asked of the host an engine runs on: its size, its memory, its processor, which
 * guests it can have. The text of capabilities is put together once for each answer of the probe;
 * what changes by itself is read each time. Starts no guest but the trial of KVM.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Driver } from "../../actors/driver/driver.ts"
import { Ids } from "../base/ids.ts"
import { Files } from "../host/files.ts"
import { type CpuTimes, readCpuLists, readCpuTimes } from "../host/node-cpu.ts"
import { readHostname, readSmbios } from "../host/node-identity.ts"
import { readSharing, type SharingParameters } from "../host/node-memory.ts"
import { NodeArgumentInvalid, NodeUnsupported } from "../node/error.ts"
import { readNodeInfo, readPlaces, type Places } from "../node/host-facts.ts"
import { hostUuid } from "../node/host-uuid.ts"
import {
  cellsFreeMemory,
  freeMemory,
  freePages,
  type MemoryStats,
  memoryStats,
  type PagesRequest
} from "../node/memory.ts"
import { cpuMapOf, type NodeInfo } from "../node/node-info.ts"
import { sysinfoXml } from "../xml/capabilities-sysinfo.ts"
import { type NodeCpus, nodeCpus } from "./node-cpus.ts"
import type { NodeGround } from "./node-emulator.ts"
import { makeNodeDevices, type NodeDevices } from "./node-device.ts"
import { type TakingDevices, takingDevices } from "./node-device-take.ts"
import { type NodeGuests, nodeGuests, securityModel } from "./node-guests.ts"

/** NODE_GET_CPU_MAP. */
export interface CpuMap {
  /** CPUs that the map has room for: the highest number that is present, and one. */
  readonly count: number
  readonly online: number
  /** One bit each, the lowest first. */
  readonly map: Uint8Array
}

/** VIR_NODE_CPU_STATS_*: nanoseconds since boot. */
export type CpuStats = CpuTimes

export interface SecurityModel {
  readonly model: string
  readonly doi: string
}

/** Whose protocol is spoken: libvirt 9.0.0 (major * 1,000,000 + minor * 1,000 + release). */
export const libvirtVersion = 9_000_000

export interface Node extends NodeGuests, NodeCpus {
  /** NODE_GET_INFO. */
  readonly info: Effect.Effect<NodeInfo>
  /** CONNECT_GET_HOSTNAME. */
  readonly hostname: Effect.Effect<string>
  /** The same at every start. */
  readonly uuid: Effect.Effect<string>
  /** NODE_GET_CPU_MAP. */
  readonly cpuMap: Effect.Effect<CpuMap>
  /** NODE_GET_CPU_STATS: of one CPU that is online, or of all. */
  readonly cpuStats: (cpu: number | "all") => Effect.Effect<CpuStats, NodeArgumentInvalid>
  /** NODE_GET_MEMORY_STATS: of one cell, or of all. KiB. */
  readonly memoryStats: (cell: number | "all") => Effect.Effect<MemoryStats, NodeArgumentInvalid>
  /** NODE_GET_FREE_MEMORY: bytes. */
  readonly freeMemory: Effect.Effect<bigint>
  /** NODE_GET_CELLS_FREE_MEMORY: bytes of each cell, from `start` on and at most `count`. */
  readonly cellsFreeMemory: (
    start: number,
    count: number
  ) => Effect.Effect<readonly bigint[], NodeArgumentInvalid>
  /** NODE_GET_FREE_PAGES: for each cell, for each size. */
  readonly freePages: (
    request: PagesRequest
  ) => Effect.Effect<readonly bigint[], NodeArgumentInvalid>
  /** NODE_GET_MEMORY_PARAMETERS: page sharing (KSM); empty on a kernel without it. */
  readonly memoryParameters: Effect.Effect<SharingParameters>
  /** CONNECT_GET_SYSINFO: XML. */
  readonly sysinfo: Effect.Effect<string, NodeUnsupported>
  /** NODE_GET_SECURITY_MODEL. */
  readonly securityModel: SecurityModel
  /** CONNECT_GET_LIB_VERSION. */
  readonly libvirtVersion: number
  /** What is plugged in. */
  readonly devices: NodeDevices & TakingDevices
}

const cpuStats = Effect.fnUntraced(function* (cpu: number | "all") {
  const times = yield* readCpuTimes(cpu)
  if (times !== undefined) return times
  const argument = cpu === "all" ? "CPU statistics" : `CPU ${cpu}`
  return yield* new NodeArgumentInvalid({ argument, why: "this host has none that is online" })
})

const cpuMap = Effect.map(readCpuLists, ({ present, online }): CpuMap => {
  const count = Math.max(0, ...present, ...online) + 1
  return { count, online: online.length, map: cpuMapOf(online, count) }
})

const sysinfo = Effect.gen(function* () {
  const blocks = yield* readSmbios
  if (blocks.length > 0) return sysinfoXml(blocks)
  return yield* new NodeUnsupported({ what: "system information", why: "the host has no SMBIOS" })
})

/** Read again only when a CPU was plugged or unplugged. */
const makePlaces = () => {
  let known: { readonly online: string; readonly places: Places } | undefined
  return Effect.gen(function* () {
    const { online } = yield* readCpuLists
    const key = online.join()
    if (known?.online === key) return known.places
    const places = yield* readPlaces(online)
    known = { online: key, places }
    return places
  })
}

/** Asked for once: the answer does not change while the engine lives. */
const makeUuid = (path: string) => {
  let known: string | undefined
  return Effect.gen(function* () {
    known ??= yield* hostUuid(path)
    return known
  })
}

export interface NodeOptions extends Pick<NodeGround, "emulatorFor"> {
  readonly place: { readonly root: string }
}

/** The host as one engine sees it. */
export const makeNode = Effect.fnUntraced(function* (driver: Driver, options: NodeOptions) {
  const services = Context.pick(Files, Ids)(yield* Effect.context<Files | Ids>())
  const here = <A, E>(effect: Effect.Effect<A, E, Files | Ids>): Effect.Effect<A, E> =>
    Effect.provideContext(effect, services)
  const { emulatorFor, place } = options
  const places = makePlaces()
  const uuid = makeUuid(`${place.root}/lib/host-uuid`)
  const ground: NodeGround = { driver, emulatorFor, places, uuid, services }
  const devices = yield* makeNodeDevices({ uuid: here(uuid) })
  const node: Node = {
    ...nodeGuests(ground),
    ...nodeCpus(ground),
    info: here(Effect.flatMap(places, readNodeInfo)),
    hostname: here(readHostname),
    uuid: here(uuid),
    cpuMap: here(cpuMap),
    cpuStats: (cpu) => here(cpuStats(cpu)),
    memoryStats: (cell) => here(memoryStats(cell)),
    freeMemory: here(freeMemory),
    cellsFreeMemory: (start, count) => here(cellsFreeMemory(start, count)),
    freePages: (request) => here(freePages(request)),
    memoryParameters: here(readSharing),
    sysinfo: here(sysinfo),
    securityModel,
    libvirtVersion,
    devices: { ...devices, ...takingDevices({ driver, lookup: devices.lookup, here }) }
  }
  return node
})
