/**
 * Everything that makes a QEMU process, as data, and the exec chain that carries it out: small
 * tools that each change one thing of their own process and then become the next, so that the pid
 * stays. Pure: what the host allows comes in as facts.
 */
import * as Data from "effect/Data"
import * as Result from "effect/Result"
import type { FileHandle } from "../host/files.ts"
import type { LogLimits } from "../host/log-file.ts"

export type Limit = number | "unlimited"

export interface LaunchPlan {
  /** QEMU's absolute path and words, all but those of the monitor, which the launcher adds. */
  readonly argv: readonly [string, ...string[]]
  readonly environment: { readonly [name: string]: string }
  readonly directory: string
  readonly monitor: {
    /** Where clients connect. At most 107 bytes. */
    readonly path: string
    /** From `monitorId`. */
    readonly id: string
  }
  readonly logPath: string
  readonly logLimits?: LogLimits
  /** Open files that QEMU inherits under these numbers; ours stay ours to close. */
  readonly files?: readonly { readonly fd: number; readonly file: FileHandle }[]
  /** Sockets that QEMU inherits bound and listening (`-chardev socket,fd=N,server=on`). */
  readonly listeners?: readonly { readonly fd: number; readonly path: string }[]
  /** Whom QEMU runs as; all three, for a process with half a change is the worst of both. */
  readonly user?: {
    readonly uid: number
    readonly gid: number
    /** Supplementary groups; none are inherited. */
    readonly groups: readonly number[]
  }
  /** Soft and hard limit alike: bytes, descriptors, bytes, processes. */
  readonly limits?: {
    readonly memlock?: Limit
    readonly nofile?: Limit
    readonly core?: Limit
    readonly nproc?: Limit
  }
  /** -20 (first served) to 19. */
  readonly nice?: number
  /** Host CPUs that QEMU may run on. */
  readonly cpus?: readonly number[]
  readonly umask?: number
  /** Directory of a cgroup v2 that exists; QEMU is moved into it before its guest runs. */
  readonly cgroup?: string
}

/** Where the monitor's listening socket is in the child. */
export const monitorFd = 3

/** A field of the plan that this host, or this user, cannot carry out. */
export class FieldUnenforceable extends Data.TaggedError("FieldUnenforceable")<{
  readonly field: "user" | "limits" | "nice" | "cpus" | "umask" | "cgroup" | "monitor" | "listeners"
  readonly why: string
}> {
  override get message(): string {
    return `cannot launch QEMU with the asked '${this.field}': ${this.why}`
  }
}

export type LimitName = keyof NonNullable<LaunchPlan["limits"]>
export type Tool = "prlimit" | "nice" | "taskset" | "setpriv" | "sh"
export type Capability = "setuid" | "setgid" | "nice" | "resource"

/** What we are and what the host has, as far as it decides what a plan may ask. */
export interface LaunchFacts {
  readonly uid: number
  readonly gid: number
  readonly groups: readonly number[]
  readonly umask: number
  readonly nice: number
  /** CPUs that we may run on ourselves. */
  readonly cpus: readonly number[]
  readonly capabilities: ReadonlySet<Capability>
  readonly limits: {
    readonly [name in LimitName]: { readonly soft: Limit; readonly hard: Limit }
  }
  /** Absolute paths of the tools that are installed. */
  readonly tools: { readonly [tool in Tool]?: string }
}

/** Whether the plan asks for anything that needs the facts at all. */
export const needsFacts = (plan: LaunchPlan): boolean =>
  [plan.user, plan.limits, plan.nice, plan.cpus, plan.umask].some((field) => field !== undefined)

type Link = Result.Result<readonly string[], FieldUnenforceable>

const none: Link = Result.succeed([])

const refuse = (field: FieldUnenforceable["field"], why: string) =>
  Result.fail(new FieldUnenforceable({ field, why }))

/**
 * The whole command: only links that change something. The user is changed last, for the others may
 * need what is given up by it.
 */
