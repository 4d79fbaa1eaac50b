/**
 * PCI functions that are given to guests and come back: managed and by hand, to one guest and to
 * two that want the same, and what must not be given at all.
 */
import { describe, expect, test } from "vitest"
import { cardId, guestXml, pciHostdev, pciIdsIn } from "./guest.ts"
import { hardware } from "./outer.ts"
import { pciPath, type Stage, see } from "./stage.ts"

const [first, second] = hardware.cards
const { driver } = hardware.card

/** Waits until the guest's firmware has found the card, as its QEMU tells. */
export async function untilGuestHas(stage: Stage, guest: string): Promise<void> {
  let found: readonly string[] = []
  const looks = async () => {
    found = pciIdsIn(await stage.told("qemu-monitor-command", guest, "query-pci"))
    return found.includes(cardId)
  }
  await stage.outer.until(looks, `the firmware of '${guest}' finds ${cardId}`, 60)
  see(`query-pci of '${guest}'`, found.join(" "))
}

/** The card is with its driver on the host, has its network interface, and is nobody's. */
export async function expectAtHome(stage: Stage, card: (typeof hardware.cards)[number]) {
  expect(await stage.driverOf(pciPath(card.device))).toBe(driver)
  const address = await stage.outer.read(`cat ${pciPath(card.device)}/net/*/address`)
  expect(address).toBe(card.mac)
  const override = await stage.outer.read(`cat ${pciPath(card.device)}/driver_override`)
  expect(override).toBe("(null)")
  const row = await stage.row(card.device)
  expect(row).toMatchObject({ state: "host", driver })
  expect(row.holder).toBeUndefined()
  see(card.device, `driver ${driver}, its interface has ${address}, state host`)
}

/** The card is the guest's: VFIO has it on the host, and the daemon names the guest. */
export async function expectAssigned(stage: Stage, device: string, guest: string): Promise<void> {
  expect(await stage.driverOf(pciPath(device))).toBe("vfio-pci")
  const row = await stage.row(device)
  expect(row).toMatchObject({ state: "assigned", driver: "vfio-pci", holder: guest })
  see(device, `driver ${row.driver}, state ${row.state}, held by '${row.holder}'`)
}

/** Ends and forgets guests, whatever state a failed test has left them in. */
export async function forget(stage: Stage, ...names: readonly string[]): Promise<void> {
  for (const name of names) {
    // One that is off is refused, and that is as well.
    await stage.destroy(name).catch(() => undefined)
    await stage.troupe("undefine", name)
  }
}

const given = (stage: () => Stage) => {
  test("a managed function is the guest's for its run, and its driver's else", async () => {
    await expectAtHome(stage(), first)
    await stage().define("web", guestXml("web", pciHostdev(first.device)))
    await stage().told("start", "web")
    await untilGuestHas(stage(), "web")
    await expectAssigned(stage(), first.device, "web")
    await expectAtHome(stage(), second)
    await stage().destroy("web")
    await expectAtHome(stage(), first)
    await forget(stage(), "web")
  })

  test("two functions go to one guest, all or none", async () => {
    const both = [pciHostdev(first.device), pciHostdev(second.device)]
    await stage().define("web", guestXml("web", ...both))
    await stage().told("start", "web")
    await untilGuestHas(stage(), "web")
    for (const { device } of hardware.cards) await expectAssigned(stage(), device, "web")
    await stage().destroy("web")
    for (const card of hardware.cards) await expectAtHome(stage(), card)
    await forget(stage(), "web")
  })

  test("a start that fails after the binding gives the function back", async () => {
    const disk = "<disk type='file'><source file='/nowhere.img'/><target dev='sda'/></disk>"
    await stage().define("web", guestXml("web", pciHostdev(first.device), disk))
    const started = await stage().troupe("start", "web")
    expect(started.code).not.toBe(0)
    expect(started.error).toContain("/nowhere.img")
    see("the refusal", started.error)
    await expectAtHome(stage(), first)
    await forget(stage(), "web")
  })
}

