/** libvirt's connection URIs, as far as they lead to a daemon of QEMU guests. Pure. */
import * as Result from "effect/Result"
import { BadUri } from "./error.ts"

/** Whose guests: the host's, or those of the user. */
export type Realm = "system" | "session"

export interface Target {
  /** As it was written. */
  readonly uri: string
  /** What the daemon is told: without the way to it. */
  readonly name: string
  readonly realm: Realm
  readonly way: Way
}

export type Way =
  /** A socket's path; without one, the usual places of the realm. */
  | { readonly type: "unix"; readonly path: string | undefined }
  | {
      readonly type: "tls"
      readonly host: string
      readonly port: number
      /** The directory of certificates; without one, the usual places. */
      readonly pki: string | undefined
      /** Whether the daemon's certificate has to be a good one. */
      readonly isVerified: boolean
    }

/** libvirt's port for TLS. */
export const tlsPort = 16_514

const usual = "'qemu:///system' is the daemon of this host, 'qemu:///session' that of the user"

const viaSsh =
  "forward its socket: ssh -L /tmp/there.sock:/run/libvirt/libvirt-sock HOST, and connect to " +
  "'qemu+unix:///system?socket=/tmp/there.sock'"

const overTls = "'qemu+tls://HOST/system' is the way over a network"

/** Ways that libvirt has and that are not gone here, and what to do instead. */
const otherWays: { readonly [way: string]: string } = {
  ssh: viaSsh,
  libssh: viaSsh,
  libssh2: viaSsh,
  tcp: overTls,
  ext: overTls
}

const form = /^([a-zA-Z][a-zA-Z0-9]*)(?:\+([a-zA-Z0-9]+))?:\/\/([^/?#]*)(\/[^?#]*)?(?:\?([^#]*))?$/

/** Parameters of each way; `mode` tells which of libvirt's daemons, of which we are all. */
const parameters: { readonly [way in Way["type"]]: readonly string[] } = {
  unix: ["socket", "mode"],
  tls: ["pkipath", "no_verify", "mode"]
}

interface Written {
  readonly uri: string
  readonly host: string
  readonly given: URLSearchParams
}

const unixWay = ({ uri, host, given }: Written): Result.Result<Way, BadUri> => {
  const path = given.get("socket") ?? undefined
  if (host !== "")
    return Result.fail(new BadUri({ uri, why: "a UNIX socket is on no other host", next: overTls }))
  return path === undefined || path.startsWith("/")
    ? Result.succeed({ type: "unix", path })
    : Result.fail(
        new BadUri({ uri, why: "'socket' is not a whole path", next: "begin it with '/'" })
      )
}

const tlsWay = ({ uri, host, given }: Written): Result.Result<Way, BadUri> => {
  const parts = /^(\[[0-9A-Fa-f:.]+\]|[^:@]+)(?::([0-9]{1,5}))?$/.exec(host)
  const port = parts?.[2] === undefined ? tlsPort : Number(parts[2])
  if (parts === null || port < 1 || port > 65_535)
    return Result.fail(
      new BadUri({ uri, why: `'${host}' is no host`, next: "write HOST or HOST:PORT" })
    )
  return Result.succeed({
    type: "tls",
    host: (parts[1] ?? "").replaceAll(/[[\]]/g, ""),
    port,
    pki: given.get("pkipath") ?? undefined,
    isVerified: (given.get("no_verify") ?? "0") === "0"
  })
}

/** Where a URI leads; of what is not ours, why and what to write instead. */
export const parseUri = (uri: string): Result.Result<Target, BadUri> => {
  const refuse = (why: string, next: string = usual) => Result.fail(new BadUri({ uri, why, next }))
  const parts = form.exec(uri)
  if (parts === null) return refuse("that is no connection URI")
  const [, driver = "", named, host = "", path = "", query = ""] = parts
  if (driver !== "qemu") return refuse(`guests of '${driver}' are not served here`)
  const way = named ?? (host === "" ? "unix" : "tls")
  if (way !== "unix" && way !== "tls")
    return refuse(`the transport '${way}' is not spoken here`, otherWays[way] ?? usual)
  const realm = path.slice(1)
  if (realm !== "system" && realm !== "session")
    return refuse(`its path is '${path}', not '/system' or '/session'`)
  const given = new URLSearchParams(query)
  const unknown = [...given.keys()].find((key) => !parameters[way].includes(key))
  if (unknown !== undefined)
    return refuse(`'${unknown}' is not known`, `known here: ${parameters[way].join(", ")}`)
  const written = { uri, host, given }
  return Result.map(way === "unix" ? unixWay(written) : tlsWay(written), (led) => ({
    uri,
    name: `qemu:///${realm}`,
    realm,
    way: led
  }))
}
