/**
 * Goal: a tap device that is there already is opened by its name, one that QEMU's helper makes is
 * asked of it, and the administrator's settings show in the command line.
 * Method: command lines of prepared definitions; no process.
 */
import * as Result from "effect/Result"
import { expect, test } from "vitest"
import type { Interface } from "../../../src/model/device/interface.ts"
import { buildArgv } from "../../../src/qemu/argv/argv.ts"
import { type ArgvConfig, defaultArgvConfig } from "../../../src/qemu/argv/context.ts"
import { argv, capabilities, domain, objectsOf, prepared, resources, valuesOf } from "./fixture.ts"

const card: Interface = {
  kind: "interface",
  connection: { type: "bridge", bridge: "br0" },
  model: "virtio",
  ips: []
}

const netdevOf = (taps: NonNullable<(typeof resources)["taps"]>[string]) =>
  objectsOf(argv(domain([card]), { taps: { net0: taps } }), "-netdev")[0]

test("a tap device is opened by its name, and QEMU runs no script for it", () => {
  expect(netdevOf({ ifname: "vnet0", queues: 1, hasVhost: false })).toEqual({
    type: "tap",
    ifname: "vnet0",
    script: "no",
    downscript: "no",
    id: "hostnet0"
  })
  expect(netdevOf({ ifname: "vnet0", queues: 4, hasVhost: true })).toMatchObject({
    queues: 4,
    vhost: true
  })
})

test("the helper makes the device on the bridge", () => {
  expect(netdevOf({ bridge: "br0", helper: "/usr/lib/qemu/helper" })).toEqual({
    type: "bridge",
    br: "br0",
    helper: "/usr/lib/qemu/helper",
    id: "hostnet0"
  })
})

const wordsWith = (config: Partial<ArgvConfig>): readonly string[] =>
  Result.getOrThrow(
    buildArgv(prepared(domain([])), {
      capabilities,
      resources,
      config: { ...defaultArgvConfig, ...config }
    })
  )

test("the process is titled and the log is timed as the config says", () => {
  expect(valuesOf(wordsWith({}), "-name")).toEqual(["guest=guest,debug-threads=on"])
  expect(valuesOf(wordsWith({ setProcessName: true }), "-name")).toEqual([
    "guest=guest,process=qemu:guest,debug-threads=on"
  ])
  expect(valuesOf(wordsWith({}), "-msg")).toEqual(["timestamp=on"])
  expect(valuesOf(wordsWith({ logTimestamp: false }), "-msg")).toEqual([])
})
