/**
 * The files of /proc/PID that the engine reads, as text made when they are read. Fields that nobody
 * asks for are plain and constant.
 */
import type { ProcessTable, SimulatedProcess } from "./processes.ts"

const letterOf: { readonly [state in SimulatedProcess["state"]]: string } = {
  running: "R",
  sleeping: "S",
  uninterruptible: "D",
  stopped: "T",
  zombie: "Z",
  dead: "X"
}

/** proc(5): 52 fields; the engine reads state, parent, times, nice and start time. */
const stat = (process: SimulatedProcess): string => {
  const { pid, parent, words, startTime, state } = process
  const name = (words[0] ?? "").split("/").at(-1)?.slice(0, 15) ?? ""
  const upToTimes = [letterOf[state], parent, pid, pid, 0, -1, 0, 0, 0, 0, 0]
  const times = [0, 0, 0, 0, 20, 0, 1, 0, startTime]
  return `${[`${pid} (${name})`, ...upToTimes, ...times, ...Array(30).fill(0)].join(" ")}\n`
}

/** Root, with every capability, on a host of four processors. */
const status = ({ pid, parent }: SimulatedProcess): string =>
  [
    "Name:\tengine",
    "Umask:\t0022",
    `Pid:\t${pid}`,
    `PPid:\t${parent}`,
    "Uid:\t0\t0\t0\t0",
    "Gid:\t0\t0\t0\t0",
    "Groups:\t0 ",
    "CapEff:\t000001ffffffffff",
    "Cpus_allowed_list:\t0-3",
    ""
  ].join("\n")

/** Columns of fixed width: the limit, soft, hard, and its unit. */
const limitRow = ([name, ...rest]: readonly [string, string, string, string]): string =>
  `${name.padEnd(26)}${rest.map((word) => word.padEnd(21)).join("")}`

const limits = ({ descriptors }: SimulatedProcess): string =>
  [
    limitRow(["Limit", "Soft Limit", "Hard Limit", "Units"]),
    limitRow(["Max core file size", "0", "unlimited", "bytes"]),
    limitRow(["Max processes", "63432", "63432", "processes"]),
    limitRow(["Max open files", String(descriptors.max), "1048576", "files"]),
    limitRow(["Max locked memory", "8388608", "8388608", "bytes"]),
    ""
  ].join("\n")

const texts = new Map([
  ["stat", stat],
  ["status", status],
  ["limits", limits]
])

/** `undefined` when it is none of these. */
export const procFile = (table: ProcessTable, path: string): string | undefined => {
  if (!path.startsWith("/proc/")) return undefined
  const [, , pid = "", name = "", ...rest] = path.split("/")
  const process = table.get(Number(pid))
  return process === undefined || rest.length > 0 ? undefined : texts.get(name)?.(process)
}
