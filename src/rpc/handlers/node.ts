/** The host: its size, its processors and their times, its memory and pages. Read each time. */
import * as Effect from "effect/Effect"
import type { SharingParameters } from "../../host/node-memory.ts"
import { type TypedParameter, unsigned, unsignedLong } from "../../qemu/stats.ts"
import { RpcRefusal } from "../refusal.ts"
import type { Handler, Handlers } from "../server/handler.ts"
import { knowing } from "./flags.ts"
import { counted, stringOkay } from "./parameters.ts"

/** VIR_NODE_CPU_STATS_ALL_CPUS and VIR_NODE_MEMORY_STATS_ALL_CELLS. */
const all = -1

/** REMOTE_NODE_CPU_STATS_MAX, _MEMORY_STATS_MAX and _MEMORY_PARAMETERS_MAX. */
const cpuStatsMax = 16
const memoryStatsMax = 16
const memoryParametersMax = 64

/** REMOTE_NODE_MAX_CELLS: numbers in one answer. */
const cellsMax = 1_024

/** NODE_GET_INFO's model has room for so many characters. */
const modelLengthMax = 31

const getInfo: Handler<"remote", "NODE_GET_INFO"> = (_, { engine }) =>
  Effect.map(engine.node.info, ({ model, memoryKiB, ...counts }) => ({
    model: model.slice(0, modelLengthMax),
    memory: BigInt(memoryKiB),
    ...counts
  }))

const cpuMap: Handler<"remote", "NODE_GET_CPU_MAP"> = ({ need_map: needMap }, { engine }) =>
  Effect.map(engine.node.cpuMap, ({ count, online, map }) => ({
    cpumap: needMap === 0 ? new Uint8Array() : map,
    online,
    ret: count
  }))

const cpuStats: Handler<"remote", "NODE_GET_CPU_STATS"> = ({ cpuNum, nparams }, { engine }) =>
  counted(
    "virNodeGetCPUStats",
    { nparams, max: cpuStatsMax },
    Effect.map(engine.node.cpuStats(cpuNum === all ? "all" : cpuNum), (times) =>
      (["kernel", "user", "idle", "iowait"] as const).map((field) => ({
        field,
        value: times[field]
      }))
    )
  )

const memoryStats: Handler<"remote", "NODE_GET_MEMORY_STATS"> = ({ cellNum, nparams }, client) =>
  counted(
    "virNodeGetMemoryStats",
    { nparams, max: memoryStatsMax },
    Effect.map(client.engine.node.memoryStats(cellNum === all ? "all" : cellNum), (stats) =>
      (["total", "free", "buffers", "cached"] as const).flatMap((field) => {
        const value = stats[field]
        return value === undefined ? [] : [{ field, value: BigInt(value) }]
      })
    )
  )

const cellsFree: Handler<"remote", "NODE_GET_CELLS_FREE_MEMORY"> = (
  { startCell, maxcells },
  { engine }
) =>
  maxcells < 1 || maxcells > cellsMax
    ? Effect.fail(
        new RpcRefusal({
          code: "INVALID_ARG",
          text: `maxcells must be from 1 to ${cellsMax}, and not ${maxcells}`
        })
      )
    : Effect.map(engine.node.cellsFreeMemory(startCell, maxcells), (cells) => ({ cells }))

const freePages: Handler<"remote", "NODE_GET_FREE_PAGES"> = (
  { pages, startCell, cellCount },
  { engine }
) =>
  pages.length * cellCount > cellsMax
    ? Effect.fail(
        new RpcRefusal({
          code: "INVALID_ARG",
          text: `an answer has at most ${cellsMax} counts, and not ${pages.length * cellCount}`
        })
      )
    : Effect.map(engine.node.freePages({ sizesKiB: pages, startCell, cellCount }), (counts) => ({
        counts
      }))

const sharingFields = {
  pagesToScan: ["shm_pages_to_scan", unsigned],
  sleepMs: ["shm_sleep_millisecs", unsigned],
  pagesShared: ["shm_pages_shared", unsignedLong],
  pagesSharing: ["shm_pages_sharing", unsignedLong],
  pagesUnshared: ["shm_pages_unshared", unsignedLong],
  pagesVolatile: ["shm_pages_volatile", unsignedLong],
  fullScans: ["shm_full_scans", unsignedLong],
  mergeAcrossNodes: ["shm_merge_across_nodes", unsigned]
} as const satisfies {
  readonly [name in keyof SharingParameters]-?: readonly [
    string,
    (field: string, value: number) => TypedParameter
  ]
}

const sharingNames = Object.keys(sharingFields) as readonly (keyof SharingParameters)[]

const sharing = (found: SharingParameters): readonly TypedParameter[] =>
  sharingNames.flatMap((name) => {
    const value = found[name]
    const [field, typed] = sharingFields[name]
    return value === undefined ? [] : [typed(field, value)]
  })

const memoryParameters: Handler<"remote", "NODE_GET_MEMORY_PARAMETERS"> = (
  { nparams },
  { engine }
) =>
  counted(
    "virNodeGetMemoryParameters",
    { nparams, max: memoryParametersMax },
    Effect.map(engine.node.memoryParameters, sharing)
  )

export const node: Handlers = {
  remote: {
    NODE_GET_INFO: getInfo,
    NODE_GET_CPU_MAP: knowing("virNodeGetCPUMap", 0, cpuMap),
    NODE_GET_CPU_STATS: knowing("virNodeGetCPUStats", 0, cpuStats),
    NODE_GET_MEMORY_STATS: knowing("virNodeGetMemoryStats", 0, memoryStats),
    NODE_GET_FREE_MEMORY: (_, { engine }) =>
      Effect.map(engine.node.freeMemory, (freeMem) => ({ freeMem })),
    NODE_GET_CELLS_FREE_MEMORY: cellsFree,
    NODE_GET_FREE_PAGES: knowing("virNodeGetFreePages", 0, freePages),
    NODE_GET_MEMORY_PARAMETERS: knowing("virNodeGetMemoryParameters", stringOkay, memoryParameters),
    NODE_GET_SECURITY_MODEL: (_, { engine }) => engine.node.securityModel,
    CONNECT_GET_SYSINFO: knowing("virConnectGetSysinfo", 0, (_, { engine }) =>
      Effect.map(engine.node.sysinfo, (sysinfo) => ({ sysinfo }))
    )
  }
}
