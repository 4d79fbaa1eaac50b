/** Character back-ends: the host's end of serial ports, consoles, channels and others. */
import { assert } from "../../base/assert.ts"
import type { ChardevSource, ChardevTcp, ChardevUnix } from "../../model/device/character.ts"
import type { Reconnect } from "../../model/device/info.ts"
import { type Arg, keyValues, type KeyValue, object } from "./arg.ts"
import type { ArgvContext, Opened } from "./context.ts"

export interface ChardevWish {
  /** The device's alias; the back-end is `char` + alias. */
  readonly alias: string
  /** Where our sockets of channels are, for a source without a path. */
  readonly defaultPath?: string
  /** Whether QEMU makes the socket itself and waits until somebody has connected. */
  readonly isAwaited?: boolean
}

export const chardevId = ({ alias }: Pick<ChardevWish, "alias">): string => `char${alias}`

const reconnectSeconds = (reconnect: Reconnect | undefined): number | undefined => {
  if (reconnect === undefined) return undefined
  return reconnect.enabled ? reconnect.timeoutSeconds : 0
}

const opened = (at: Opened | undefined): readonly KeyValue[] => {
  if (at === undefined) return []
  return "fd" in at ? [["fd", at.fd]] : [["path", at.path]]
}

/** A descriptor that we opened is a set of one, numbered like itself. */
const openedPath = (at: Opened): string => ("fd" in at ? `/dev/fdset/${at.fd}` : at.path)

const fdset = (at: Opened | undefined): readonly Arg[] =>
  at !== undefined && "fd" in at
    ? [
        [
          "-add-fd",
          keyValues(undefined, [
            ["set", at.fd],
            ["fd", at.fd]
          ])
        ]
      ]
    : []

const listens = ({ mode, path }: ChardevUnix): boolean =>
  mode === "bind" || (mode === undefined && path === undefined)

const unix = (
  source: ChardevUnix,
  wish: ChardevWish,
  { resources }: ArgvContext
): readonly KeyValue[] => {
  const path = source.path ?? wish.defaultPath ?? ""
  if (!listens(source)) {
    return [
      ["path", path],
      ["reconnect", reconnectSeconds(source.reconnect)]
    ]
  }
  const isOurs = wish.isAwaited !== true
  const listener = isOurs ? resources.listeners?.[wish.alias] : undefined
  return [...opened(listener ?? { path }), ["server", true], ["wait", isOurs ? false : undefined]]
}

const tcp = (source: ChardevTcp, tls: string | undefined): readonly KeyValue[] => {
  const isServer = source.mode === "bind"
  const isTelnet = source.protocol === "telnet" || source.protocol === "telnets"
  return [
    ["host", source.host],
    ["port", source.service],
    ["telnet", isTelnet ? true : undefined],
    ["server", isServer ? true : undefined],
    ["wait", isServer ? false : undefined],
    ["reconnect", isServer ? undefined : reconnectSeconds(source.reconnect)],
    ["tls-creds", tls]
  ]
}

const isTls = (source: ChardevSource, { config }: ArgvContext): boolean =>
  source.type === "tcp" && (source.tls ?? config.chardevTls)

/** The kind of back-end in QEMU's words, and its settings. */
const backend = (
  source: ChardevSource,
  wish: ChardevWish,
  context: ArgvContext
): readonly [string, readonly KeyValue[]] => {
  switch (source.type) {
    case "null":
    case "vc":
    case "stdio":
    case "pty":
      return [source.type, []]
    case "pipe":
      return ["pipe", [["path", source.path]]]
    case "dev":
      return [wish.alias.startsWith("parallel") ? "parallel" : "serial", [["path", source.path]]]
    case "file": {
      const at = context.resources.outputs?.[wish.alias] ?? { path: source.path }
      // What we opened is appended to, so that QEMU cannot truncate it a second time.
      const append = "fd" in at ? true : source.append
      return [
        "file",
        [
          ["path", openedPath(at)],
          ["append", append]
        ]
      ]
    }
    case "unix":
      return ["socket", unix(source, wish, context)]
    case "tcp":
      return ["socket", tcp(source, isTls(source, context) ? tlsId(wish) : undefined)]
    case "udp":
      return [
        "udp",
        [
          ["host", source.connect?.host ?? ""],
          ["port", source.connect?.service ?? ""],
          ["localaddr", source.bind?.host ?? ""],
          ["localport", source.bind?.service ?? "0"]
        ]
      ]
    case "spicevmc":
      return ["spicevmc", [["name", wish.alias.startsWith("redir") ? "usbredir" : "vdagent"]]]
    case "spiceport":
    case "dbus":
      return [source.type, [["name", source.channel]]]
    case "qemu-vdagent":
      return [
        "qemu-vdagent",
        [
          ["name", "vdagent"],
          ["clipboard", source.clipboardCopypaste],
          ["mouse", source.mouseMode === undefined ? undefined : source.mouseMode === "client"]
        ]
      ]
    case "nmdm":
      assert(false, "a back-end that QEMU lacks is refused before arguments are built")
  }
}

const tlsId = (wish: ChardevWish): string => `obj${chardevId(wish)}_tls0`

/** The back-end of a device, with the credentials that it needs. */
export const chardevArgs = (
  source: ChardevSource,
  wish: ChardevWish,
  context: ArgvContext
): readonly Arg[] => {
  const [kind, settings] = backend(source, wish, context)
  const log = source.log === undefined ? undefined : context.resources.logs?.[wish.alias]
  const logPath = log === undefined ? source.log?.file : openedPath(log)
  // As for a file: without it QEMU goes on where it was, not at the end, after the log was cut.
  const isAppended = log !== undefined && "fd" in log ? true : (source.log?.append ?? true)
  const args: Arg = [
    "-chardev",
    keyValues(kind, [
      ["id", chardevId(wish)],
      ...settings,
      ["logfile", logPath],
      ["logappend", logPath === undefined ? undefined : isAppended]
    ])
  ]
  const output = source.type === "file" ? context.resources.outputs?.[wish.alias] : undefined
  const sets = [...fdset(output), ...fdset(log)]
  const credentials = isTls(source, context) ? [tlsCredentials(source, wish, context)] : []
  return [...sets, ...credentials, args]
}

const tlsCredentials = (source: ChardevSource, wish: ChardevWish, { config }: ArgvContext): Arg =>
  object({
    "qom-type": "tls-creds-x509",
    id: tlsId(wish),
    dir: config.chardevTlsX509CertDir,
    endpoint: source.type === "tcp" && source.mode === "bind" ? "server" : "client",
    "verify-peer": true
  })
