/**
 * A guest's own Linux uses what it was given: its driver for the card sends and receives through
 * VFIO, with the interrupts of the real function, and its driver for the stick reads what is on it.
 */
import { describe, expect, test } from "vitest"
import { linuxXml, pciHostdev, usbById } from "./guest.ts"
import { stickLine, wire } from "./inside.ts"
import { hardware } from "./outer.ts"
import { expectAssigned, expectAtHome, forget } from "./proof-pci.ts"
import { pciPath, type Stage, see } from "./stage.ts"

const [first, second] = hardware.cards
const log = "/run/inner.log"

/** A Linux boots for half a minute on an idle host, emulated by an emulated QEMU. */
const bootSeconds = 900

export const usageProofs = (stage: () => Stage) =>
  describe("What is given is used", () => {
    test("a Linux in the guest drives the card, is answered on its wire, and reads the stick", {
      timeout: (bootSeconds + 120) * 1_000
    }, async () => {
      await stage().outer.read(
        `card=$(ls ${pciPath(second.device)}/net)
           ip addr add ${wire.outer}/24 dev $card && ip link set $card up`
      )
      const devices = [pciHostdev(first.device), usbById(hardware.storage)]
      await stage().define("web", linuxXml("web", log, ...devices))
      await stage().told("start", "web")
      const said = () => stage().outer.read(`cat ${log} || true`)
      const isAnswered = async () => (await said()).includes("INNER PING ANSWERED")
      await stage().outer.until(isAnswered, "the inner Linux is answered", bootSeconds)
      const words = await said()
      see("the inner Linux", words)
      expect(words).toContain(`INNER CARD ${first.mac}`)
      expect(words).toContain(`INNER STICK ${stickLine}`)
      expect(words).toContain("3 packets received")
      const interrupts = await stage().outer.read("grep vfio-msi /proc/interrupts")
      see("interrupts of the function", interrupts)
      const counts = interrupts.matchAll(/^ *[0-9]+: +([0-9]+) +([0-9]+) /gm)
      const total = [...counts].reduce((sum, [, one, two]) => sum + Number(one) + Number(two), 0)
      expect(total).toBeGreaterThan(0)
      await expectAssigned(stage(), first.device, "web")
      await forget(stage(), "web")
      await expectAtHome(stage(), first)
    })
  })
