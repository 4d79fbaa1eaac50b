/**
 * Goal: displays listen where nobody else does, on sockets where that is asked for, and with
 * passwords that only QEMU and the definition know; terminals of consoles stand in the live XML.
 * Method: real QEMU under TCG; ports are taken by servers of the test, a VNC client's handshake
 * (RFC 6143) tells whether a password is asked for, everything readable is searched for it.
 */
import * as fs from "node:fs"
import { connect, createServer, type Server } from "node:net"
import { join } from "node:path"
import { expect, test } from "vitest"
import type { DomainRef } from "../../../actors/domain/domain.ts"
import { view } from "../../../actors/domain/domain.ts"
import { devicesOf } from "../../../src/model/device.ts"
import { onBench, outcome, until } from "../engine/harness.ts"
import {
  configure,
  logOf,
  ownGuest,
  statusesOf,
  withConfig,
  withDevices,
  wordsOf
} from "./stage.ts"

const listen = (port: number, host = "127.0.0.1"): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once("error", reject)
    server.listen({ port, host }, () => resolve(server))
  })

const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => void server.close(() => resolve()))

/** A range of five ports of which none is taken: somewhere above the ephemeral ones' beginning. */
const quietRange = async (): Promise<number> => {
  for (let first = 6900; first < 9000; first += 20) {
    const servers = await Promise.allSettled([0, 1, 2, 3, 4].map((step) => listen(first + step)))
    for (const server of servers) if (server.status === "fulfilled") await closed(server.value)
    if (servers.every(({ status }) => status === "fulfilled")) return first
  }
  throw new Error("no five ports in a row are free")
}

const displaysOf = (ref: DomainRef) => {
  const { live } = view(ref).context
  return live === undefined ? [] : devicesOf(live, "graphics")
}

/** The security types that a VNC server offers: 1 is none, 2 is a password. */
const securityOf = (at: { readonly port: number } | { readonly path: string }) =>
  new Promise<readonly number[]>((resolve, reject) => {
    const socket = connect(at)
    let heard = Buffer.alloc(0)
    socket.on("error", reject)
    socket.on("data", (bytes) => {
      heard = Buffer.concat([heard, bytes])
      if (heard.length === 12) socket.write("RFB 003.008\n")
      if (heard.length < 14) return
      socket.destroy()
      resolve([...heard.subarray(13, 13 + (heard[12] ?? 0))])
    })
  })

test("a port that another process listens on is passed over, a websocket's too", async () => {
  const first = await quietRange()
  const servers = await Promise.all([listen(first), listen(first + 1, "0.0.0.0")])
  try {
    await withConfig(
      [
        `remote_display_port_min = ${first}`,
        `remote_display_port_max = ${first + 2}`,
        `remote_websocket_port_min = ${first}`,
        `remote_websocket_port_max = ${first + 4}`
      ],
      async (engine, bench) => {
        const vnc = withDevices("<graphics type='vnc' autoport='yes' websocket='-1'/>")
        const ref = await engine.define(ownGuest(bench, "web", vnc).definition)
        await engine.start(ref)
        expect(displaysOf(ref)).toMatchObject([{ port: first + 2, websocket: first + 3 }])
        expect(await securityOf({ port: first + 2 })).toEqual([1])
        const other = await engine.define(ownGuest(bench, "db", vnc).definition)
        expect(String(await outcome(engine.start(other)))).toContain(
          `no port from ${first} to ${first + 2} is free`
        )
        await engine.destroy(ref)
        await engine.start(other)
        expect(displaysOf(other)).toMatchObject([{ port: first + 2 }])
        await engine.destroy(other)
      }
    )
  } finally {
    for (const server of servers) await closed(server)
  }
})

