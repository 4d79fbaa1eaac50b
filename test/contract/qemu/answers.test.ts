/**
 * Goal: a probe of the simulated QEMU leads the engine to what a probe of the real one leads it to,
 * and the simulated QEMU can read what the engine writes.
 * Method: both answer the engine's questions; definitions, as users write them, are completed and
 * turned into command lines by the capabilities of either, which must be equal.
 */
import { isDeepStrictEqual } from "node:util"
import * as Result from "effect/Result"
import { beforeAll, expect, test } from "vitest"
import { guestDomainXml } from "../../../src/cli/demo/guest.ts"
import { buildArgv } from "../../../src/qemu/argv/argv.ts"
import { defaultArgvConfig } from "../../../src/qemu/argv/context.ts"
import {
  type Capabilities,
  capabilitiesFromReplies,
  capabilityQueries,
  type CapabilityQuery,
  cpuQueries,
  type QmpAnswer
} from "../../../src/qemu/capabilities.ts"
import { prepareDomain } from "../../../src/qemu/complete.ts"
import type { JsonObject } from "../../../src/qmp/json.ts"
import { measuredAnswers } from "../../../src/testing/qemu/answers.ts"
import { ownWords, readCommandLine } from "../../../src/testing/qemu/command-line.ts"
import { perform } from "../../../src/testing/qemu/commands.ts"
import { powerOn } from "../../../src/testing/qemu/model.ts"
import { parseDomain } from "../../../src/xml/domain.ts"
import { binary, withRealQemu } from "./real-qemu.ts"

const queries: readonly CapabilityQuery[] = [...capabilityQueries, ...cpuQueries("tcg")]

const capabilitiesOf = (answers: readonly QmpAnswer[]): Capabilities =>
  Result.getOrThrow(
    capabilitiesFromReplies({
      binary,
      kvm: { unusable: "this test does not try it" },
      common: answers.slice(0, capabilityQueries.length),
      cpus: { tcg: answers.slice(capabilityQueries.length) }
    })
  )

const simulatedAnswers = (): readonly QmpAnswer[] => {
  const line = Result.getOrThrow(readCommandLine(["-machine", "none"]))
  const open = () => undefined
  const surroundings = { line, answers: measuredAnswers, pid: 1, chardevs: [], open }
  return queries.map((query) => {
    const words = (query.arguments ?? {}) as JsonObject
    const { reply } = perform(
      powerOn({ hasBoard: false }),
      { execute: query.execute, words },
      surroundings
    )
    return { ...query, ...reply }
  })
}

const realAnswers = async (): Promise<readonly QmpAnswer[]> => {
  const answers: QmpAnswer[] = []
  await withRealQemu({ words: ["-machine", "none,accel=tcg", "-S"] }, async (qemu) => {
    const client = await qemu.connect()
    await client.ask("qmp_capabilities")
    for (const query of queries) {
      const { id: _, ...reply } = await client.ask(query.execute, query.arguments)
      answers.push({ ...query, ...reply })
    }
  })
  return answers
}

let real: Capabilities
let simulated: Capabilities

beforeAll(async () => {
  real = capabilitiesOf(await realAnswers())
  simulated = capabilitiesOf(simulatedAnswers())
})

const argvOf = (xml: string, capabilities: Capabilities): readonly string[] => {
  const { domain } = Result.getOrThrow(parseDomain(xml))
  const prepared = Result.getOrThrow(
    prepareDomain(domain, {
      capabilities,
      macs: ["52:54:00:00:00:01", "52:54:00:00:00:02"],
      nvramDirectory: "/nvram",
      firmwares: []
    })
  )
  return Result.getOrThrow(
    buildArgv(prepared, {
      capabilities,
      config: defaultArgvConfig,
      resources: {
        stateDirectory: "/state",
        channelDirectory: "/state",
        shortName: "1-guest",
        nowSeconds: 1_234_567_890
      }
    })
  )
}

const definition = (machine: string, devices: string, rest = ""): string => `
  <domain type='qemu'>
    <name>guest</name><uuid>c7a5fdbd-edaf-9455-926a-d65c16db1809</uuid>
    <memory unit='MiB'>64</memory><vcpu>2</vcpu>
    <os><type machine='${machine}'>hvm</type></os>${rest}
    <features><acpi/><apic/></features>
    <devices>${devices}</devices>
  </domain>`

const disk = (target: string, bus: string) => `
  <disk type='file' device='disk'><driver name='qemu' type='raw'/>
    <source file='/${target}.img'/><target dev='${target}' bus='${bus}'/></disk>`

const ordinary = `
  <disk type='file' device='disk'><driver name='qemu' type='qcow2' cache='none' discard='unmap'/>
    <source file='/disk.qcow2'/><target dev='vda' bus='virtio'/></disk>
  <interface type='user'><model type='virtio'/></interface>
  <serial type='pty'/>
  <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
  <input type='tablet' bus='usb'/>
  <graphics type='vnc' autoport='yes'/>
  <video><model type='virtio'/></video>
  <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
  <watchdog model='i6300esb' action='reset'/><panic model='isa'/>
  <sound model='ich9'/><memballoon model='virtio'/>`

const demo = (machine: "pc" | "q35") =>
  guestDomainXml({
    name: "web",
    uuid: "c7a5fdbd-edaf-9455-926a-d65c16db1809",
    diskPath: "/disk.img",
    serial: { kind: "file", path: "/serial" },
    machine
  })

const definitions = [
  ["our own guest on pc", demo("pc")],
  ["our own guest on q35", demo("q35")],
  ["an ordinary guest on pc", definition("pc", ordinary)],
  ["an ordinary guest on q35", definition("q35", ordinary)],
  ["a guest of few words", definition("q35", "")],
  ["a SCSI and a USB disk", definition("pc", disk("sda", "scsi") + disk("sdb", "usb"))],
  ["IDE and SATA disks", definition("q35", disk("sda", "sata") + disk("vdb", "virtio"))],
  ["the host's CPU spelled out", definition("pc", "", "<cpu mode='host-model'/>")]
] as const

test.each(definitions)("%s gets the same command line, which can be read", (_name, xml) => {
  const words = argvOf(xml, simulated)
  expect(words).toEqual(argvOf(xml, real))
  expect(Result.isSuccess(readCommandLine(ownWords(words)))).toBe(true)
})

test("what was cut away was cut, and nothing was made up", () => {
  const isPart = (part: readonly unknown[], whole: readonly unknown[]) =>
    part.every((one) => whole.some((other) => isDeepStrictEqual(one, other)))
  expect(simulated.version).toEqual(real.version)
  expect(simulated.schema).toEqual(real.schema)
  expect(isPart(simulated.machines, real.machines)).toBe(true)
  expect(isPart(simulated.types, real.types)).toBe(true)
  expect(isPart(simulated.commands, real.commands)).toBe(true)
  expect(isPart(simulated.cpus.tcg?.models ?? [], real.cpus.tcg?.models ?? [])).toBe(true)
  for (const part of ["properties", "options"] as const)
    for (const [name, names] of Object.entries(simulated[part]))
      expect(isPart(names, real[part][name] ?? []), name).toBe(true)
})
