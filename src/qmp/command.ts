/**
 * The QMP commands that Troupe sends, one builder each: the argument names are QEMU's only here.
 * A command carries the reading of its reply. Sends nothing.
 */
import * as Result from "effect/Result"
import { isObject, type Json, type JsonObject } from "./json.ts"
import type { Sendable } from "./session.ts"

export interface Command<A> extends Sendable {
  /** The reply's value, or what is wrong with it. */
  readonly decode: (reply: Json) => Result.Result<A, string>
}

type Words = { readonly [name: string]: Json | undefined }

/** A command of any name, its reply as it is. */
export const command = (execute: string, words?: Words): Command<Json> =>
  withReply(execute, words, Result.succeed)

const withReply = <A>(
  execute: string,
  words: Words | undefined,
  decode: Command<A>["decode"]
): Command<A> =>
  words === undefined ? { execute, decode } : { execute, arguments: withoutAbsent(words), decode }

const withoutAbsent = (words: Words): JsonObject => {
  const kept: { [name: string]: Json } = {}
  for (const [name, value] of Object.entries(words)) if (value !== undefined) kept[name] = value
  return kept
}

/** A command whose reply says nothing but that it was taken. */
const order = (execute: string, words?: Words): Command<void> =>
  withReply(execute, words, () => Result.succeed(undefined))

// Reading of replies.

type Read<A> = (value: Json | undefined) => A | undefined

const text: Read<string> = (value) => (typeof value === "string" ? value : undefined)
const flag: Read<boolean> = (value) => (typeof value === "boolean" ? value : undefined)
const integer: Read<number> = (value) =>
  typeof value === "number" && Number.isSafeInteger(value) ? value : undefined
/** A 64-bit number of which only the size matters. */
const amount: Read<number> = (value) =>
  typeof value === "number" || typeof value === "bigint" ? Number(value) : undefined

type Shape = {
  readonly [name: string]: {
    readonly at: string
    readonly read: Read<unknown>
    readonly isOptional?: true
  }
}
type Shaped<S extends Shape> = {
  readonly [name in keyof S]: S[name] extends {
    readonly read: Read<infer A>
    readonly isOptional: true
  }
    ? A | undefined
    : S[name] extends { readonly read: Read<infer A> }
      ? A
      : never
}

/** A row of members; the first that is missing or of another type is what is wrong. */
const struct =
  <const S extends Shape>(shape: S) =>
  (reply: Json): Result.Result<Shaped<S>, string> => {
    if (!isObject(reply)) return Result.fail("no object")
    const read: { [name: string]: unknown } = {}
    for (const [name, { at, read: reader, isOptional }] of Object.entries(shape)) {
      const value = Object.hasOwn(reply, at) ? reader(reply[at]) : undefined
      if (value === undefined && isOptional !== true) return Result.fail(`no usable '${at}'`)
      read[name] = value
    }
    return Result.succeed(read as Shaped<S>)
  }

const list =
  <A>(row: (value: Json) => Result.Result<A, string>) =>
  (reply: Json): Result.Result<readonly A[], string> => {
    if (!Array.isArray(reply)) return Result.fail("no list")
    return Result.all(reply.map(row))
  }

// Life.

export const negotiate = (): Command<void> => order("qmp_capabilities")
export const cont = (): Command<void> => order("cont")
export const stop = (): Command<void> => order("stop")
/** The power button: the guest may ignore it. */
export const systemPowerdown = (): Command<void> => order("system_powerdown")
export const systemReset = (): Command<void> => order("system_reset")
export const systemWakeup = (): Command<void> => order("system_wakeup")
/** QEMU may end before it answers: the process's exit is the only reliable answer. */
export const quit = (): Command<void> => order("quit")
export const injectNmi = (): Command<void> => order("inject-nmi")

export interface Actions {
  readonly reboot?: "reset" | "shutdown"
  readonly shutdown?: "poweroff" | "pause"
  readonly panic?: "pause" | "shutdown" | "exit-failure" | "none"
  readonly watchdog?: "reset" | "shutdown" | "poweroff" | "pause" | "debug" | "none" | "inject-nmi"
}

/** What QEMU does by itself on these occasions. */
export const setAction = (actions: Actions): Command<void> => order("set-action", { ...actions })

export interface Status {
  /** `running`, `paused`, `prelaunch`, `shutdown`, `io-error`, `guest-panicked`, ... */
  readonly status: string
  readonly isRunning: boolean
}

export const queryStatus = (): Command<Status> =>
  withReply(
    "query-status",
    undefined,
    struct({ status: { at: "status", read: text }, isRunning: { at: "running", read: flag } })
  )

export const queryKvm = () =>
  withReply(
    "query-kvm",
    undefined,
    struct({ isEnabled: { at: "enabled", read: flag }, isPresent: { at: "present", read: flag } })
  )

// Devices.

