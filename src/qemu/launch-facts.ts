/**
 * What decides which plans can be carried out here: who we are, what we may, which tools there are.
 * Read of /proc for each launch that asks, for an admin may change a limit of ours at any time.
 */
import * as Effect from "effect/Effect"
import { Files } from "../host/files.ts"
import { Processes } from "../host/process.ts"
import type { Capability, LaunchFacts, Limit, LimitName, Tool } from "./launch-plan.ts"

const procBytesMax = 64 * 1024

/** Fixed, never from PATH: what runs before a user change must not be of the user's choosing. */
const toolDirectories = ["/usr/bin", "/bin", "/usr/sbin", "/sbin", "/run/current-system/sw/bin"]

const tools: readonly Tool[] = ["prlimit", "nice", "taskset", "setpriv", "sh"]

/** linux/capability.h */
const capabilityBits: { readonly [name in Capability]: bigint } = {
  setgid: 1n << 6n,
  setuid: 1n << 7n,
  nice: 1n << 23n,
  resource: 1n << 24n
}

/** The names of `/proc/PID/limits`. */
const limitLabels: { readonly [name in LimitName]: string } = {
  memlock: "Max locked memory",
  nofile: "Max open files",
  core: "Max core file size",
  nproc: "Max processes"
}

const capabilityNames = ["setuid", "setgid", "nice", "resource"] as const

export const launchFacts = Effect.gen(function* () {
  const processes = yield* Processes
  const { pid, uid, gid } = yield* processes.self
  const status = yield* readProc(pid, "status")
  const limits = yield* readProc(pid, "limits")
  const stat = yield* readProc(pid, "stat")
  const held = BigInt(`0x${statusField(status, "CapEff") || "0"}`)
  const facts: LaunchFacts = {
    uid,
    gid,
    groups: words(statusField(status, "Groups")).map(Number),
    umask: Number.parseInt(statusField(status, "Umask") || "22", 8),
    // proc(5): nice is field 19; the first two may hold blanks and are cut off.
    nice: Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16] ?? "0"),
    cpus: parseCpuList(statusField(status, "Cpus_allowed_list")),
    capabilities: new Set(capabilityNames.filter((name) => (held & capabilityBits[name]) !== 0n)),
    limits: {
      memlock: limitOf(limits, "memlock"),
      nofile: limitOf(limits, "nofile"),
      core: limitOf(limits, "core"),
      nproc: limitOf(limits, "nproc")
    },
    tools: Object.fromEntries(
      (yield* Effect.forEach(tools, findTool)).filter(([, path]) => path !== undefined)
    )
  }
  return facts
})

/** A host without one of these files has no such limit for us to know. */
const readProc = Effect.fnUntraced(
  function* (pid: number, name: string) {
    const files = yield* Files
    return new TextDecoder().decode(yield* files.read(`/proc/${pid}/${name}`, procBytesMax))
  },
  Effect.catch(() => Effect.succeed(""))
)

const findTool = Effect.fnUntraced(function* (tool: Tool) {
  const files = yield* Files
  for (const directory of toolDirectories) {
    const path = `${directory}/${tool}`
    const found = yield* Effect.option(files.stat(path))
    if (found._tag === "Some") return [tool, path] as const
  }
  return [tool, undefined] as const
})

const words = (text: string): readonly string[] => text.split(/\s+/).filter((word) => word !== "")

const statusField = (status: string, name: string): string =>
  new RegExp(`^${name}:[ \\t]*(.*)$`, "m").exec(status)?.[1]?.trim() ?? ""

const limitOf = (
  limits: string,
  name: LimitName
): { readonly soft: Limit; readonly hard: Limit } => {
  const row = limits.split("\n").find((line) => line.startsWith(limitLabels[name]))
  const [soft, hard] = words(row?.slice(limitLabels[name].length) ?? "").map(parseLimit)
  return { soft: soft ?? "unlimited", hard: hard ?? "unlimited" }
}

const parseLimit = (text: string): Limit => (text === "unlimited" ? text : Number(text))

/** `0-3,8` */
const parseCpuList = (text: string): readonly number[] =>
  text.split(",").flatMap((range) => {
    const [first, last = first] = range.split("-").map(Number)
    if (first === undefined || last === undefined || range === "") return []
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
  })
