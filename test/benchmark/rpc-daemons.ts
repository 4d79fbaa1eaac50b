/**
 * Two daemons for a side-by-side run, libvirtd and ours, each alone in a folder of its own and
 * under a process that reaps orphans at once; and the tools of the shared bench, built when they
 * are there. Ends what it started, by number.
 */
import { execFileSync, spawn } from "node:child_process"
import {
  accessSync,
  appendFileSync,
  chmodSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync
} from "node:fs"
import { join, resolve } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { callBytes, WireClient } from "./rpc-wire.ts"

const repository = resolve(import.meta.dirname, "../..")
const bench = join(resolve(repository, process.env["TROUPE_SHARED"] ?? "../shared"), "bench")

/** More clients than any measurement has, for both: their own default is 5,000. */
const clientsMax = 6_000

const isThere = (path: string): boolean => {
  try {
    accessSync(path)
    return true
  } catch {
    return false
  }
}

const has = (command: string): boolean =>
  (process.env["PATH"] ?? "").split(":").some((folder) => isThere(join(folder, command)))

/** What is missing of a comparison, as one sentence; `undefined` when nothing is. */
export const missing = (): string | undefined => {
  if (!isThere(join(bench, "bench.c")))
    return `no bench at ${bench}: set TROUPE_SHARED to the folder that has bench/`
  const wanted = ["gcc", "unshare", "qemu-system-x86_64"].find((command) => !has(command))
  if (wanted !== undefined) return `${wanted} is not installed`
  if (!isThere("/usr/sbin/libvirtd")) return "libvirtd is not installed (libvirt-daemon-system)"
  if (!isThere("/usr/include/libvirt/libvirt.h")) return "libvirt-dev is not installed"
  return process.getuid?.() === 0 ? undefined : "libvirtd needs root"
}

/** The bench, the reaper and libvirtd's starter, in `directory`. */
export const buildTools = (directory: string): void => {
  const source = (name: string) => join(bench, name)
  const to = (name: string) => join(directory, name)
  execFileSync("gcc", ["-O2", "-o", to("bench"), source("bench.c"), "-lvirt", "-lpthread"])
  execFileSync("gcc", ["-O2", "-o", to("subreap"), source("subreap.c")])
  copyFileSync(source("libvirtd-private.sh"), to("libvirtd-private.sh"))
  chmodSync(to("libvirtd-private.sh"), 0o755)
}

export const argvFolder = join(bench, "argv")

/** The one binary, bundled as `npm run build` does it. */
export const buildBundle = (directory: string): string => {
  const words = "--entry-file-names troupe.mjs --platform node --format esm --log-level warn"
  execFileSync(
    join(repository, "node_modules/.bin/rolldown"),
    ["src/start.ts", "--dir", directory, "--chunk-file-names", "[name].mjs", ...words.split(" ")],
    { cwd: repository, stdio: ["ignore", "ignore", "inherit"] }
  )
  return join(directory, "troupe.mjs")
}

export interface Daemon {
  readonly name: "libvirtd" | "troupe"
  readonly socket: string
  readonly uri: string
  /** Where its definitions are, one file each. */
  readonly definitions: string
  /** Starts it; gives the milliseconds from the spawn to the first answer of a call. */
  readonly start: () => Promise<number>
  readonly stop: () => Promise<void>
  /** Of the daemon itself. */
  readonly pid: () => number
}

const libVersion = callBytes("CONNECT_GET_LIB_VERSION", undefined)

const firstAnswer = async (socket: string): Promise<void> => {
  for (const deadline = performance.now() + 120_000; performance.now() < deadline; ) {
    try {
      const client = await WireClient.open(socket)
      await client.call(libVersion)
      client.close()
      return
    } catch {
      await sleep(2)
    }
  }
  throw new Error(`nobody answers at ${socket}`)
}

/** The processes below `ancestor`, children before their own. */
const descendants = (ancestor: number): readonly number[] => {
  const parents = new Map<number, number[]>()
  for (const entry of readdirSync("/proc")) {
    if (!/^[0-9]+$/.test(entry)) continue
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, "utf8")
      const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1])
      parents.set(parent, [...(parents.get(parent) ?? []), Number(entry)])
    } catch {
      // It has ended meanwhile.
    }
  }
  const below = (pid: number): readonly number[] =>
    (parents.get(pid) ?? []).flatMap((child) => [child, ...below(child)])
  return below(ancestor)
}

const commandOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")
  } catch {
    return ""
  }
}

interface Recipe {
  readonly name: Daemon["name"]
  readonly command: readonly string[]
  readonly socket: string
  readonly definitions: string
  readonly log: string
  /** Tells the daemon among what was started for it. */
  readonly sign: RegExp
}

const daemonOf = ({ name, command, socket, definitions, log, sign }: Recipe): Daemon => {
  let reaper: ReturnType<typeof spawn> | undefined
  let pid = 0
  const start = async () => {
    const [program = "", ...words] = command
    const output = openSync(log, "a")
    const begun = performance.now()
    const child = spawn(program, words, { stdio: ["ignore", output, output], detached: true })
    closeSync(output)
    reaper = child
    await firstAnswer(socket)
    const took = performance.now() - begun
    const found = descendants(child.pid ?? 0).findLast((one) => sign.test(commandOf(one)))
    if (found === undefined) throw new Error(`${name} answers, but is not among the children`)
    pid = found
    return took
  }
  const stop = async () => {
    const child = reaper
    reaper = undefined
    if (child === undefined || child.exitCode !== null) return
    const ended = new Promise((done) => child.once("exit", done))
    process.kill(pid, "SIGTERM")
    const late = sleep(20_000, "late", { ref: false })
    if ((await Promise.race([ended, late])) === "late") process.kill(pid, "SIGKILL")
    await ended
  }
  const uri = `qemu+unix:///system?socket=${socket}`
  return { name, socket, uri, definitions, start, stop, pid: () => pid }
}

/** libvirtd with its own settings, in `directory`. */
export const libvirtd = (tools: string, directory: string): Daemon => {
  mkdirSync(join(directory, "log"), { recursive: true })
  // The starter mounts its folder here, in a name space of its own.
  mkdirSync("/run/libvirt", { recursive: true })
  return daemonOf({
    name: "libvirtd",
    command: [join(tools, "libvirtd-private.sh"), directory],
    socket: join(directory, "run/libvirt-sock"),
    definitions: join(directory, "etc/qemu"),
    log: join(directory, "log/bench.out"),
    sign: /^\/usr\/sbin\/libvirtd/
  })
}

const places = `max_clients = ${clientsMax}\nmax_anonymous_clients = ${clientsMax}\n`

/** More clients at once; libvirtd's settings are there after its first start. */
export const widen = (directory: string): void =>
  appendFileSync(join(directory, "etc/libvirtd.conf"), places)

/** Ours, from its bundle, in name spaces too: making them is part of both starts. */
export const troupe = (tools: string, bundle: string, directory: string): Daemon => {
  mkdirSync(join(directory, "etc/qemu"), { recursive: true, mode: 0o700 })
  widen(directory)
  const serve = `exec '${process.execPath}' '${bundle}' daemon --root '${directory}'`
  const apart = "unshare -m -n --propagation private"
  return daemonOf({
    name: "troupe",
    command: [
      join(tools, "subreap"),
      ...apart.split(" "),
      "bash",
      "-c",
      `ip link set lo up; ${serve}`
    ],
    socket: join(directory, "run/libvirt-sock"),
    definitions: join(directory, "etc/qemu"),
    log: `${directory}.log`,
    sign: /troupe\.mjs daemon/
  })
}

/** Milliseconds of processor time that the threads of a process have had. */
export const cpuMs = (pid: number): number => {
  let total = 0
  for (const task of readdirSync(`/proc/${pid}/task`))
    total += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0])
  return total / 1e6
}

/** The same, threads that have ended included, in steps of 10 ms: what a start has cost. */
export const startCpuMs = (pid: number): number => {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
  const [user, system] = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 13)
  return (Number(user) + Number(system)) * 10
}

/** Resident memory in KiB. */
export const residentKib = (pid: number): number =>
  Number(/VmRSS:\s+([0-9]+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1])
