/**
 * Goal: a device comes to a running guest and goes from it as libvirt's clients ask for it; it is
 * given back only when QEMU has let it go, and what fails takes nothing and leaves nothing.
 * Method: the daemon's own handlers over an engine in the simulated world, whose kernel binds what
 * is written to its /sys and whose QEMU takes devices as the measured one does.
 */
import { expect, test } from "vitest"
import { decodeMessage } from "../../../../src/rpc/protocol/codec.ts"
import { procedure } from "../../../../src/rpc/protocol/procedures.ts"
import { deviceShapes } from "../../../../src/testing/host/device-shapes.ts"
import { simulatedEmulator, simulatedRoot } from "../../../../src/testing/simulation/lives.ts"
import { type DeviceStage, deviceStage } from "./device-stage.ts"

const card = "0000:03:00.0"
const uuid = new Uint8Array(16).fill(7)
const affect = { live: 1, config: 2 }

const hostdevXml = (bus = "0x03", more = "") =>
  [
    "<hostdev mode='subsystem' type='pci' managed='yes'><source>",
    `<address domain='0x0000' bus='${bus}' slot='0x00' function='0x0'/></source>${more}</hostdev>`
  ].join("")

const guestXml = (devices = "", ports = 4) =>
  [
    "<domain type='qemu'><name>web</name>",
    "<uuid>07070707-0707-0707-0707-070707070707</uuid>",
    "<memory unit='MiB'>16</memory><vcpu>1</vcpu>",
    "<os><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/></features>",
    `<devices><emulator>${simulatedEmulator}</emulator>${devices}`,
    "<controller type='pci' model='pcie-root'/>",
    "<controller type='pci' model='pcie-root-port'/>".repeat(ports),
    "<memballoon model='none'/></devices></domain>"
  ].join("")

interface Guest extends DeviceStage {
  readonly dom: { readonly name: string; readonly uuid: Uint8Array; readonly id: number }
}

/** As qemu.conf of Debian has it. */
const account = {
  [`${simulatedRoot}/etc/qemu.conf`]: 'user = "libvirt-qemu"\ngroup = "kvm"\n'
}

const start = (devices = "", ports = 4, texts = {}): Guest => {
  const all = { ...deviceShapes.twoCards, ...deviceShapes.usbSticks }
  const stage = deviceStage({ devices: all, texts })
  const made = stage.call("remote", "DOMAIN_DEFINE_XML", { xml: guestXml(devices, ports) })
  if (!("dom" in made)) throw new Error(made.says)
  const started = stage.call("remote", "DOMAIN_CREATE", { dom: made.dom })
  if (started !== undefined) throw new Error(started.says)
  // Its firmware and its kernel are up: it knows of devices that come and go.
  stage.pass(2_000)
  return { ...stage, dom: { ...made.dom, uuid } }
}

const attach = ({ call, dom }: Guest, xml: string, flags = affect.live) =>
  call("remote", "DOMAIN_ATTACH_DEVICE_FLAGS", { dom, xml, flags })
const detach = ({ call, dom }: Guest, xml: string, flags = affect.live) =>
  call("remote", "DOMAIN_DETACH_DEVICE_FLAGS", { dom, xml, flags })
const detachAlias = ({ call, dom }: Guest, alias: string, flags = affect.live) =>
  call("remote", "DOMAIN_DETACH_DEVICE_ALIAS", { dom, alias, flags })

const inactive = 2
const xmlOf = ({ call, dom }: Guest, flags = 0): string => {
  const answer = call("remote", "DOMAIN_GET_XML_DESC", { dom, flags })
  if (!("xml" in answer)) throw new Error(answer.says)
  return answer.xml
}
const hasCard = (guest: Guest, flags = 0) => xmlOf(guest, flags).includes("<hostdev")

const row = ({ call }: DeviceStage, device = card) => {
  const answer = call("troupe", "HOST_DEVICES_LIST", { flags: 0 })
  if (!("devices" in answer)) throw new Error(answer.says)
  return answer.devices.find((one) => one.device === device)
}

