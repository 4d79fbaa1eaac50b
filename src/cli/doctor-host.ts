/**
 * What `doctor` looks at beside QEMU and the root: devices, ports, sockets, and the daemon that
 * works on the root. Looks and tries; changes nothing.
 */
import * as Effect from "effect/Effect"
import { Files } from "../host/files.ts"
import { tlsPort } from "../rpc/client/uri.ts"
import { type Finding, ok } from "./finding.ts"
import { Home } from "./home.ts"
import { reach } from "./remote/reach.ts"

const text = (path: string, bytesMax: number) =>
  Effect.flatMap(Files, (files) =>
    files.read(path, bytesMax).pipe(
      Effect.map((bytes) => new TextDecoder().decode(bytes)),
      Effect.orElseSucceed(() => "")
    )
  )

/** Opened as QEMU opens it: what a mode says is not what a container or a group allows. */
export const kvmDevice: Effect.Effect<Finding, never, Files> = Effect.gen(function* () {
  const files = yield* Files
  const file = yield* files.open("/dev/kvm", "update")
  yield* files.close(file)
  return ok("/dev/kvm", "can be opened")
}).pipe(
  Effect.catch(({ code }) =>
    Effect.succeed<Finding>({
      what: "/dev/kvm",
      verdict: "warning",
      detail: code === "ENOENT" ? "is not there" : `cannot be opened: ${code}`,
      next:
        code === "ENOENT"
          ? "switch on virtualisation in the firmware, then: modprobe kvm_intel, or kvm_amd"
          : "be in its group: adduser USER kvm, and log in anew"
    })
  )
)

/** Devices are handed to guests only where the kernel keeps them apart. */
export const iommu: Effect.Effect<Finding, never, Files> = Effect.gen(function* () {
  const files = yield* Files
  const groups = yield* Effect.orElseSucceed(files.list("/sys/kernel/iommu_groups"), () => [])
  return groups.length > 0
    ? ok("IOMMU", `${groups.length} groups of devices`)
    : {
        what: "IOMMU",
        verdict: "warning",
        detail: "the kernel has no groups of devices",
        next: "to hand PCI devices to guests: boot with intel_iommu=on, or amd_iommu=on"
      }
})

/** Of /proc/net/tcp and tcp6: the state of a socket that listens. */
const listening = "0A"
const tableBytesMax = 16 * 1024 * 1024

/** The ports that somebody listens on, from the kernel's own tables. */
export const listeningPorts = (table: string): readonly number[] =>
  table.split("\n").flatMap((line) => {
    const [, local = "", , state] = line.trim().split(/\s+/)
    const port = Number.parseInt(local.split(":")[1] ?? "", 16)
    return state === listening && Number.isInteger(port) ? [port] : []
  })

/** The first screens of guests, as libvirt's defaults number them. */
const screenPorts = { first: 5_900, last: 5_999 } as const

export const ports: Effect.Effect<readonly Finding[], never, Files> = Effect.gen(function* () {
  const tables = [
    yield* text("/proc/net/tcp", tableBytesMax),
    yield* text("/proc/net/tcp6", tableBytesMax)
  ]
  const used = new Set(tables.flatMap(listeningPorts))
  const screens = [...used].filter((port) => port >= screenPorts.first && port <= screenPorts.last)
  const range = `${screenPorts.first} to ${screenPorts.last}`
  return [
    screens.length === 0
      ? ok("ports of screens", `all of ${range} are free`)
      : ok("ports of screens", `of ${range} in use: ${screens.toSorted().join(", ")}`),
    used.has(tlsPort)
      ? {
          what: "port of the daemon",
          verdict: "warning",
          detail: `somebody listens on ${tlsPort}`,
          next: `see who with 'ss -ltnp sport = :${tlsPort}'; --listen takes another port too`
        }
      : ok("port of the daemon", `${tlsPort} is free`)
  ]
})

const versionText = (packed: bigint): string => {
  const number = Number(packed)
  return [Math.floor(number / 1e6), Math.floor(number / 1e3) % 1e3, number % 1e3].join(".")
}

/** What only koffi can ask the kernel; everything else works without it. */
export const peersFinding = Effect.map(Home, ({ knowsPeers }) =>
  knowsPeers()
    ? ok("peers", "koffi is there: a daemon knows the user and the process of each local client")
    : {
        what: "peers",
        verdict: "warning" as const,
        detail: "without koffi a daemon does not know which user a local client is",
        next: "only for troupe_unix_allowed_uids: npm install koffi, beside Troupe"
      }
)

const permissions = (mode: number): string => (mode & 0o777).toString(8).padStart(4, "0")

/** Whether a daemon works on the root, who may ask it, and what it is. */
export const daemonFinding = (root: string) =>
  Effect.gen(function* () {
    const files = yield* Files
    const path = (yield* Home).socketOf(root)
    const socket = yield* Effect.option(files.stat(path))
    if (socket._tag === "None") return ok("daemon", `none works on ${root}`)
    const { mode, uid } = socket.value
    const remote = yield* reach({ root })
    if (remote === undefined) {
      const left: Finding = {
        what: "daemon",
        verdict: "warning",
        detail: `nobody listens on ${path}: a daemon was killed`,
        next: `start it again: troupe daemon --root ${root}`
      }
      return left
    }
    const { lib_ver } = yield* remote.call("remote", "CONNECT_GET_LIB_VERSION", undefined)
    const who = `${path}, mode ${permissions(mode)} of uid ${uid}`
    return ok("daemon", `answers on ${who}, in the protocol of libvirt ${versionText(lib_ver)}`)
  }).pipe(
    Effect.scoped,
    Effect.catch(({ message }) =>
      Effect.succeed<Finding>({
        what: "daemon",
        verdict: "warning",
        detail: message,
        next: "unix_sock_group and unix_sock_rw_perms in ROOT/etc/libvirtd.conf say who may ask"
      })
    )
  )
