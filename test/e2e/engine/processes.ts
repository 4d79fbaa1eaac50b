/**
 * The host's processes as a test sees them, without the engine's own code: which QEMUs carry a
 * root's token, and whether a process is dead. A zombie is dead.
 */
import * as fs from "node:fs"
import { join } from "node:path"

export interface Seen {
  readonly pid: number
  readonly uuid: string
  readonly epoch: string
}

/** The id that a root gave itself; `undefined` before it was first opened. */
export const rootIdOf = (root: string): string | undefined => {
  try {
    return JSON.parse(fs.readFileSync(join(root, "lib/identity.json"), "utf8")).rootId
  } catch {
    return undefined
  }
}

const read = (path: string): string => {
  try {
    return fs.readFileSync(path, "latin1")
  } catch {
    return ""
  }
}

/** The state letter of proc(5), or nothing when it is gone. */
export const letterOf = (pid: number): string => {
  const stat = read(`/proc/${pid}/stat`)
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[0] ?? ""
}

export const isDead = (pid: number): boolean => ["", "Z", "X"].includes(letterOf(pid))

export const commandLine = (pid: number): readonly string[] =>
  read(`/proc/${pid}/cmdline`).split("\0").slice(0, -1)

const pids = (): readonly number[] =>
  fs
    .readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)

/** Every living process with this root's token. */
export const processesOf = (root: string): readonly Seen[] => {
  const id = rootIdOf(root)
  if (id === undefined) return []
  const token = new RegExp(`troupe\\.${id}\\.([^.,]+)\\.([0-9a-f]{32})`)
  return pids().flatMap((pid) => {
    const found = token.exec(read(`/proc/${pid}/cmdline`))
    if (found === null || pid === process.pid || isDead(pid)) return []
    const [, epoch = "", hex = ""] = found
    const uuid = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")
    return [{ pid, uuid, epoch: epoch.replace("-", ".") }]
  })
}

/** Every living emulator whose command line has a path in this directory, whatever its root is. */
export const processesNaming = (directory: string): readonly { readonly pid: number }[] =>
  pids()
    .filter((pid) => {
      const line = read(`/proc/${pid}/cmdline`)
      return line.includes(`${directory}/`) && line.includes("troupe.") && !isDead(pid)
    })
    .map((pid) => ({ pid }))

export const deadWithin = async (
  processes: readonly { readonly pid: number }[],
  boundMs: number
) => {
  const end = performance.now() + boundMs
  while (processes.some(({ pid }) => !isDead(pid)) && performance.now() < end)
    await new Promise((resolve) => setTimeout(resolve, 3))
}