/** What QEMU is told by somebody else's hand. */
const monitor = ({ call, dom }: Guest, execute: string, words?: object) => {
  const cmd = JSON.stringify({ execute, ...(words === undefined ? {} : { arguments: words }) })
  const answer = call("qemu", "DOMAIN_MONITOR_COMMAND", { dom, cmd, flags: 0 })
  if (!("result" in answer)) throw new Error(answer.says)
  return answer.result
}
const hasInQemu = (guest: Guest, alias = "hostdev0") =>
  monitor(guest, "qom-list", { path: "/machine/peripheral" }).includes(alias)

const listen = ({ call }: Guest, eventID: number) =>
  call("remote", "CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY", { eventID, dom: null })
const removed = 15
const added = 19

const events = [
  "DOMAIN_EVENT_CALLBACK_DEVICE_REMOVED",
  "DOMAIN_EVENT_CALLBACK_DEVICE_ADDED"
] as const

const toldOf = ({ told, pass }: Guest): readonly string[] => {
  pass(10)
  return told().flatMap(({ procedure: number, payload }) =>
    events
      .map((name) => procedure("remote", name))
      .filter((one) => one.number === number)
      .map((one) => `${one.name} ${JSON.stringify(decodeMessage(one, payload))}`)
  )
}

test("a card comes to a running guest, and goes back to its driver when it is detached", () => {
  const guest = start()
  const before = guest.driver(card)
  expect(attach(guest, hostdevXml())).toBeUndefined()
  expect(guest.driver(card)).toBe("vfio-pci")
  expect(row(guest)).toMatchObject({ state: "assigned", holder: "web" })
  expect(hasInQemu(guest)).toBe(true)
  const live = xmlOf(guest)
  expect(live).toContain("<alias name='hostdev0'/>")
  expect(live).toMatch(/<hostdev[^]*<address type='pci' domain='0x0000' bus='0x0[1-9]'/)
  expect(hasCard(guest, inactive)).toBe(false)
  expect(detach(guest, hostdevXml())).toBeUndefined()
  expect(guest.driver(card)).toBe(before)
  expect(hasCard(guest)).toBe(false)
  expect(hasInQemu(guest)).toBe(false)
  expect(row(guest)).toMatchObject({ state: "host", holder: null })
})

test("that it has come and gone is told, by its name", () => {
  const guest = start()
  for (const event of [removed, added]) listen(guest, event)
  attach(guest, hostdevXml())
  expect(toldOf(guest)).toEqual([expect.stringMatching(/DEVICE_ADDED.*"hostdev0"/)])
  detachAlias(guest, "hostdev0")
  expect(toldOf(guest).slice(1)).toEqual([expect.stringMatching(/DEVICE_REMOVED.*"hostdev0"/)])
})

test("for the next start, or for both; a definition that is off is changed by itself", () => {
  const guest = start()
  expect(attach(guest, hostdevXml(), affect.config)).toBeUndefined()
  expect([hasCard(guest), hasCard(guest, inactive)]).toEqual([false, true])
  expect(row(guest)?.state).toBe("host")
  expect(detach(guest, hostdevXml(), affect.config)).toBeUndefined()
  expect(attach(guest, hostdevXml(), affect.config | affect.live)).toBeUndefined()
  expect([hasCard(guest), hasCard(guest, inactive)]).toEqual([true, true])
  expect(detach(guest, hostdevXml(), affect.config | affect.live)).toBeUndefined()
  expect([hasCard(guest), hasCard(guest, inactive)]).toEqual([false, false])
  guest.call("remote", "DOMAIN_DESTROY", { dom: guest.dom })
  expect(attach(guest, hostdevXml(), 0)).toBeUndefined()
  expect(hasCard(guest, inactive)).toBe(true)
  expect(attach(guest, hostdevXml())).toMatchObject({ code: 55 })
})

