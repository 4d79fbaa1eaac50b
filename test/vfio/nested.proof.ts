/**
 * Goal: host devices are really given to guests and really come back, whatever is killed.
 * Method: an outer guest with an IOMMU runs the daemon and inner QEMUs, to which real PCI functions
 * go by VFIO and real USB devices by usbfs; its kernel's sysfs and the inner QEMUs say what is so.
 * Nothing in it is a mock. The tests are steps on one outer guest, and each tidies up after itself.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest"
import { Missing } from "./parts.ts"
import { type Daemon, crashProofs } from "./proof-crash.ts"
import { hotplugProofs } from "./proof-hotplug.ts"
import { forget, pciProofs } from "./proof-pci.ts"
import { usageProofs } from "./proof-usage.ts"
import { usbProofs } from "./proof-usb.ts"
import { Stage, see } from "./stage.ts"

let opened: Stage | undefined
let absence: string | undefined
/** The operator's word that parts may be missing here; without it that is a failure. */
const mayBeAbsent = process.env["TROUPE_VFIO"] === "optional"
const daemon: Daemon = { pid: 0 }

const stage = (): Stage => {
  if (opened === undefined) throw new Error("the outer guest did not come up")
  return opened
}

beforeAll(async () => {
  const began = performance.now()
  opened = await Stage.open().catch((error: unknown) => {
    if (!mayBeAbsent || !(error instanceof Missing)) throw error
    absence = error.message
    return undefined
  })
  if (absence !== undefined) return see("that nothing is proven here", absence)
  see("the outer guest", `up after ${Math.round(performance.now() - began) / 1_000} s`)
  daemon.pid = await stage().startDaemon()
  see("the daemon", `ready after ${Math.round(performance.now() - began) / 1_000} s`)
})

afterAll(() => opened?.close())

beforeEach((context) => {
  if (absence !== undefined) context.skip(absence)
})

/** A step that failed says what it left, and leaves nothing to the next one. */
afterEach(async ({ task }) => {
  if (task.result?.state !== "fail" || opened === undefined) return
  see("traces of the failure", await opened.traces())
  const isAlive = (await opened.outer.run(`kill -0 ${daemon.pid}`)).code === 0
  if (!isAlive) daemon.pid = await opened.startDaemon()
  await forget(opened, ...Object.keys(await opened.states()))
})

test("the outer guest has an IOMMU, and the daemon knows its devices", async () => {
  expect(Number(await stage().outer.read("ls /sys/kernel/iommu_groups | wc -l"))).toBeGreaterThan(2)
  see("devices", await stage().told("hostdev", "list"))
})

pciProofs(stage)
crashProofs(stage, daemon)
hotplugProofs(stage, daemon)
usbProofs(stage, daemon)
usageProofs(stage)