const clashes = (stage: () => Stage) => {
  test("of two guests for one function the second is refused by the first's name", async () => {
    await stage().define("web", guestXml("web", pciHostdev(first.device)))
    const both = [pciHostdev(second.device), pciHostdev(first.device)]
    await stage().define("rival", guestXml("rival", ...both))
    await stage().told("start", "web")
    const pid = await stage().guestPid("web")
    const refused = await stage().troupe("start", "rival")
    expect(refused.code).not.toBe(0)
    expect(refused.error).toContain(first.device)
    expect(refused.error).toMatch(/\bweb\b/)
    see("the refusal", refused.error)
    expect(await stage().guestPid("web")).toBe(pid)
    expect(await stage().guestPid("rival")).toBe(0)
    expect(await stage().states()).toEqual({ rival: "shutoff", web: "running" })
    await expectAssigned(stage(), first.device, "web")
    // All or none: the rival's other function was never taken.
    await expectAtHome(stage(), second)
    await untilGuestHas(stage(), "web")
    await stage().destroy("web")
    await stage().told("start", "rival")
    await expectAssigned(stage(), first.device, "rival")
    await forget(stage(), "web", "rival")
    for (const card of hardware.cards) await expectAtHome(stage(), card)
  })

  test("of two starts at once for one function one succeeds", async () => {
    const names = ["left", "right"] as const
    for (const name of names) await stage().define(name, guestXml(name, pciHostdev(first.device)))
    const started = await Promise.all(names.map((name) => stage().troupe("start", name)))
    const winners = names.filter((_, at) => started[at]?.code === 0)
    expect(winners).toHaveLength(1)
    const [winner = ""] = winners
    see("the outcomes", started.map(({ out, error }) => out + error).join("\n"))
    await expectAssigned(stage(), first.device, winner)
    await forget(stage(), ...names)
    await expectAtHome(stage(), first)
  })
}

const byHand = (stage: () => Stage) => {
  test("virsh detaches a function, a guest has it unmanaged, and virsh reattaches it", async () => {
    await stage().define("web", guestXml("web", pciHostdev(first.device, false)))
    const refused = await stage().troupe("start", "web")
    expect(refused.code).not.toBe(0)
    expect(refused.error).toContain(driver)
    see("the refusal", refused.error)
    expect(await stage().virsh("nodedev-detach", first.name)).toMatchObject({ code: 0 })
    expect(await stage().driverOf(pciPath(first.device))).toBe("vfio-pci")
    expect(await stage().virsh("nodedev-reset", first.name)).toMatchObject({ code: 0 })
    await stage().told("start", "web")
    await untilGuestHas(stage(), "web")
    await expectAssigned(stage(), first.device, "web")
    const taken = await stage().virsh("nodedev-reattach", first.name)
    expect(taken.code).not.toBe(0)
    expect(taken.error).toMatch(/\bweb\b/)
    see("reattach while assigned", taken.error)
    await stage().destroy("web")
    expect(await stage().driverOf(pciPath(first.device))).toBe("vfio-pci")
    expect(await stage().row(first.device)).toMatchObject({ state: "detached" })
    expect(await stage().virsh("nodedev-reattach", first.name)).toMatchObject({ code: 0 })
    await expectAtHome(stage(), first)
    await forget(stage(), "web")
  })

  test("the root disk's controller and the default route's card are refused", async () => {
    const needed = await stage().outer.read(
      `basename $(readlink -f /sys/class/block/vda/device/..)
       ip route add default via 10.0.2.2 2>/dev/null
       basename $(readlink -f /sys/class/net/eth0/device/..)`
    )
    const devices = needed.split("\n")
    expect(devices).toHaveLength(2)
    for (const device of devices) {
      await stage().define("web", guestXml("web", pciHostdev(device)))
      const refused = await stage().troupe("start", "web")
      expect(refused.code).not.toBe(0)
      expect(refused.error).toContain("the host needs it")
      see(`the refusal of ${device}`, refused.error)
      expect(await stage().driverOf(pciPath(device))).toBe("virtio-pci")
      expect((await stage().row(device)).whyNot).toContain("the host needs it")
    }
    await forget(stage(), "web")
  })
}

export const pciProofs = (stage: () => Stage) => {
  describe("PCI functions are given and come back", () => given(stage))
  describe("PCI functions have one holder", () => clashes(stage))
  describe("PCI functions are detached by hand", () => byHand(stage))
}