test("what a definition may have more of is added, completed, and taken out again", () => {
  const guest = start()
  const all = [
    "<disk type='file'><source file='/a.img'/><target dev='vdb' bus='virtio'/></disk>",
    "<interface type='user'><mac address='52:54:00:00:00:09'/><model type='virtio'/></interface>",
    "<controller type='scsi' model='virtio-scsi'/>",
    "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>",
    "<input type='tablet' bus='usb'/>"
  ]
  for (const xml of all) {
    const before = xmlOf(guest, inactive)
    expect(attach(guest, xml, affect.config), xml).toBeUndefined()
    const after = xmlOf(guest, inactive)
    expect(after).not.toBe(before)
    const wanted = xml.replace("model='virtio-scsi'/>", "index='0' model='virtio-scsi'/>")
    expect(detach(guest, wanted, affect.config), xml).toBeUndefined()
    expect(detach(guest, wanted, affect.config), xml).toMatchObject({ code: 99 })
  }
  const twice = attach(guest, all[0] ?? "", affect.config)
  expect(twice).toBeUndefined()
  expect(attach(guest, all[0] ?? "", affect.config)).toMatchObject({ code: 55 })
})

test("what cannot be done says so, and nothing has changed", () => {
  const guest = start()
  const before = [xmlOf(guest), xmlOf(guest, inactive)]
  const refused = [
    [attach(guest, "<disk><source file='/a'/><target dev='vdb'/></disk>"), 84, "<disk>"],
    [attach(guest, "<video><model type='vga'/></video>", affect.config), 84, "<video>"],
    [attach(guest, "<nosuch/>"), 27, "nosuch"],
    [attach(guest, "<hostdev"), 27, ""],
    [attach(guest, hostdevXml("0x7f")), 9, "0000:7f:00.0"],
    [attach(guest, hostdevXml(), 64), 8, "unsupported flags"],
    [attach(guest, hostdevXml("0x03", "<boot order='1'/>")), 67, "boot order"],
    [
      attach(
        guest,
        hostdevXml("0x03", "<address type='pci' domain='0' bus='0' slot='9' function='0'/>")
      ),
      67,
      "root bus"
    ],
    [detach(guest, hostdevXml()), 99, "no such device"],
    [detachAlias(guest, "hostdev7"), 99, "no such device"],
    [detachAlias(guest, "pci.1"), 84, "<controller>"]
  ] as const
  for (const [answer, code, says] of refused) {
    expect(answer).toMatchObject({ code })
    expect((answer as { says: string }).says).toContain(says)
  }
  expect([xmlOf(guest), xmlOf(guest, inactive)]).toEqual(before)
  expect(row(guest)).toMatchObject({ state: "host", holder: null })
})

test("a guest that does not listen keeps the device, until it is reset", () => {
  const guest = start()
  for (const event of [removed]) listen(guest, event)
  attach(guest, hostdevXml())
  guest.call("remote", "DOMAIN_SUSPEND", { dom: guest.dom })
  expect(detach(guest, hostdevXml(), affect.live | affect.config)).toMatchObject({ code: 99 })
  expect(detach(guest, hostdevXml())).toBeUndefined()
  expect(hasCard(guest)).toBe(true)
  expect(row(guest)).toMatchObject({ state: "assigned" })
  expect(guest.driver(card)).toBe("vfio-pci")
  guest.call("remote", "DOMAIN_RESET", { dom: guest.dom, flags: 0 })
  guest.pass(5_000)
  expect(hasCard(guest)).toBe(false)
  expect(row(guest)).toMatchObject({ state: "host" })
  expect(toldOf(guest)).toHaveLength(1)
})

