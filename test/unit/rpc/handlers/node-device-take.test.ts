/**
 * Goal: devices are taken from their driver, given back and reset as libvirt's clients ask for it,
 * and whoever looks sees who has what and why a device cannot be given.
 * Method: the daemon's own handlers over an engine in the simulated world, whose kernel binds and
 * unbinds what is written to its /sys; the fixtures of `src/testing`.
 */
import { describe, expect, test } from "vitest"
import { decodeMessage } from "../../../../src/rpc/protocol/codec.ts"
import { procedure } from "../../../../src/rpc/protocol/procedures.ts"
import { deviceShapes } from "../../../../src/testing/host/device-shapes.ts"
import { unplug } from "../../../../src/testing/host/sysfs.ts"
import { simulatedRoot } from "../../../../src/testing/simulation/lives.ts"
import { type DeviceStage, deviceStage, guestXml } from "./device-stage.ts"

const card = "0000:03:00.0"
const cardName = "pci_0000_03_00_0"

const detach = ({ call }: DeviceStage, name = cardName) =>
  call("remote", "NODE_DEVICE_DETTACH", { name })
const detachWith = ({ call }: DeviceStage, driverName: string | null, flags = 0) =>
  call("remote", "NODE_DEVICE_DETACH_FLAGS", { name: cardName, driverName, flags })
const reattach = ({ call }: DeviceStage, name = cardName) =>
  call("remote", "NODE_DEVICE_RE_ATTACH", { name })
const reset = ({ call }: DeviceStage, name = cardName) =>
  call("remote", "NODE_DEVICE_RESET", { name })

const rows = ({ call }: DeviceStage) => {
  const answer = call("troupe", "HOST_DEVICES_LIST", { flags: 0 })
  if (!("devices" in answer)) throw new Error(answer.says)
  return answer.devices
}
const row = (stage: DeviceStage, device = card) => rows(stage).find((one) => one.device === device)

const startGuest = ({ call }: DeviceStage, isManaged = true) =>
  call("remote", "DOMAIN_CREATE_XML", { xml_desc: guestXml(isManaged), flags: 0 })

describe("taking and giving back", () => {
  test.each([null, "vfio"])(
    "detach by driver %s, reset, reattach, each as often as asked",
    (by) => {
      const stage = deviceStage({ devices: deviceShapes.twoCards })
      for (let time = 0; time < 2; time++) {
        expect(detachWith(stage, by)).toBeUndefined()
        expect(stage.driver(card)).toBe("vfio-pci")
        expect(row(stage)).toMatchObject({ state: "detached", driver: "vfio-pci", whyNot: null })
      }
      expect(reset(stage)).toBeUndefined()
      for (let time = 0; time < 2; time++) {
        expect(reattach(stage)).toBeUndefined()
        expect(stage.driver(card)).toBe("e1000e")
        expect(row(stage)).toMatchObject({ state: "host", driver: "e1000e", iommuGroup: 7 })
      }
      expect(stage.driver("0000:04:00.0")).toBe("e1000e")
    }
  )

  test("listeners hear of both within two seconds", () => {
    const stage = deviceStage({ devices: deviceShapes.twoCards })
    stage.call("remote", "CONNECT_NODE_DEVICE_EVENT_REGISTER_ANY", {
      eventID: 1,
      dev: { name: cardName }
    })
    const updated = procedure("remote", "NODE_DEVICE_EVENT_UPDATE")
    for (const work of [detach, reattach]) {
      const before = stage.told().length
      expect(work(stage)).toBeUndefined()
      stage.pass(2_000)
      const [packet, ...others] = stage.told().slice(before)
      expect(others).toEqual([])
      expect(packet && decodeMessage(updated, packet.payload)).toMatchObject({
        success: { dev: { name: cardName } }
      })
    }
  })
})

