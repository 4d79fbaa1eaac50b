/**
 * Goal: a guest's network card has a tap device on the bridge that its definition names while it
 * runs, and the host has none of it afterwards: when it ends, when its start fails, and when the
 * engine was gone meanwhile. What cannot be had is refused by name.
 * Method: as root, with a bridge that the test makes by iproute2 and removes; skipped by name where
 * the host allows no bridge or has no /dev/net/tun.
 */
import * as fs from "node:fs"
import { expect, test } from "vitest"
import type { DomainRef } from "../../../actors/domain/domain.ts"
import { view } from "../../../actors/domain/domain.ts"
import { devicesOf } from "../../../src/model/device.ts"
import { onBench, outcome, until } from "../engine/harness.ts"
import { Bridge, ip, links } from "./bridge.ts"
import { configure, ownGuest, withConfig, withDevices, wordsOf } from "./stage.ts"

const bridge = new Bridge("n")
const onBridge = test.skipIf(bridge.whyNot !== undefined)

const card = (type: string, inside: string): string =>
  `<interface type='${type}'><mac address='52:54:00:01:02:03'/>${inside}` +
  "<model type='virtio'/></interface>"

const bridged = withDevices(card("bridge", `<source bridge='${bridge.name}'/>`))

const tapsOf = (ref: DomainRef): readonly (string | undefined)[] => {
  const { live } = view(ref).context
  return live === undefined ? [] : devicesOf(live, "interface").map(({ target }) => target?.dev)
}

const textOf = (name: string, what: string): string =>
  fs.readFileSync(`/sys/class/net/${name}/${what}`, "utf8").trim()

onBridge("a card on a bridge has a device there while its guest runs", () =>
  bridge.during(() =>
    withConfig([], async (engine, bench) => {
      const ref = await engine.define(ownGuest(bench, "web", bridged).definition)
      await engine.start(ref)
      const [name = ""] = tapsOf(ref)
      expect(name).toMatch(/^vnet[0-9a-f]{10}$/)
      expect(bridge.ports).toEqual([name])
      expect(textOf(name, "address")).toBe("fe:54:00:01:02:03")
      expect(textOf(name, "mtu")).toBe("1400")
      await until("QEMU to have the device", () => textOf(name, "carrier") === "1")
      await engine.destroy(ref)
      expect(bridge.ports).toEqual([])
    })
  )
)

onBridge("a start that fails leaves no device", () =>
  bridge.during(() =>
    withConfig([], async (engine, bench) => {
      const broken = (xml: string) =>
        bridged(xml).replace(/<source file='[^']*'/, "<source file='/nowhere/at-all.img'")
      const ref = await engine.define(ownGuest(bench, "web", broken).definition)
      expect(String(await outcome(engine.start(ref)))).toContain("/nowhere/at-all.img")
      expect(bridge.ports).toEqual([])
    })
  )
)

onBridge("the next engine removes what the one before had made", () =>
  bridge.during(() =>
    onBench(async (bench) => {
      configure(bench, [])
      const first = await bench.open()
      await first.start(await first.define(ownGuest(bench, "web", bridged).definition))
      await first.close()
      expect(bridge.ports).toHaveLength(1)
      const second = await bench.open()
      await second.destroy(await second.lookUp("web"))
      expect(bridge.ports).toEqual([])
    })
  )
)

onBridge("a network that is a bridge of the host is that bridge, any other is refused", () =>
  bridge.during(() =>
    withConfig([], async (engine, bench) => {
      const known = withDevices(card("network", `<source network='${bridge.name}'/>`))
      const ref = await engine.define(ownGuest(bench, "web", known).definition)
      await engine.start(ref)
      expect(bridge.ports).toEqual(tapsOf(ref))
      await engine.destroy(ref)
      const other = withDevices(card("network", "<source network='none-such'/>"))
      const lost = await engine.define(ownGuest(bench, "db", other).definition)
      expect(String(await outcome(engine.start(lost)))).toContain(
        "network 'none-such': Troupe has no networks of its own yet"
      )
    })
  )
)

onBridge("a device that somebody else has made is used and stays", () =>
  withConfig([], async (engine, bench) => {
    const name = `trtap${process.pid % 100_000}`
    ip("tuntap", "add", "dev", name, "mode", "tap", "vnet_hdr")
    try {
      const unmanaged = withDevices(card("ethernet", `<target dev='${name}' managed='no'/>`))
      const ref = await engine.define(ownGuest(bench, "web", unmanaged).definition)
      await engine.start(ref)
      expect(wordsOf(ref).join(" ")).toContain(`"ifname":"${name}"`)
      await engine.destroy(ref)
      expect(links()).toContain(name)
      const taken = withDevices(card("ethernet", `<target dev='${name}'/>`))
      const other = await engine.define(ownGuest(bench, "db", taken).definition)
      expect(String(await outcome(engine.start(other)))).toContain(
        `the host has a device '${name}' already`
      )
      expect(links()).toContain(name)
    } finally {
      ip("link", "delete", "dev", name)
    }
  })
)

onBridge("a card of its own name, with queues and its link down, is made and removed", () =>
  withConfig([], async (engine, bench) => {
    const name = `trown${process.pid % 100_000}`
    const own = withDevices(
      card("ethernet", `<target dev='${name}'/><driver queues='2'/><link state='down'/>`)
    )
    const ref = await engine.define(ownGuest(bench, "web", own).definition)
    await engine.start(ref)
    expect(links()).toContain(name)
    expect(tapsOf(ref)).toEqual([name])
    await engine.destroy(ref)
    expect(links()).not.toContain(name)
  })
)

test("what is no bridge, or cannot be attached, is refused by name", () =>
  withConfig([], async (engine, bench) => {
    const refused = async (name: string, element: string) => {
      const ref = await engine.define(ownGuest(bench, name, withDevices(element)).definition)
      return String(await outcome(engine.start(ref)))
    }
    expect(await refused("a", card("bridge", "<source bridge='none-such'/>"))).toContain(
      "bridge 'none-such': the host has no such device"
    )
    expect(await refused("b", card("bridge", "<source bridge='lo'/>"))).toContain(
      "bridge 'lo': it is no bridge"
    )
    expect(await refused("c", card("direct", "<source dev='lo' mode='bridge'/>"))).toContain(
      "direct attachment (macvtap) is not supported"
    )
  }))

test("a card on QEMU's own network needs nothing of the host", () =>
  withConfig([], async (engine, bench) => {
    const user = withDevices(card("user", ""))
    const ref = await engine.define(ownGuest(bench, "web", user).definition)
    await engine.start(ref)
    expect(wordsOf(ref).join(" ")).toContain('"type":"user"')
    await engine.destroy(ref)
  }))
