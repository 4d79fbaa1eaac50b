/**
 * Goal: what leaves a running guest is the host's again, and what cannot leave is refused in words.
 * Method: the engine on a simulated host; a SCSI device is to be detached, and a guest ejects the
 * card of the host that it was started with, with the engine killed at each place of what it does.
 */
import { expect, test } from "vitest"
import type { PlannedFault } from "../../src/testing/fault.ts"
import { put } from "../../src/testing/host/put.ts"
import { ipOf, type TestCard } from "../unit/host/ip-program.ts"
import { givable, pciSource, scsiDevice } from "../unit/node/hostdev-host.ts"
import { Stage } from "./plugging/stage.ts"

const scsi = scsiDevice("scsi_host2", 1, 3)
const unit = "2:0:1:3"

test("a SCSI device stays in a running guest, whoever asks for it how", () => {
  const stage = new Stage({ devices: givable })
  stage.host.disk.special("/dev/sg4", "character")
  stage.open()
  expect(stage.create(scsi)).toBe("done")
  const refused = {
    tag: "GuestUnsupported",
    message: expect.stringContaining("a SCSI device stays in a running guest")
  }
  expect(stage.on("web", (domain) => domain.detachDeviceAlias("hostdev0"))).toMatchObject(refused)
  expect(stage.on("web", (domain) => domain.detachDevice(scsi))).toMatchObject(refused)
  stage.pass(10_000)
  expect(stage.xmlOf("web")).toContain("<hostdev")
  expect(stage.row(unit)).toMatchObject({ state: "assigned", holder: { name: "web" } })
  expect(stage.on("web", (domain) => domain.destroy())).toBe("done")
  expect(stage.row(unit)).toMatchObject({ state: "host" })
})

const fn = "0000:06:10.0"
const before = { mac: "00:11:22:33:44:55", vlan: 3 }
const asked = { mac: "52:54:00:aa:bb:cc", vlan: 42 }

const xml = [
  `<interface type='hostdev' managed='yes'><mac address='${asked.mac}'/>`,
  `${pciSource(fn)}<vlan><tag id='42'/></vlan></interface>`
].join("")

const stageWithCard = (faults: readonly PlannedFault[] = []) => {
  const card: TestCard = { functions: [before], takesNoMac: true }
  const devices = {
    ...givable,
    cards: [
      {
        name: "eth2",
        index: 4,
        address: "52:54:00:00:00:01",
        on: "0000:06:00.0",
        state: "up"
      }
    ]
  }
  const programs = [["/usr/sbin/ip", ipOf(card)]] as const
  const stage = new Stage({ devices, faults, programs })
  const flags = "/sys/bus/pci/devices/0000:06:00.0/net/eth2/flags"
  put(stage.host.disk, flags, { text: "0x1003\n" })
  stage.open()
  expect(stage.create(xml)).toBe("done")
  stage.pass(5_000)
  expect(card.functions).toEqual([asked])
  expect(stage.row(fn)).toMatchObject({ state: "assigned", driver: "vfio-pci" })
  return { stage, card }
}

/** As a guest's own system does, behind everybody's back. */
const eject = (stage: Stage): void => {
  const alias = /<interface[^]*?<alias name='([^']*)'/.exec(stage.xmlOf("web"))?.[1]
  const words = `{"execute":"device_del","arguments":{"id":"${alias}"}}`
  stage.faults.arm()
  stage.on("web", (domain) => domain.guest.monitorCommand(words))
  stage.pass(20_000)
  stage.faults.disarm()
}

type Scene = ReturnType<typeof stageWithCard>

const standing = ({ stage, card }: Scene) => ({
  isInXml: stage.xmlOf("web").includes("<interface"),
  settings: card.functions,
  state: stage.row(fn)?.state,
  driver: stage.host.pci.get(fn)?.driver,
  records: stage.records
})

const free = {
  isInXml: false,
  settings: [before],
  state: "host",
  driver: undefined,
  records: []
}

test("a card that a guest ejects is the host's again, with its MAC address and its VLAN", () => {
  const scene = stageWithCard()
  const { stage, card } = scene
  eject(stage)
  expect(standing(scene)).toEqual(free)
  // The next one has it, and the end of the first takes nothing from it.
  expect(stage.create(xml, { name: "db", digit: 8 })).toBe("done")
  expect(stage.on("web", (domain) => domain.destroy())).toBe("done")
  expect(card.functions).toEqual([asked])
  expect(stage.row(fn)).toMatchObject({ state: "assigned", holder: { name: "db" } })
})

test("wherever the engine is killed meanwhile, the next one finds it out", () => {
  const counted = stageWithCard().stage
  eject(counted)
  for (const seam of ["file", "spawn"] as const) {
    const count = counted.faults.occurrences(seam)
    expect(count).toBeGreaterThan(0)
    for (let nth = 0; nth < count; nth++) {
      const scene = stageWithCard([{ seam, nth, fault: "kill-before" }])
      eject(scene.stage)
      expect(scene.stage.isUp, `${seam} ${nth}`).toBe(false)
      scene.stage.open()
      scene.stage.pass(20_000)
      expect(standing(scene), `${seam} ${nth}`).toEqual(free)
    }
  }
})