describe("refused with a reason, and nothing is touched", () => {
  const refusals = {
    noIommu: { code: 9, says: "the host has no IOMMU that is switched on" },
    noVfio: { code: 9, says: "the kernel has not loaded vfio-pci" }
  } as const

  test.each(Object.keys(refusals) as (keyof typeof refusals)[])("%s", (shape) => {
    const stage = deviceStage({ devices: deviceShapes[shape] })
    const { code, says } = refusals[shape]
    const answer = detach(stage)
    expect(answer).toEqual({ code, says: expect.stringContaining(says) })
    expect(row(stage)?.whyNot).toContain(says)
    expect(stage.driver(card)).toBe("e1000e")
    // The pool was not even asked.
    expect(stage.host.disk.has(`${simulatedRoot}/run/hostdevs/pci-${card}.json`)).toBe(false)
  })

  test("a kernel that has not loaded VFIO's driver does so when a device is taken", () => {
    const stage = deviceStage({ devices: deviceShapes.noVfio, hasModprobe: true })
    expect(row(stage)?.whyNot).toBe(null)
    expect(detach(stage)).toBeUndefined()
    expect(row(stage)).toMatchObject({ state: "detached", driver: "vfio-pci" })
  })

  test("a bridge, and a card whose virtual functions are in use", () => {
    const bridge = deviceStage({ devices: deviceShapes.behindBridge })
    expect(detach(bridge, "pci_0000_00_1c_0")).toMatchObject({ code: 9 })
    expect(row(bridge, "0000:00:1c.0")?.whyNot).toContain("it is a bridge")
    expect(row(bridge, "0000:05:00.0")?.whyNot).toBe(null)
    const many = deviceStage({ devices: deviceShapes.virtualFunctions })
    expect(detach(many)).toMatchObject({ says: expect.stringContaining("2 virtual functions") })
    expect(detach(many, "pci_0000_03_10_0")).toBeUndefined()
    expect(many.driver("0000:03:10.0")).toBe("vfio-pci")
  })

  test("other drivers than vfio, flags, and what is no PCI device or not there", () => {
    const stage = deviceStage({ devices: { ...deviceShapes.twoCards, ...deviceShapes.usbSticks } })
    expect(detachWith(stage, "kvm")).toEqual({
      code: 67,
      says: expect.stringContaining("'kvm' is gone from Linux")
    })
    expect(detachWith(stage, "xen")).toMatchObject({ code: 67 })
    // A name of JavaScript's is no driver either.
    expect(detachWith(stage, "constructor")).toMatchObject({ code: 8 })
    expect(detachWith(stage, "stub")).toEqual({
      code: 8,
      says: expect.stringContaining("unknown driver name 'stub'")
    })
    expect(detachWith(stage, null, 1)).toMatchObject({ code: 8 })
    for (const work of [detach, reattach, reset]) {
      expect(work(stage, "usb_1_1")).toEqual({
        code: 8,
        says: "invalid argument: device usb_1_1 is not a PCI device"
      })
      expect(work(stage, "computer")).toMatchObject({ code: 8 })
      expect(work(stage, "pci_0000_99_00_0")).toEqual({
        code: 53,
        says: expect.stringContaining("no node device with matching name 'pci_0000_99_00_0'")
      })
    }
    expect(stage.driver(card)).toBe("e1000e")
  })

  test("a client that may only read sees all, and changes nothing", () => {
    const stage = deviceStage({ devices: deviceShapes.twoCards, isReadOnly: true })
    expect(rows(stage).length).toBe(2)
    for (const work of [detach, reattach, reset]) expect(work(stage)).toMatchObject({ code: 29 })
    const name = { name: cardName, flags: 1 }
    expect(stage.call("troupe", "HOST_DEVICE_DETACH", name)).toMatchObject({ code: 29 })
    expect(stage.driver(card)).toBe("e1000e")
  })

  test("a reset of what a driver is using, and of what knows no way", () => {
    const stage = deviceStage({ devices: deviceShapes.noReset })
    expect(reset(stage)).toMatchObject({ says: expect.stringContaining("e1000e is using it") })
    expect(detach(stage)).toBeUndefined()
    expect(reset(stage)).toMatchObject({ code: 9 })
    expect(row(stage)?.state).toBe("detached")
  })
})

test("what the host lives on is taken by force only", () => {
  const number = { major: 8, minor: 0 }
  const stage = deviceStage({
    devices: { ...deviceShapes.twoCards, drives: [{ node: "sda", number, sectors: 8, on: card }] },
    texts: {
      "/proc/self/mountinfo": "22 1 8:0 / / rw,relatime shared:1 - ext4 /dev/sda rw\n"
    }
  })
  const why = "the host needs it: its disk sda is mounted at '/'"
  expect(detach(stage)).toEqual({ code: 9, says: expect.stringContaining(why) })
  expect(row(stage)).toMatchObject({ state: "host", whyNot: why })
  expect(stage.driver(card)).toBe("e1000e")
  const forced = { name: cardName, flags: 1 }
  expect(stage.call("troupe", "HOST_DEVICE_DETACH", forced)).toBeUndefined()
  expect(stage.driver(card)).toBe("vfio-pci")
})

test("the guest that has a device is named, to whoever looks and whoever wants it", () => {
  const stage = deviceStage({ devices: deviceShapes.twoCards })
  expect(startGuest(stage)).toMatchObject({ dom: { name: "web" } })
  expect(row(stage)).toMatchObject({
    state: "assigned",
    driver: "vfio-pci",
    holder: "web",
    whyNot: "guest 'web' has it"
  })
  for (const work of [detach, reattach, reset])
    expect(work(stage)).toEqual({ code: 55, says: expect.stringContaining("held by web") })
  const { dom } = stage.call("remote", "DOMAIN_LOOKUP_BY_NAME", { name: "web" }) as {
    readonly dom: { readonly name: string; readonly uuid: Uint8Array; readonly id: number }
  }
  expect(stage.call("remote", "DOMAIN_DESTROY", { dom })).toBeUndefined()
  expect(row(stage)).toMatchObject({ state: "host", driver: "e1000e", holder: null, whyNot: null })
})

