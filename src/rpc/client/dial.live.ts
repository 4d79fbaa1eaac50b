/**
 * TLS of this host, behind `Dialer`: certificates from files, and the one byte by which a daemon
 * says that it has taken ours. Knows nothing of what is said afterwards.
 */
import * as fs from "node:fs"
import { isIP } from "node:net"
import { homedir } from "node:os"
import { join } from "node:path"
import { connect as connectTls, type TLSSocket } from "node:tls"
import * as Effect from "effect/Effect"
import type { Connection, ConnectionListener } from "../../host/socket.ts"
import { DialError, type DialOptions } from "./dial.ts"

interface Paths {
  readonly ca: string
  readonly certificate: string
  readonly key: string
}

/** libvirt's places: of `pkipath=`, of the user, and of the host. */
const inOne = (directory: string): Paths => ({
  ca: join(directory, "cacert.pem"),
  certificate: join(directory, "clientcert.pem"),
  key: join(directory, "clientkey.pem")
})

const ofHost: Paths = {
  ca: "/etc/pki/CA/cacert.pem",
  certificate: "/etc/pki/libvirt/clientcert.pem",
  key: "/etc/pki/libvirt/private/clientkey.pem"
}

const pathsFor = (pki: string | undefined): Paths => {
  if (pki !== undefined) return inOne(pki)
  const own = inOne(join(homedir(), ".pki/libvirt"))
  return Object.values(own).every((path) => fs.existsSync(path)) ? own : ofHost
}

const codeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  return "path" in error ? error.message : "code" in error ? String(error.code) : error.message
}

/** What a daemon says once it has taken our certificate (virnetclient.c). */
const taken = 1

const connectionOf = (socket: TLSSocket, forget: () => void): Connection => ({
  write: (bytes) => {
    if (socket.writable) socket.write(bytes)
  },
  pendingBytes: () => socket.writableLength,
  pause: () => void socket.pause(),
  resume: () => void socket.resume(),
  close: () => {
    forget()
    socket.destroy()
  }
})

const open = ({ host, port, pki, isVerified }: DialOptions): TLSSocket => {
  const { ca, certificate, key } = pathsFor(pki)
  return connectTls({
    host,
    port,
    // A name for SNI must not be an address (RFC 6066, 3).
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ca: fs.readFileSync(ca),
    cert: fs.readFileSync(certificate),
    key: fs.readFileSync(key),
    rejectUnauthorized: isVerified
  })
}

/** See `Dialer`. */
export const dial = (options: DialOptions, listener: ConnectionListener) =>
  Effect.callback<Connection, DialError>((resume) => {
    let socket: TLSSocket
    try {
      socket = open(options)
    } catch (error) {
      return resume(Effect.fail(new DialError({ code: codeOf(error) })))
    }
    let stage: "connecting" | "open" | "closed" = "connecting"
    let code: string | undefined
    const refuse = (why: string) => {
      stage = "closed"
      socket.destroy()
      resume(Effect.fail(new DialError({ code: why })))
    }
    socket.on("error", (error) => {
      code = codeOf(error)
      if (stage === "connecting") refuse(code)
    })
    socket.on("close", () => {
      if (stage === "open") listener.onEnd(code)
      else if (stage === "connecting") refuse(code ?? "it does not take our certificate")
      stage = "closed"
    })
    socket.on("drain", () => listener.onDrain?.())
    socket.once("data", (first: Uint8Array) => {
      if (first[0] !== taken) return refuse("it does not take our certificate")
      stage = "open"
      resume(Effect.succeed(connectionOf(socket, () => void (stage = "closed"))))
      socket.on("data", (bytes: Uint8Array) => {
        if (stage === "open") listener.onData(bytes)
      })
      if (first.byteLength > 1) socket.unshift(first.subarray(1))
    })
    return Effect.sync(() => void socket.destroy())
  })
