/**
 * Goal: a USB device is with its drivers when no guest has it, whatever its QEMU died of and
 * whenever the engine was killed besides; and an interface that nobody drove stays so.
 * Method: the engine on a simulated host whose kernel leaves idle what a killed QEMU had taken. A
 * QEMU is killed, and the engine before or after each thing that it does about that.
 */
import { expect, test } from "vitest"
import type { PlannedFault } from "../../src/testing/fault.ts"
import type { UsbDevice } from "../../src/testing/host/sysfs.ts"
import { usbDevice, usbPlace } from "../unit/node/hostdev-host.ts"
import { Stage } from "./plugging/stage.ts"

const bulk = { class: 8, subclass: 6, protocol: 80, nativeDriver: "usb-storage" }
const stick = { port: "1-2", bus: 1, number: 5, vendor: 0x0781, product: 0x5567 } as const

/** A stick of two interfaces, one of which somebody has taken from its driver. */
const usb: readonly UsbDevice[] = [
  { ...stick, interfaces: [{ ...bulk, driver: "usb-storage" }, bulk] }
]

const xml = usbDevice(usbPlace(1, 5))

const atHome = ["usb-storage", undefined]
const taken = [undefined, undefined]

const drivers = ({ host }: Stage) => host.usb.standings.map(({ driver }) => driver)

/** How it all stands. */
const standing = (stage: Stage) => ({
  drivers: drivers(stage),
  state: stage.row("001:005")?.state,
  records: stage.records
})

const free = { drivers: atHome, state: "host", records: [] }

type Way = (stage: Stage) => unknown

const withGuest: Way = (stage) => stage.create(xml)
const withPlugged: Way = (stage) => {
  stage.create("")
  stage.pass(3_000)
  return stage.on("web", (domain) => domain.attachDevice(xml))
}

const stageWith = (begin: Way, faults: readonly PlannedFault[] = []): Stage => {
  const stage = new Stage({ devices: { usb }, faults }).open()
  expect(begin(stage)).toBe("done")
  stage.pass(3_000)
  expect(standing(stage)).toMatchObject({ drivers: taken, state: "assigned" })
  expect(stage.records).toEqual(["usb-001:005.json"])
  return stage
}

const killQemu = ({ host }: Stage): void => {
  const qemu = host.processes.all.findLast(({ words }) => words.includes("-S"))
  if (qemu === undefined) throw new Error("there is no QEMU")
  host.processes.signal(qemu.info, "SIGKILL")
}

const begins = [
  ["started with it", withGuest],
  ["that got it later", withPlugged]
] as const

test.each(begins)("a guest %s ends in order, or lets it go: QEMU gives it back", (_, begin) => {
  const ended = stageWith(begin)
  expect(ended.on("web", (domain) => domain.destroy())).toBe("done")
  expect(standing(ended)).toEqual(free)
  const detached = stageWith(begin)
  expect(detached.on("web", (domain) => domain.detachDevice(xml))).toBe("done")
  expect(standing(detached)).toEqual(free)
})

test.each(begins)("the QEMU of a guest %s is killed: the kernel finds its driver", (_, begin) => {
  const stage = stageWith(begin)
  killQemu(stage)
  stage.pass(10_000)
  expect(standing(stage)).toEqual(free)
  expect(stage.host.usb.probed).toEqual(["1-2:1.0"])
})

test.each(begins)("a guest %s and the engine are killed: the next engine does it", (_, begin) => {
  const stage = stageWith(begin)
  stage.kill()
  killQemu(stage)
  stage.pass(5_000)
  expect(drivers(stage)).toEqual(taken)
  stage.open()
  expect(standing(stage)).toEqual(free)
})

const afterDeath = (begin: Way, fault?: PlannedFault): Stage => {
  const stage = stageWith(begin, fault === undefined ? [] : [fault])
  stage.faults.arm()
  killQemu(stage)
  stage.pass(30_000)
  stage.faults.disarm()
  return stage
}

test.each(begins)(
  "the QEMU of a guest %s is killed, and the engine at each place of what it does then",
  (_, begin) => {
    const count = afterDeath(begin).faults.occurrences("file")
    expect(count).toBeGreaterThan(5)
    for (let nth = 0; nth < count; nth++)
      for (const fault of ["kill-before", "kill-after"] as const) {
        const stage = afterDeath(begin, { seam: "file", nth, fault })
        expect(stage.isUp, `${fault} ${nth}`).toBe(false)
        stage.open()
        stage.pass(10_000)
        expect(standing(stage), `${fault} ${nth}`).toEqual(free)
      }
  }
)

const duringStart = (fault?: PlannedFault): Stage => {
  const stage = new Stage({ devices: { usb }, faults: fault === undefined ? [] : [fault] }).open()
  stage.faults.arm()
  stage.create(xml)
  stage.faults.disarm()
  return stage
}

test("the engine is killed at each place of a start: nothing is left without its driver", () => {
  const count = duringStart().faults.occurrences("file")
  for (let nth = 0; nth < count; nth++) {
    const stage = duringStart({ seam: "file", nth, fault: "kill-before" })
    expect(stage.isUp, `${nth}`).toBe(false)
    // Whatever the start had come to.
    for (const { info, words } of stage.host.processes.all)
      if (words.includes("-S")) stage.host.processes.signal(info, "SIGKILL")
    stage.pass(5_000)
    stage.open()
    stage.pass(20_000)
    expect(standing(stage), `${nth}`).toEqual(free)
  }
})

test("a start that is refused before its QEMU is there touches no driver", () => {
  const stage = new Stage({ devices: { usb } }).open()
  const disk =
    "<disk type='file' device='disk'><source file='/nowhere/none.img'/>" +
    "<target dev='sda' bus='scsi'/></disk>"
  expect(stage.create(xml + disk)).toMatchObject({ tag: "StartFailed" })
  expect(standing(stage)).toEqual(free)
  expect(stage.host.usb.probed).toEqual([])
})

test("a stick that was pulled out and put in again is another one, and is the host's", () => {
  const stage = stageWith(withGuest)
  for (const { name } of stage.host.usb.standings)
    stage.host.disk.unlink(`/sys/bus/usb/devices/${name}`)
  killQemu(stage)
  stage.pass(10_000)
  expect(stage.host.usb.probed).toEqual([])
  expect(stage.records).toEqual([])
})