test("a detached device serves a guest that does not manage it, and stays detached", () => {
  const stage = deviceStage({ devices: deviceShapes.twoCards })
  expect(startGuest(stage, false)).toMatchObject({
    says: expect.stringContaining("nodedev-detach")
  })
  expect(detach(stage)).toBeUndefined()
  expect(startGuest(stage, false)).toMatchObject({ dom: { name: "web" } })
  const { dom } = stage.call("remote", "DOMAIN_LOOKUP_BY_NAME", { name: "web" }) as {
    readonly dom: { readonly name: string; readonly uuid: Uint8Array; readonly id: number }
  }
  stage.call("remote", "DOMAIN_DESTROY", { dom })
  expect(row(stage)).toMatchObject({ state: "detached", holder: null, whyNot: null })
  expect(reattach(stage)).toBeUndefined()
  expect(stage.driver(card)).toBe("e1000e")
})

test("what goes together is told with whoever has the rest of it", () => {
  const stage = deviceStage({ devices: deviceShapes.twoFunctions })
  expect(row(stage, "0000:01:00.0")?.whyNot).toBe(
    "all of IOMMU group 11 goes with it: 0000:01:00.1 (driver snd_hda_intel has it)"
  )
  expect(detach(stage, "pci_0000_01_00_1")).toBeUndefined()
  expect(row(stage, "0000:01:00.0")?.whyNot).toBe(null)
})

describe("functions of one IOMMU group", () => {
  const [video, sound] = ["0000:01:00.0", "0000:01:00.1"] as const
  const [videoName, soundName] = ["pci_0000_01_00_0", "pci_0000_01_00_1"] as const
  const withOne = guestXml(true).replace("bus='0x03'", "bus='0x01'")

  test("nodedev-reattach of a guest's mate is refused before anything is touched", () => {
    const stage = deviceStage({ devices: deviceShapes.twoFunctions })
    expect(detach(stage, soundName)).toBeUndefined()
    const guest = stage.call("remote", "DOMAIN_CREATE_XML", { xml_desc: withOne, flags: 0 })
    if (!("dom" in guest)) throw new Error(guest.says)
    const record = `${simulatedRoot}/run/hostdevs/pci-${sound}.json`
    for (let time = 0; time < 2; time++) {
      expect(reattach(stage, soundName)).toEqual({
        code: 9,
        says: expect.stringContaining(`its IOMMU group 11 is in use: ${video} ('web' has it)`)
      })
      expect(row(stage, sound)).toMatchObject({ state: "detached", driver: "vfio-pci" })
      expect(stage.host.pci.get(sound)?.override).toBe("vfio-pci")
      expect(stage.host.disk.has(record)).toBe(true)
    }
    expect(stage.call("remote", "DOMAIN_DESTROY", { dom: guest.dom })).toBeUndefined()
    // Asked for by hand, it stays so until it is asked back.
    expect(row(stage, sound)?.state).toBe("detached")
    expect(reattach(stage, soundName)).toBeUndefined()
    expect([video, sound].map(stage.driver)).toEqual(["nouveau", "snd_hda_intel"])
    expect(detach(stage, videoName)).toBeUndefined()
  })

  test("a mate that lost its driver by somebody else's hand is not given one either", () => {
    const { pci = [] } = deviceShapes.twoFunctions
    const found = pci.map((one) =>
      one.address === sound ? { ...one, driver: "vfio-pci", nativeDriver: "snd_hda_intel" } : one
    )
    const stage = deviceStage({ devices: { pci: found } })
    const guest = stage.call("remote", "DOMAIN_CREATE_XML", { xml_desc: withOne, flags: 0 })
    expect(guest).toMatchObject({ dom: { name: "web" } })
    expect(reattach(stage, soundName)).toMatchObject({ says: expect.stringContaining("group 11") })
    expect(stage.driver(sound)).toBe("vfio-pci")
    expect(row(stage, sound)?.state).toBe("detached")
  })
})

test("a device that is out of order says why, to whoever looks and whoever wants it", () => {
  const stage = deviceStage({ devices: deviceShapes.driverRefuses })
  expect(detach(stage)).toBeUndefined()
  expect(reattach(stage)).toMatchObject({ code: 9 })
  expect(row(stage)?.state).toBe("broken")
  expect(row(stage)?.whyNot).toMatch(/^it is out of order: .+; see to it, then reattach it$/)
  for (const work of [detach, reset]) expect(work(stage)).toMatchObject({ code: 55 })
  expect(startGuest(stage)).toMatchObject({ says: expect.stringContaining("out of order") })
})

test("a device that is pulled out while the pool has something of it is told as gone", () => {
  const stage = deviceStage({ devices: deviceShapes.twoCards })
  expect(startGuest(stage)).toMatchObject({ dom: { name: "web" } })
  unplug(stage.host.disk, `/sys/bus/pci/devices/${card}`)
  expect(row(stage)).toMatchObject({
    name: null,
    holder: "web",
    whyNot: "it is not there any more"
  })
})

test("USB devices are listed by bus and number, with what they are", () => {
  const stage = deviceStage({ devices: deviceShapes.usbSticks })
  expect(rows(stage).map(({ device, kind, product }) => ({ device, kind, product }))).toEqual([
    { device: "001:004", kind: "usb", product: "Cruzer" },
    { device: "001:005", kind: "usb", product: "Cruzer" },
    { device: "001:006", kind: "usb", product: "Serial" }
  ])
})
