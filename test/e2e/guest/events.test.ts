/**
 * Goal: what QEMU tells of trays, displays, devices, clocks and I/O errors is told in libvirt's
 * words, from QEMU's own events.
 * Method: a guest under TCG; QEMU is made to tell each by its monitor, or by a client of a display.
 */
import { connect } from "node:net"
import { expect, test } from "vitest"
import { rich, run, setScene, until } from "./stage.ts"

test("a tray, a device that is unplugged, and the clients of a display are told", async () => {
  await using scene = await setScene()
  const web = await scene.define("web", (xml) =>
    rich(xml).replace("</devices>", "<controller type='usb' model='qemu-xhci'/></devices>")
  )
  await run(web.start())
  const order = async (execute: string, words: object) => {
    const line = JSON.stringify({ execute, arguments: words })
    expect(JSON.parse(await run(web.guest.monitorCommand(line)))).toHaveProperty("return")
  }
  const alias = /<alias name='(sata[^']*|ide0-0-[^']*)'\/>/.exec(await run(web.xml()))?.[1]
  await order("blockdev-open-tray", { id: alias, force: true })
  expect(await scene.heard("tray-change")).toMatchObject({ device: alias, reason: "open" })

  await order("device_add", { driver: "usb-mouse", id: "mouse7" })
  await order("device_del", { id: "mouse7" })
  expect(await scene.heard("device-removed")).toMatchObject({ device: "mouse7" })

  const port = Number(/type='vnc' port='(\d+)'/.exec(await run(web.xml()))?.[1])
  const client = connect(port, "127.0.0.1")
  const own: { port?: number | undefined } = {}
  client.on("connect", () => (own.port = client.localPort))
  client.on("error", () => {})
  client.once("data", () => client.write("RFB 003.008\n"))
  expect(await scene.heard("graphics")).toMatchObject({
    phase: "connect",
    local: { family: "ipv4", node: "127.0.0.1", service: String(port) },
    remote: { family: "ipv4", node: "127.0.0.1", service: String(own.port) },
    authScheme: "none",
    identities: []
  })
  client.destroy()
  await until("the client to be gone", () =>
    scene.events.some((event) => event.type === "graphics" && event.phase === "disconnect")
  )
  await run(web.reset)
  expect(await scene.heard("reboot")).toMatchObject({ uuid: web.uuid })
})
