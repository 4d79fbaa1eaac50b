/**
 * Goal: devices of the host are told in libvirt's format, and told as libvirt tells them.
 * Method: libvirt's schema over devices of every kind, simulated, and over those of this host; and
 * each device of this host against Debian's libvirtd, element by element.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { expect, onTestFinished, test } from "vitest"
import { makeNodeDevices, type NodeDevices } from "../../../src/engine/node-device.ts"
import { SimulatedHost } from "../../../src/testing/host/host.ts"
import { World } from "../../../src/testing/world.ts"
import { type Element, parseElement } from "../../../src/xml/element.ts"
import { buildTools, libvirtd, missing } from "../../benchmark/rpc-daemons.ts"
import { everyDevice } from "../../unit/node/every-device.ts"
import { runOn } from "../../unit/node/host.ts"
import { virsh } from "../daemon/stage.ts"
import { objections, onHost, uncheckable } from "./stage.ts"

const uuid = Effect.succeed("9a1b2c3d-0000-4000-8000-000000000001")

const allTexts = ({ list, xml }: NodeDevices) =>
  Effect.flatMap(list, (devices) =>
    Effect.forEach(devices, ({ name }) => Effect.map(xml(name), (text) => [name, text] as const))
  )

const simulated = () =>
  runOn(
    new SimulatedHost(new World([]), { devices: everyDevice }),
    Effect.scoped(Effect.flatMap(makeNodeDevices({ uuid }), allTexts))
  )

test("libvirt's schema takes devices of every kind, and those of this host", async ({ skip }) => {
  const why = await uncheckable()
  if (why !== undefined) return skip(why)
  const real = await onHost(({ node }) => allTexts(node.devices))
  for (const [name, text] of [...simulated(), ...real])
    expect({ name, objections: await objections("nodedev", text) }).toEqual({
      name,
      objections: ""
    })
})

/** What libvirtd says and nobody else here can: by ioctl, or a speed that is not known. */
const isOurs = (element: Element): boolean => element.name !== "feature"

const unknownSpeed = String(2 ** 32 - 1)

/** Names, attributes and texts in their order, without the white space between. */
const plain = (element: Element): unknown => ({
  name: element.name,
  attributes: element.attributes
    .filter(({ name, value }) => !(name === "speed" && value === unknownSpeed))
    .map(({ name, value }) => `${name}=${value}`),
  children: element.children.flatMap((child) => {
    if (typeof child === "string") return child.trim() === "" ? [] : [child]
    // Where the firmware tells no uuid, libvirtd says zeros, and ours the engine's own.
    return isOurs(child) && child.name !== "uuid" ? [plain(child)] : []
  })
})

const plainText = (xml: string): unknown => plain(Result.getOrThrow(parseElement(xml)))

/** Debian's libvirtd in a folder of its own, gone with the test. */
const startLibvirtd = async (): Promise<string> => {
  const directory = mkdtempSync(join(tmpdir(), "troupe-lv-"))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  buildTools(directory)
  const daemon = libvirtd(directory, join(directory, "d"))
  onTestFinished(daemon.stop)
  await daemon.start()
  return daemon.uri
}

test("this host's devices are the same as Debian's libvirtd tells them", async ({ skip }) => {
  const why = missing()
  if (why !== undefined) return skip(why)
  const uri = await startLibvirtd()
  // It lists them in the background after it has begun to answer.
  await expect.poll(async () => (await virsh(uri, "nodedev-list")).out).not.toBe("computer")
  const ours = new Map(await onHost(({ node }) => allTexts(node.devices)))
  const { out } = await virsh(uri, "nodedev-list")
  expect(out.split("\n").toSorted()).toEqual([...ours.keys()].toSorted())
  for (const [name, text] of ours)
    expect(plainText(text)).toEqual(plainText((await virsh(uri, "nodedev-dumpxml", name)).out))
})