test("a password is asked for and stands nowhere but in the definition", () =>
  withConfig([], async (engine, bench) => {
    const vnc = withDevices(
      "<graphics type='vnc' passwd='s3cr3t-x'><listen type='socket'/></graphics>"
    )
    const ref = await engine.define(ownGuest(bench, "web", vnc).definition)
    await engine.start(ref)
    const [display] = displaysOf(ref)
    const [at] = display !== undefined && "listens" in display ? display.listens : []
    if (at?.type !== "socket" || at.socket === undefined) throw new Error("it has no socket")
    expect(await securityOf({ path: at.socket })).toEqual([2])
    expect(wordsOf(ref).join(" ")).toContain("password=on")
    expect(wordsOf(ref).join(" ")).not.toContain("s3cr3t")
    expect(fs.readFileSync(logOf(bench, "web"), "utf8")).not.toContain("s3cr3t")
    expect(JSON.stringify(engine.records)).not.toContain("s3cr3t")
    for (const { path } of statusesOf(bench)) expect(fs.statSync(path).mode & 0o077).toBe(0)
    await engine.destroy(ref)
    expect(fs.existsSync(at.socket)).toBe(false)
  }))

test("a password that VNC would cut is refused", () =>
  withConfig([], async (engine, bench) => {
    const vnc = withDevices("<graphics type='vnc' passwd='ninebytes'/>")
    const ref = await engine.define(ownGuest(bench, "web", vnc).definition)
    expect(String(await outcome(engine.start(ref)))).toContain(
      "the VNC display cannot be had: its password has 9 bytes, and VNC knows only 8"
    )
  }))

test("sockets and no place at all are listened on as asked, and removed", () =>
  onBench(async (bench) => {
    configure(bench, [])
    const engine = await bench.open()
    const path = join(bench.directory, "vnc.sock")
    const both = withDevices(
      `<graphics type='vnc'><listen type='socket' socket='${path}'/></graphics>`
    )
    const ref = await engine.define(ownGuest(bench, "web", both).definition)
    await engine.start(ref)
    expect(await securityOf({ path })).toEqual([1])
    await engine.destroy(ref)
    expect(fs.existsSync(path)).toBe(false)
    const none = withDevices("<graphics type='vnc'><listen type='none'/></graphics>")
    const quiet = await engine.define(ownGuest(bench, "db", none).definition)
    await engine.start(quiet)
    expect(wordsOf(quiet).join(" ")).toMatch(/-vnc none\b/)
    await engine.destroy(quiet)
  }))

test("SPICE has a port and a ticket, or is refused where QEMU lacks it", () =>
  withConfig([], async (engine, bench) => {
    const spice = withDevices("<graphics type='spice' autoport='yes' passwd='s3cr3t'/>")
    const ref = await engine.define(ownGuest(bench, "web", spice).definition)
    const started = await outcome(engine.start(ref))
    if (started instanceof Error) {
      expect(started.message).toContain("built without SPICE")
      return
    }
    const [display] = displaysOf(ref)
    if (display === undefined || !("port" in display)) throw new Error("it has no port")
    const taken = await outcome(listen(display.port ?? 0))
    expect(String(taken)).toContain("EADDRINUSE")
    expect(wordsOf(ref).join(" ")).not.toContain("s3cr3t")
    expect(wordsOf(ref).join(" ")).not.toContain("disable-ticketing")
    await engine.destroy(ref)
  }))

test("the terminal of a console stands in the live definition, also under the next engine", () =>
  onBench(async (bench) => {
    configure(bench, [])
    const first = await bench.open()
    const { definition } = ownGuest(bench, "web", (xml) =>
      xml.replace(/<serial type='file'>.*?<\/serial>/s, "<serial type='pty'/>")
    )
    const ref = await first.define(definition)
    await first.start(ref)
    const pathsOf = (domain: DomainRef) =>
      (view(domain).context.live?.devices ?? []).flatMap((device) =>
        (device.kind === "serial" || device.kind === "console") && device.source.type === "pty"
          ? [device.source.path ?? "none"]
          : []
      )
    const [path = ""] = pathsOf(ref)
    expect(path).toMatch(/^\/dev\/pts\/\d+$/)
    expect(pathsOf(ref)).toEqual([path, path])
    expect(fs.statSync(path).isCharacterDevice()).toBe(true)
    await first.close()
    const second = await bench.open()
    const adopted = await second.lookUp("web")
    expect(pathsOf(adopted)).toEqual([path, path])
    await until("the guest to be known again", () => view(adopted).state === "running")
    await second.destroy(adopted)
  }))
