// Goal: a client that stops in the middle of a stream or of its events, or vanishes there, costs a
// bounded amount and nobody else anything. Method: a real daemon, a volume that is larger than what
// any buffer holds, and definitions that are made again and again.
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  truncateSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { call, joined, status, streamPacket } from "../../unit/rpc/server/client.ts"
import { answers, openedClient, scratch, startDaemon, uriOf, virsh } from "./stage.ts"

const volumeBytes = 256 * 1024 * 1024

const residentKib = (pid: number | undefined): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1])

/** How often the daemon has the volume open. */
const openVolumes = (pid: number | undefined): number =>
  readdirSync(`/proc/${pid}/fd`).filter((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`).endsWith("/large")
    } catch {
      return false // Closed since.
    }
  }).length

/** A daemon with a pool, and in it a volume of zeros. */
const stage = async () => {
  const directory = scratch()
  const pool = join(directory, "pool")
  mkdirSync(pool)
  const path = join(pool, "large")
  writeFileSync(path, "")
  truncateSync(path, volumeBytes)
  const daemon = await startDaemon(join(directory, "r"))
  const [socket = ""] = daemon.addresses
  const made = await virsh(uriOf(socket), "pool-create-as", "p", "dir", "--target", pool)
  expect(made.error).toBe("")
  const vol = { pool: "p", name: "large", key: path }
  return { daemon, socket, vol, directory }
}

const download = (vol: unknown, serial: number): Uint8Array =>
  call("STORAGE_VOL_DOWNLOAD", serial, { vol, offset: 0n, length: 0n, flags: 0 })

test("a client that opens streams and does not read them has the daemon read little", async () => {
  const { daemon, socket, vol } = await stage()
  const deaf = await openedClient(socket)
  const before = residentKib(daemon.child.pid)
  deaf.socket.pause()
  for (let serial = 1; serial <= 20; serial++) deaf.socket.write(download(vol, serial))
  const other = await openedClient(socket)
  for (let at = 0; at < 50; at++) await answers(other)
  // 20 times 256 MiB would be read for a client that takes them.
  expect(openVolumes(daemon.child.pid)).toBeGreaterThan(0)
  expect(residentKib(daemon.child.pid) - before).toBeLessThan(200_000)
  deaf.socket.resume()
  await deaf.until(200)
})

test("clients that vanish in the middle of a stream, either way, leave nothing open", async () => {
  const { daemon, socket, vol } = await stage()
  for (let at = 0; at < 20; at++) {
    const client = await openedClient(socket)
    client.socket.write(download(vol, 1))
    await client.until(3)
    client.socket.destroy()
  }
  const serial = 1
  const upload = call("STORAGE_VOL_UPLOAD", serial, { vol, offset: 0n, length: 0n, flags: 0 })
  const data = { status: status.continue, bytes: new Uint8Array(100_000).fill(1) }
  for (let at = 0; at < 10; at++) {
    const client = await openedClient(socket)
    client.socket.write(joined([upload, streamPacket("STORAGE_VOL_UPLOAD", serial, data)]))
    await client.until(2)
    // Half of a packet, and gone.
    client.socket.write(streamPacket("STORAGE_VOL_UPLOAD", serial, data).subarray(0, 50_000))
    client.socket.destroy()
  }
  await expect.poll(() => openVolumes(daemon.child.pid), { timeout: 20_000 }).toBe(0)
  await answers(await openedClient(socket))
  expect(daemon.said()).not.toContain("mistake")
})

const guestXml = (number: number): string =>
  [
    `<domain type='qemu'><name>g${number}</name><memory unit='MiB'>16</memory><vcpu>1</vcpu>`,
    "<os><type arch='x86_64' machine='q35'>hvm</type></os></domain>"
  ].join("")

const callbacks = 4_000
const listen = (serial: number): Uint8Array =>
  call("CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY", serial, { eventID: 0, dom: null })
const define = (number: number, serial: number): Uint8Array =>
  call("DOMAIN_DEFINE_XML_FLAGS", serial, { xml: guestXml(number), flags: 0 })

test("a client that does not take its events is dropped, and others hear theirs", async () => {
  const { daemon, socket } = await stage()
  const [deaf, fleeting, other] = [
    await openedClient(socket),
    await openedClient(socket),
    await openedClient(socket)
  ]
  const all = Array.from({ length: callbacks }, (_, serial) => listen(serial + 1))
  for (const client of [deaf, fleeting]) {
    client.socket.write(joined(all))
    await client.until(1 + callbacks)
  }
  other.socket.write(listen(1))
  await other.until(2)
  deaf.socket.pause()
  const guests = 40
  for (let number = 1; number <= guests; number++) {
    other.socket.write(define(number, 1 + number))
    // Its answer and its event.
    await other.until(2 + 2 * number)
    // In the middle of what it is being told.
    if (number === 1) fleeting.socket.destroy()
  }
  await daemon.until("it does not read its events")
  await answers(other)
  expect(daemon.said()).not.toContain("mistake")
})
