/**
 * Goal: a daemon that has not our program shows the same devices, drivers, groups and holders, by
 * its XML alone; and is told to be one where only ours can do what is asked.
 * Method: our own daemon in the simulated world, asked once as it is, and once through a client for
 * which it refuses our program in libvirtd's words.
 */
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import { hostdevs } from "../../../src/cli/remote/hostdevs.ts"
import { detach, nodeDevices } from "../../../src/cli/remote/node-devices.ts"
import type { Remote } from "../../../src/rpc/client/connect.ts"
import { RemoteError } from "../../../src/rpc/client/error.ts"
import { card, deviceShapes, twin } from "../../../src/testing/host/device-shapes.ts"
import type { Devices } from "../../../src/testing/host/sysfs.ts"
import { type DeviceStage, deviceStage, guestXml } from "../rpc/handlers/device-stage.ts"

const refusal = (procedure: string, code: number, text: string) =>
  Effect.fail(new RemoteError({ procedure, code, domain: 0, text }))

/** A client of the stage's daemon; `isForeign` as of one that has only libvirt's programs. */
const remoteOf = ({ call }: DeviceStage, isForeign: boolean): Remote => {
  const through = (program: string, name: string, args: unknown) =>
    Effect.suspend(() => {
      if (isForeign && program === "troupe")
        return refusal(name, 39, "Cannot find program 544502384 version 1")
      const answer: unknown = call(program as never, name as never, args as never)
      const isRefused = typeof answer === "object" && answer !== null && "says" in answer
      return isRefused ? refusal(name, 9, String(answer.says)) : Effect.succeed(answer)
    })
  return { call: through } as unknown as Remote
}

interface Row {
  readonly device: string
  readonly whyNot: string | undefined
}

const rowsOf = (stage: DeviceStage, isForeign: boolean, isUsable = false): readonly Row[] =>
  Effect.runSync(hostdevs(remoteOf(stage, isForeign), { isUsable })).value as readonly Row[]

const everything: Devices = {
  pci: [
    card,
    { ...twin, driver: "vfio-pci" },
    ...deviceShapes.twoFunctions.pci,
    { address: "0000:00:1f.0", vendor: 0x80_86, device: 0x29_18, class: 0x06_01_00 }
  ],
  ...deviceShapes.usbSticks
}

const plain = ({ whyNot: _, ...row }: Row) => row

test("by XML alone the same rows come out, but for what only the daemon knows", () => {
  const stage = deviceStage({ devices: everything })
  stage.call("remote", "DOMAIN_CREATE_XML", { xml_desc: guestXml(true), flags: 0 })
  const [ours, foreign] = [rowsOf(stage, false), rowsOf(stage, true)]
  expect(foreign.map(plain)).toEqual(ours.map(plain))
  expect(foreign.find(({ device }) => device === "0000:03:00.0")?.whyNot).toBe("guest 'web' has it")
})

test("--usable leaves out what cannot be given, as far as that is known", () => {
  const stage = deviceStage({ devices: everything })
  const names = (isForeign: boolean) => rowsOf(stage, isForeign, true).map(({ device }) => device)
  expect(names(false)).not.toContain("0000:01:00.0")
  expect(names(false)).toContain("0000:03:00.0")
  expect(names(true)).toContain("0000:03:00.0")
  expect(names(true)).not.toContain("0000:00:1f.0")
})

/** Another daemon, whose guest `db` has these devices, and which tells of these of the host. */
const others = (devices: string, host: { readonly [name: string]: string }): Remote => {
  const answers: { readonly [name: string]: (args: { name?: string }) => unknown } = {
    CONNECT_LIST_ALL_DOMAINS: () => ({ domains: [{ name: "db", uuid: "", id: 1 }] }),
    DOMAIN_GET_XML_DESC: () => ({ xml: `<domain><devices>${devices}</devices></domain>` }),
    CONNECT_LIST_ALL_NODE_DEVICES: () => ({
      devices: Object.keys(host).map((name) => ({ name, parent: null }))
    }),
    NODE_DEVICE_GET_XML_DESC: ({ name = "" }) => ({
      xml: `<device><name>${name}</name>${host[name]}</device>`
    })
  }
  const call = (program: string, name: string, args: object) =>
    program === "troupe"
      ? refusal(name, 39, "Cannot find program 544502384 version 1")
      : Effect.sync(() => answers[name]?.(args))
  return { call } as unknown as Remote
}

test("what a guest of another daemon has is not listed as usable, whatever element says it", () => {
  const pci = (bus: number, slot: number) =>
    "<driver><name>igbvf</name></driver><capability type='pci'><domain>0</domain>" +
    `<bus>${bus}</bus><slot>${slot}</slot><function>0</function><iommuGroup number='9'/>` +
    "</capability>"
  const unit = (lun: number) =>
    "<capability type='scsi'><host>2</host><bus>0</bus><target>1</target>" +
    `<lun>${lun}</lun><type>tape</type></capability>`
  const host = {
    pci_0000_03_10_0: pci(3, 16),
    pci_0000_03_11_0: pci(3, 17),
    scsi_2_0_1_3: unit(3),
    scsi_2_0_1_4: unit(4)
  }
  const devices =
    "<interface type='hostdev' managed='yes'><mac address='52:54:00:aa:bb:cc'/><source>" +
    "<address type='pci' domain='0x0000' bus='0x03' slot='0x10' function='0x0'/></source>" +
    "</interface><interface type='network'><source network='default'/></interface>" +
    "<hostdev mode='subsystem' type='scsi'><source><adapter name='scsi_host2'/>" +
    "<address bus='0' target='1' unit='3'/></source></hostdev>"
  const listed = (isUsable: boolean) =>
    Effect.runSync(hostdevs(others(devices, host), { isUsable })).value as readonly Row[]
  expect(listed(true).map(({ device }) => device)).toEqual(["0000:03:11.0", "2:0:1:4"])
  expect(listed(false).filter(({ whyNot }) => whyNot === "guest 'db' has it")).toMatchObject([
    { device: "0000:03:10.0", state: "assigned", holder: "db" },
    { device: "2:0:1:3", state: "assigned", holder: "db" }
  ])
})

test("another daemon has no --force, and an unknown kind of device is told first", () => {
  const stage = deviceStage({ devices: everything })
  const failed = <A, E extends { readonly message: string }>(work: Effect.Effect<A, E>): string =>
    Effect.runSync(Effect.flip(work)).message
  const forced = { name: "pci_0000_03_00_0", driver: undefined, isForced: true }
  expect(failed(detach(remoteOf(stage, true), forced))).toContain("has no --force")
  expect(stage.driver("0000:03:00.0")).toBe("e1000e")
  Effect.runSync(detach(remoteOf(stage, false), forced))
  expect(stage.driver("0000:03:00.0")).toBe("vfio-pci")
  const strange = { capabilities: "pci,cards", isTree: false }
  expect(failed(nodeDevices(remoteOf(stage, false), strange))).toContain("'cards' is no kind")
})

test("the tree has each device once, below what it is plugged into", () => {
  const stage = deviceStage({ devices: deviceShapes.behindBridge })
  const asked = { capabilities: undefined, isTree: true }
  const { text } = Effect.runSync(nodeDevices(remoteOf(stage, true), asked)) as {
    readonly text?: string
  }
  expect(text).toBe("computer\n  pci_0000_00_1c_0\n    pci_0000_05_00_0\n")
})