/** `properties` as on the command line: `driver`, `id`, `bus`, ... */
export const deviceAdd = (properties: JsonObject): Command<void> => order("device_add", properties)
/** Taken is not done: DEVICE_DELETED of this very id ends it, perhaps minutes later. */
export const deviceDel = (id: string): Command<void> => order("device_del", { id })
export const netdevAdd = (netdev: JsonObject): Command<void> => order("netdev_add", netdev)
/** Succeeds while a device still uses it, which then has a dead link: only after DEVICE_DELETED. */
export const netdevDel = (id: string): Command<void> => order("netdev_del", { id })
export const objectAdd = (object: JsonObject): Command<void> => order("object-add", object)
export const objectDel = (id: string): Command<void> => order("object-del", { id })
export const chardevAdd = (id: string, backend: JsonObject): Command<Json> =>
  command("chardev-add", { id, backend })
export const chardevRemove = (id: string): Command<void> => order("chardev-remove", { id })
export const setLink = (name: string, isUp: boolean): Command<void> =>
  order("set_link", { name, up: isUp })

export const queryChardev = () =>
  withReply(
    "query-chardev",
    undefined,
    list(
      struct({
        label: { at: "label", read: text },
        /** `pty:/dev/pts/3`, `unix:...`, `disconnected:...` */
        filename: { at: "filename", read: text },
        /** Somebody in the guest has the port open. */
        isOpenInGuest: { at: "frontend-open", read: flag }
      })
    )
  )

// Block.

export const blockdevAdd = (node: JsonObject): Command<void> => order("blockdev-add", node)
export const blockdevDel = (node: string): Command<void> =>
  order("blockdev-del", { "node-name": node })
/** Without `force` a locked door stays shut, and the reply does not tell. */
export const openTray = (id: string, isForced: boolean): Command<void> =>
  order("blockdev-open-tray", { id, force: isForced })
export const closeTray = (id: string): Command<void> => order("blockdev-close-tray", { id })
export const removeMedium = (id: string): Command<void> => order("blockdev-remove-medium", { id })
export const insertMedium = (id: string, node: string): Command<void> =>
  order("blockdev-insert-medium", { id, "node-name": node })
/** Shrinking is accepted without a word, and cuts the guest's data. */
export const blockResize = (node: string, sizeBytes: number): Command<void> =>
  order("block_resize", { "node-name": node, size: sizeBytes })
export const queryBlock = (): Command<Json> => command("query-block")
export const queryBlockstats = (): Command<Json> => command("query-blockstats")
export const queryNamedBlockNodes = (): Command<Json> =>
  command("query-named-block-nodes", { flat: true })
export const queryJobs = (): Command<Json> => command("query-jobs")

// Memory and processors.

/** Answered at once; BALLOON_CHANGE tells how far the guest went. */
export const balloon = (targetBytes: number): Command<void> =>
  order("balloon", { value: targetBytes })

export const queryBalloon = () =>
  withReply("query-balloon", undefined, struct({ actualBytes: { at: "actual", read: amount } }))

export const queryCpus = () =>
  withReply(
    "query-cpus-fast",
    undefined,
    list(
      struct({
        index: { at: "cpu-index", read: integer },
        threadId: { at: "thread-id", read: integer },
        qomPath: { at: "qom-path", read: text, isOptional: true }
      })
    )
  )

export const queryHotpluggableCpus = (): Command<Json> => command("query-hotpluggable-cpus")
export const queryMemoryDevices = (): Command<Json> => command("query-memory-devices")

export const queryIothreads = () =>
  withReply(
    "query-iothreads",
    undefined,
    list(struct({ id: { at: "id", read: text }, threadId: { at: "thread-id", read: integer } }))
  )

// The object tree.

export const qomList = (path: string) =>
  withReply(
    "qom-list",
    { path },
    list(struct({ name: { at: "name", read: text }, type: { at: "type", read: text } }))
  )

export const qomGet = (path: string, property: string): Command<Json> =>
  command("qom-get", { path, property })

export const qomSet = ({ path, property, value }: QomValue): Command<void> =>
  order("qom-set", { path, property, value })

export interface QomValue {
  readonly path: string
  readonly property: string
  readonly value: Json
}

// Displays.

export interface Password {
  readonly protocol: "vnc" | "spice"
  readonly password: string
  /** What becomes of clients that are there: VNC knows `keep` only. */
  readonly connected: "keep" | "disconnect" | "fail"
}

export const setPassword = (password: Password): Command<void> =>
  order("set_password", { ...password })

/** `time`: seconds since 1970, or `never`, or `now`. */
export const expirePassword = (protocol: "vnc" | "spice", time: string): Command<void> =>
  order("expire_password", { protocol, time })

export interface Screendump {
  /** Written by QEMU, with QEMU's rights. */
  readonly filename: string
  readonly format?: "png" | "ppm"
  readonly device?: string
  readonly head?: number
}

export const screendump = (shot: Screendump): Command<void> => order("screendump", { ...shot })

/** Text in, text out; an error is text too. For people only. */
export const humanMonitorCommand = (line: string): Command<Json> =>
  command("human-monitor-command", { "command-line": line })