export const execChain = (
  plan: LaunchPlan,
  argv: readonly [string, ...string[]],
  facts: LaunchFacts
): Result.Result<readonly [string, ...string[]], FieldUnenforceable> => {
  const links = [limitLink, niceLink, cpuLink, umaskLink, userLink]
  const words: string[] = []
  for (const link of links) {
    const made = link(plan, facts)
    if (Result.isFailure(made)) return Result.fail(made.failure)
    words.push(...made.success)
  }
  const [command = argv[0], ...rest] = [...words, ...argv]
  return Result.succeed([command, ...rest])
}

const withTool = (
  field: FieldUnenforceable["field"],
  tool: string | undefined,
  words: readonly string[]
): Link =>
  tool === undefined
    ? refuse(field, "the tool for it is not installed")
    : Result.succeed([tool, ...words])

const exceeds = (limit: Limit, other: Limit): boolean =>
  other !== "unlimited" && (limit === "unlimited" || limit > other)

const limitNames = ["memlock", "nofile", "core", "nproc"] as const

const limitLink = (plan: LaunchPlan, facts: LaunchFacts): Link => {
  const words: string[] = []
  for (const name of limitNames) {
    const asked = plan.limits?.[name]
    if (asked === undefined) continue
    const { soft, hard } = facts.limits[name]
    if (asked === soft && asked === hard) continue
    if (exceeds(asked, hard) && !facts.capabilities.has("resource")) {
      return refuse("limits", `${name} ${asked} is past our own hard limit of ${hard}`)
    }
    words.push(`--${name}=${asked}:${asked}`)
  }
  return words.length === 0 ? none : withTool("limits", facts.tools.prlimit, words)
}

const niceLink = ({ nice }: LaunchPlan, facts: LaunchFacts): Link => {
  if (nice === undefined || nice === facts.nice) return none
  if (!Number.isInteger(nice) || nice < -20 || nice > 19) {
    return refuse("nice", `${nice} is not a whole number from -20 to 19`)
  }
  if (nice < facts.nice && !facts.capabilities.has("nice")) {
    return refuse("nice", `only a privileged user may go from ${facts.nice} down to ${nice}`)
  }
  return withTool("nice", facts.tools.nice, ["-n", String(nice - facts.nice)])
}

const cpuLink = ({ cpus }: LaunchPlan, facts: LaunchFacts): Link => {
  if (cpus === undefined) return none
  if (cpus.length === 0) return refuse("cpus", "none is left to run on")
  // The kernel would silently leave out CPUs that it does not give us.
  const denied = cpus.filter((cpu) => !facts.cpus.includes(cpu))
  if (denied.length > 0) {
    return refuse("cpus", `CPU ${denied.join(", ")} is not among ours (${facts.cpus.join(", ")})`)
  }
  if (facts.cpus.every((cpu) => cpus.includes(cpu))) return none
  return withTool("cpus", facts.tools.taskset, ["-c", cpus.join(",")])
}

/** The one thing that no small tool does; the shell never reads the words after the script. */
const umaskLink = ({ umask }: LaunchPlan, facts: LaunchFacts): Link => {
  if (umask === undefined || umask === facts.umask) return none
  const octal = umask.toString(8).padStart(4, "0")
  return withTool("umask", facts.tools.sh, ["-c", `umask ${octal} && exec "$@"`, "sh"])
}

const userLink = ({ user }: LaunchPlan, facts: LaunchFacts): Link => {
  if (user === undefined) return none
  const isUid = user.uid === facts.uid
  const isGid = user.gid === facts.gid
  const isGroups = isSameSet(user.groups, facts.groups)
  if (isUid && isGid && isGroups) return none
  if (!isUid && !facts.capabilities.has("setuid")) {
    return refuse("user", `user ${facts.uid} may not become user ${user.uid}`)
  }
  if (!(isGid && isGroups) && !facts.capabilities.has("setgid")) {
    return refuse("user", `user ${facts.uid} may not change its groups`)
  }
  const groups = user.groups.length === 0 ? ["--clear-groups"] : ["--groups", user.groups.join(",")]
  const words = ["--reuid", String(user.uid), "--regid", String(user.gid), ...groups]
  return withTool("user", facts.tools.setpriv, words)
}

const isSameSet = (some: readonly number[], others: readonly number[]): boolean =>
  some.every((one) => others.includes(one)) && others.every((other) => some.includes(other))
