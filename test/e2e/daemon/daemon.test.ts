// Goal: the daemon comes up, is found where it says, takes its settings and its signals, and comes
// back after whatever ended it. Method: the real program, and Debian's virsh beside a raw client.
import { chmodSync, existsSync, mkdirSync, statSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { hostname } from "node:os"
import { join } from "node:path"
import { spawn } from "node:child_process"
import { expect, onTestFinished, test } from "vitest"
import { errorIn, call } from "../../unit/rpc/server/client.ts"
import { answers, dial, openedClient, scratch, startDaemon, uriOf, virsh } from "./stage.ts"

const modeOf = (path: string): number => statSync(path).mode & 0o777

test("it answers virsh on the sockets that it names, which have their modes", async () => {
  const { addresses } = await startDaemon(join(scratch(), "r"))
  const [readWrite = "", readOnly = ""] = addresses
  expect([modeOf(readWrite), modeOf(readOnly)]).toEqual([0o700, 0o777])
  const version = await virsh(uriOf(readWrite), "version")
  expect(version.error).toBe("")
  expect(version.out).toMatch(/Running hypervisor: QEMU \d+\.\d+\.\d+/)
  expect((await virsh(uriOf(readWrite), "hostname")).out).toBe(hostname())
  expect((await virsh(uriOf(readOnly), "-r", "uri")).out).toBe(uriOf(readOnly))
})

test("a client of the read-only socket cannot write, whatever it asked for", async () => {
  const { addresses } = await startDaemon(join(scratch(), "r"))
  const client = await openedClient(addresses[1] ?? "")
  const domain = { name: "web", uuid: new Uint8Array(16), id: 1 }
  client.socket.write(call("DOMAIN_DESTROY", 1, { dom: domain }))
  await client.until(2)
  expect(errorIn(client.packets[1]).message).toBe(
    "operation forbidden: read only access prevents virDomainDestroy"
  )
})

test("SIGTERM ends it in order: clients are told, sockets and lock are gone", async () => {
  const root = join(scratch(), "r")
  const daemon = await startDaemon(root)
  const client = await openedClient(daemon.addresses[0] ?? "")
  daemon.child.kill("SIGTERM")
  expect(await daemon.ended, daemon.said()).toBe(0)
  await client.untilEnd()
  expect(daemon.addresses.filter((path) => existsSync(path))).toEqual([])
  await startDaemon(root)
})

test("a second SIGTERM ends it at once, and takes its sockets away too", async () => {
  const root = join(scratch(), "r")
  const daemon = await startDaemon(root)
  const client = await openedClient(daemon.addresses[0] ?? "")
  // QEMU is asked what it can do: a call that is under way for a while.
  client.socket.write(call("CONNECT_GET_CAPABILITIES", 1))
  client.socket.write(call("CONNECT_GET_HOSTNAME", 2))
  await client.until(2)
  daemon.child.kill("SIGTERM")
  // Signals that have not been taken become one; calls of new clients are refused from then on.
  await expect
    .poll(async () => (await virsh(uriOf(daemon.addresses[0] ?? ""), "uri")).code)
    .not.toBe(0)
  daemon.child.kill("SIGTERM")
  expect(await daemon.ended, daemon.said()).toBe(143)
  expect(daemon.addresses.filter((path) => existsSync(path))).toEqual([])
  await startDaemon(root)
})

test("after kill -9 the next one takes over the sockets that were left", async () => {
  const root = join(scratch(), "r")
  const daemon = await startDaemon(root)
  daemon.child.kill("SIGKILL")
  await daemon.ended
  expect(existsSync(daemon.addresses[0] ?? "")).toBe(true)
  const next = await startDaemon(root)
  await answers(await openedClient(next.addresses[0] ?? ""))
})

test("sockets at which somebody answers are not taken away", async () => {
  const directory = scratch()
  const sockets = ["--socket-dir", join(directory, "s")]
  const daemon = await startDaemon(join(directory, "a"), { args: sockets })
  await expect(startDaemon(join(directory, "b"), { args: sockets })).rejects.toThrow("EADDRINUSE")
  await answers(await openedClient(daemon.addresses[0] ?? ""))
})

test("--json says the same for programs", async () => {
  const { said } = await startDaemon(join(scratch(), "r"), { args: ["--json"] })
  const [first = ""] = said().split("\n")
  expect(JSON.parse(first)).toMatchObject({ event: "ready" })
})

test("SIGHUP has it read its settings again; wrong ones are told and change nothing", async () => {
  const root = join(scratch(), "r")
  mkdirSync(join(root, "etc"), { recursive: true })
  const file = join(root, "etc/libvirtd.conf")
  writeFileSync(file, 'max_clients = 2\nunix_sock_rw_perms = "0770"\n')
  const daemon = await startDaemon(root)
  const path = daemon.addresses[0] ?? ""
  expect(modeOf(path)).toBe(0o770)
  await openedClient(path)
  await openedClient(path)
  await dial(path).untilEnd()
  writeFileSync(file, "max_clients = many\n")
  daemon.child.kill("SIGHUP")
  await daemon.until("reload")
  await dial(path).untilEnd()
  writeFileSync(file, "max_clients = 20\nlog_level = 1\n")
  daemon.child.kill("SIGHUP")
  await daemon.until("log_level: has no effect here")
  await answers(await openedClient(path))
})

test("it takes the sockets that systemd has made, and leaves their paths alone", async () => {
  const directory = scratch()
  chmodSync(directory, 0o700)
  const paths = ["libvirt-sock", "libvirt-sock-ro"].map((name) => join(directory, name))
  const listening = await Promise.all(
    paths.map(
      (path) =>
        new Promise<unknown>((resolve) => {
          const server = createServer()
          onTestFinished(() => void server.close())
          server.listen(path, () => resolve(Reflect.get(server, "_handle")))
        })
    )
  )
  const daemon = await startDaemon(join(directory, "r"), {
    isActivated: true,
    env: { LISTEN_FDS: "2", LISTEN_FDNAMES: "troupe:troupe-ro" },
    stdio: ["ignore", "pipe", "pipe", ...(listening as "pipe"[])]
  })
  expect(daemon.addresses).toEqual(paths)
  daemon.child.kill("SIGTERM")
  expect(await daemon.ended, daemon.said()).toBe(0)
  expect(paths.every((path) => existsSync(path))).toBe(true)
})

/** Node has no datagrams on UNIX sockets; Python has. */
const receiver = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("listening", flush=True)
while True:
    print(s.recv(4096).decode().replace("\\n", " "), flush=True)
`

test("systemd is told when it is ready, reloads, and stops", async () => {
  const directory = scratch()
  const path = join(directory, "notify")
  const python = spawn("python3", ["-c", receiver, path], { stdio: ["ignore", "pipe", "inherit"] })
  onTestFinished(() => void python.kill())
  let heard = ""
  python.stdout.on("data", (chunk) => (heard += String(chunk)))
  await expect.poll(() => heard, { timeout: 20_000 }).toContain("listening")
  const daemon = await startDaemon(join(directory, "r"), { env: { NOTIFY_SOCKET: path } })
  await expect.poll(() => heard, { timeout: 20_000 }).toContain("READY=1")
  daemon.child.kill("SIGHUP")
  await expect
    .poll(() => heard, { timeout: 20_000 })
    .toMatch(/RELOADING=1 MONOTONIC_USEC=\d+[^]*READY=1/)
  daemon.child.kill("SIGTERM")
  expect(await daemon.ended, daemon.said()).toBe(0)
  expect(heard).toContain("STOPPING=1")
})