test("a device that the guest was started with goes alone, and its fellow stays", () => {
  const guest = start(hostdevXml() + hostdevXml("0x04"))
  expect(detachAlias(guest, "hostdev0")).toBeUndefined()
  expect(row(guest)).toMatchObject({ state: "host" })
  expect(row(guest, "0000:04:00.0")).toMatchObject({ state: "assigned", holder: "web" })
  expect(attach(guest, hostdevXml())).toBeUndefined()
  expect(xmlOf(guest)).toContain("<alias name='hostdev2'/>")
  guest.call("remote", "DOMAIN_DESTROY", { dom: guest.dom })
  for (const device of [card, "0000:04:00.0"]) expect(row(guest, device)?.state).toBe("host")
})

test("a device that QEMU lets go unasked is given back as well", () => {
  const guest = start()
  attach(guest, hostdevXml())
  monitor(guest, "device_del", { id: "hostdev0" })
  guest.pass(5_000)
  expect(hasCard(guest)).toBe(false)
  expect(row(guest)).toMatchObject({ state: "host" })
})

test("where no port is free, nothing is taken", () => {
  const guest = start(`<controller type='usb' model='none'/>${hostdevXml("0x04")}`, 1)
  const answer = attach(guest, hostdevXml())
  expect(answer).toMatchObject({ code: 67, says: expect.stringContaining("no PCI slot is free") })
  expect(row(guest)).toMatchObject({ state: "host" })
})

test("a card that another guest has stays theirs, and who has it is named", () => {
  const guest = start()
  const other = guestXml(hostdevXml())
    .replace("web", "db")
    .replace(/<uuid>.*<\/uuid>/, "")
  guest.call("remote", "DOMAIN_CREATE_XML", { xml_desc: other, flags: 0 })
  const answer = attach(guest, hostdevXml())
  expect(answer).toMatchObject({ code: 55, says: expect.stringContaining("db") })
  expect(row(guest)).toMatchObject({ state: "assigned", holder: "db" })
  expect(hasCard(guest)).toBe(false)
})

const ownerOf = ({ host }: Guest, path: string) => {
  const node = host.disk.has(path) ? host.disk.node(path) : undefined
  return node?.uid
}

test("QEMU's account gets at the node of what it is given, while it has it", () => {
  const guest = start("", 4, account)
  expect(attach(guest, hostdevXml())).toBeUndefined()
  expect(ownerOf(guest, "/dev/vfio/7")).toBe(64_055)
  expect(detach(guest, hostdevXml())).toBeUndefined()
  expect(ownerOf(guest, "/dev/vfio/7")).toBeUndefined()
  const node = "/dev/bus/usb/001/006"
  guest.host.disk.makeDirectories("/dev/bus/usb/001")
  guest.host.disk.special(node, "character")
  expect(attach(guest, serialXml)).toBeUndefined()
  expect(ownerOf(guest, node)).toBe(64_055)
  expect(detach(guest, serialXml)).toBeUndefined()
  expect(ownerOf(guest, node)).toBe(0)
})

const serialXml =
  "<hostdev mode='subsystem' type='usb'><source><vendor id='0x0403'/><product id='0x6001'/>" +
  "</source></hostdev>"
const stickXml = serialXml.replace("0x0403", "0x0781").replace("0x6001", "0x5567")

test("a USB device is found by what it is, and goes while the guest is paused", () => {
  const guest = start()
  for (const number of [4, 5, 6]) {
    guest.host.disk.makeDirectories("/dev/bus/usb/001")
    guest.host.disk.special(`/dev/bus/usb/001/00${number}`, "character")
  }
  const ambiguous = attach(guest, stickXml)
  expect(ambiguous).toMatchObject({ code: 9, says: expect.stringContaining("001:005") })
  expect(attach(guest, serialXml)).toBeUndefined()
  expect(row(guest, "001:006")).toMatchObject({ state: "assigned", holder: "web" })
  expect(xmlOf(guest)).toMatch(/<address bus='1' device='6'\/>[^]*<address type='usb' bus='0'/)
  guest.call("remote", "DOMAIN_SUSPEND", { dom: guest.dom })
  expect(detach(guest, serialXml)).toBeUndefined()
  expect(hasCard(guest)).toBe(false)
  expect(row(guest, "001:006")).toMatchObject({ state: "host" })
})
