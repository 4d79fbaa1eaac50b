// Goal: what one client does to its own connection is no matter of the others. Method: a real
// daemon, real sockets, and clients that stop reading, dawdle, vanish, or only sit there.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { call, joined, openPacket } from "../../unit/rpc/server/client.ts"
import { answers, dial, openedClient, scratch, startDaemon } from "./stage.ts"

const start = async () => {
  const daemon = await startDaemon(join(scratch(), "r"))
  return { daemon, path: daemon.addresses[0] ?? "" }
}

const calls = (count: number): Uint8Array =>
  joined(Array.from({ length: count }, (_, serial) => call("CONNECT_GET_HOSTNAME", serial)))

const residentKib = (pid: number | undefined): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1])

test("a client that calls and does not read is not read from, and costs little", async () => {
  const { daemon, path } = await start()
  const deaf = await openedClient(path)
  const before = residentKib(daemon.child.pid)
  deaf.socket.pause()
  const batch = calls(10_000)
  for (let at = 0; at < 100; at++) deaf.socket.write(batch)
  const other = await openedClient(path)
  for (let at = 0; at < 50; at++) await answers(other)
  // A million calls are 28 MB, their answers more; what is not read stays with the client.
  expect(deaf.socket.writableLength).toBeGreaterThan(10_000_000)
  expect(residentKib(daemon.child.pid) - before).toBeLessThan(200_000)
  deaf.socket.resume()
  await deaf.until(100_000)
})

test("a client that says its packet byte by byte is heard in the end", async () => {
  const { path } = await start()
  const slow = await openedClient(path)
  const other = await openedClient(path)
  for (const byte of call("CONNECT_GET_HOSTNAME", 5)) {
    slow.socket.write(Uint8Array.of(byte))
    await answers(other)
  }
  await slow.until(2)
  expect(slow.packets[1]?.serial).toBe(5)
})

test("a client that vanishes in the middle of a packet, or of a call, leaves nothing", async () => {
  const { daemon, path } = await start()
  for (let at = 0; at < 50; at++) {
    const client = await openedClient(path)
    client.socket.write(call("CONNECT_GET_VERSION", 1))
    client.socket.write(calls(3).subarray(0, 40))
    client.socket.destroy()
  }
  await answers(await openedClient(path))
  expect(daemon.child.exitCode).toBeNull()
  expect(daemon.said()).not.toContain("mistake")
})

test("a client that says nonsense is cut off, and the others are not", async () => {
  const { path } = await start()
  const other = await openedClient(path)
  for (const nonsense of ["GET / HTTP/1.0\r\n\r\n", "\0\0\0\0", "\x7f\xff\xff\xff"]) {
    const client = dial(path)
    client.socket.write(Buffer.from(nonsense, "latin1"))
    await client.untilEnd()
    await answers(other)
  }
})

test("a thousand clients that only sit there cost memory, and nobody's time", async () => {
  const { daemon, path } = await start()
  const before = residentKib(daemon.child.pid)
  const clients = Array.from({ length: 1_000 }, () => dial(path))
  for (const { socket } of clients) socket.write(openPacket(0))
  await Promise.all(clients.map((client) => client.until(1)))
  expect(residentKib(daemon.child.pid) - before).toBeLessThan(100_000)
  const [first, last] = [clients[0], clients.at(-1)]
  for (const client of [first, last]) if (client !== undefined) await answers(client)
  for (const { socket } of clients) socket.destroy()
  await answers(await openedClient(path))
})
