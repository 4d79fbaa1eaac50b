/**
 * Who is at the other end of a UNIX socket: SO_PEERCRED, which Node has no call for. Koffi, which
 * need not be installed, makes it; without it nobody is known, and nothing else changes.
 */
import { createRequire } from "node:module"

/** The process that connected, as it was then. */
export interface PeerCredentials {
  readonly pid: number
  readonly uid: number
  readonly gid: number
}

export type LookAtPeer = (fd: number) => PeerCredentials | undefined

/** What is used of koffi: one C function by its prototype. */
interface Foreign {
  readonly load: (library: null) => {
    readonly func: (prototype: string) => (...args: readonly unknown[]) => unknown
  }
}

/** asm-generic/socket.h; the same on every architecture that QEMU and Node both run on. */
const solSocket = 1
const soPeercred = 17

/** `struct ucred` of sys/socket.h: pid_t, uid_t, gid_t. */
const ucredBytes = 12

const prototype =
  "int getsockopt(int fd, int level, int name, _Out_ uint8_t *value, _Inout_ uint32_t *length)"

const lookWith = (koffi: Foreign): LookAtPeer => {
  const getsockopt = koffi.load(null).func(prototype)
  return (fd) => {
    const credentials = Buffer.alloc(ucredBytes)
    const length = [ucredBytes]
    const isMade = getsockopt(fd, solSocket, soPeercred, credentials, length) === 0
    const [pid, uid, gid] = [0, 4, 8].map((at) => credentials.readUInt32LE(at))
    if (!isMade || length[0] !== ucredBytes) return undefined
    return pid === undefined || uid === undefined || gid === undefined
      ? undefined
      : { pid, uid, gid }
  }
}

let found: { readonly look: LookAtPeer | undefined } | undefined

/**
 * Looks for koffi when first asked: beside this program, or where NODE_PATH says. `undefined` where
 * it is not installed or was made for another host.
 */
export const lookAtPeer = (): LookAtPeer | undefined => {
  if (found === undefined) {
    try {
      found = { look: lookWith(createRequire(import.meta.url)("koffi") as Foreign) }
    } catch {
      found = { look: undefined }
    }
  }
  return found.look
}
