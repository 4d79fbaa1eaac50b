/**
 * Goal: what the engine says of this host is true: libvirt's schemas take it, the host says the
 * same, and every device that is offered starts under the real QEMU.
 * Method: an engine on a root of its own; /proc and Node's own view of the host; one paused guest
 * for each value that domain capabilities offer.
 */
import * as fs from "node:fs"
import * as os from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { expect, test } from "vitest"
import type { Engine } from "../../../src/engine/engine.ts"
import { deviceOffers, type Offer } from "../../../src/node/offers.ts"
import { parseElement } from "../../../src/xml/element.ts"
import { at, attributeOf, childrenOf, objections, onHost, textOf, uncheckable } from "./stage.ts"

const machines = ["pc", "q35"] as const

const parsed = (xml: string) => Result.getOrThrow(parseElement(xml))

/**
 * libvirt's schema of host features has no dot, and libvirt writes `sse4.1` all the same.
 */
const withoutDots = (xml: string): string =>
  xml.replaceAll(/^ *<feature name='sse4\.\d'\/>\n/gm, "")

test("libvirt's schemas take both kinds of capabilities", async ({ skip }) => {
  const why = await uncheckable()
  if (why !== undefined) return skip(why)
  const texts = await onHost(({ node }) =>
    Effect.all({
      host: node.capabilities,
      guests: Effect.forEach(machines, (machine) => node.domainCapabilities({ machine })),
      small: node.domainCapabilities({ arch: "i686" })
    })
  )
  expect(await objections("capability", withoutDots(texts.host))).toBe("")
  for (const text of [...texts.guests, texts.small])
    expect(await objections("domaincaps", text)).toBe("")
})

test("the host is as big as its kernel says", async () => {
  const found = await onHost(({ node }) =>
    Effect.all({
      info: node.info,
      hostname: node.hostname,
      map: node.cpuMap,
      times: node.cpuStats("all"),
      memory: node.memoryStats("all"),
      free: node.freeMemory
    })
  )
  expect(found.info.cpus).toBe(os.cpus().length)
  expect(found.map.online).toBe(os.cpus().length)
  expect(found.hostname).toBe(os.hostname())
  expect(found.memory.total).toBe(os.totalmem() / 1024)
  expect(found.info.memoryKiB).toBeGreaterThan(0)
  expect(found.free).toBeGreaterThan(0n)
  expect(found.times.idle).toBeGreaterThan(0n)
})

test("capabilities name an emulator, a default machine, and KVM only where it runs", async () => {
  const { text, again, kvm } = await onHost((engine) =>
    Effect.all({
      text: engine.node.capabilities,
      again: engine.node.capabilities,
      kvm: Effect.map(engine.capabilities(), ({ accelerators }) => accelerators.kvm)
    })
  )
  expect(again).toBe(text)
  const root = parsed(text)
  const arch = childrenOf(root, "guest")
    .map((guest) => at(guest, "arch"))
    .find((one) => attributeOf(one, "name") === "x86_64")
  expect(arch).toBeDefined()
  if (arch === undefined) return
  expect(fs.existsSync(textOf(at(arch, "emulator")))).toBe(true)
  expect(textOf(at(arch, "machine"))).toMatch(/^pc-i440fx-/)
  const types = childrenOf(arch, "domain").map((one) => attributeOf(one, "type"))
  expect(types.includes("qemu")).toBe(true)
  expect(types.includes("kvm")).toBe(kvm === "usable")
  expect(attributeOf(at(root, "host/topology/cells"), "num")).toMatch(/^[1-9]/)
})

test("the host's uuid is the same for every engine of a root", async () => {
  const uuids = await onHost((engine, root) =>
    Effect.gen(function* () {
      const first = yield* engine.node.uuid
      const kept = join(root, "lib/host-uuid")
      return [first, fs.existsSync(kept) ? fs.readFileSync(kept, "utf8").trim() : first]
    })
  )
  expect(uuids[0]).toMatch(/^[0-9a-f-]{36}$/)
  expect(uuids[1]).toBe(uuids[0])
})

/** Values that need something beside the guest: a device of the host, a server to connect to. */
const standAlone = (device: string, offer: Offer, value: string): boolean =>
  device !== "hostdev" && value !== "lun" && value !== "egd" && offer.name !== "capsType"

interface Guest {
  readonly name: string
  readonly machine: string
  readonly inside: string
  readonly rest?: string
}

const definition = ({ name, machine, inside, rest = "" }: Guest): string =>
  `<domain type='qemu'><name>${name}</name><memory unit='MiB'>32</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='${machine}'>hvm</type></os>
  <features><acpi/></features>${rest}<devices>${inside}</devices></domain>`

/** Starts it paused and ends it; undefined when it ran, else why not. */
const startProblem = (engine: Engine, guest: Guest) =>
  engine.createXML(definition(guest), { isPaused: true }).pipe(
    Effect.flatMap((domain) => domain.destroy()),
    Effect.as(undefined),
    Effect.catch((error) => Effect.succeed(`${guest.name}: ${error.message}`))
  )

test.for(machines)("what is offered to a guest of %s starts", async (machine) => {
  const problems = await onHost((engine, root) =>
    Effect.gen(function* () {
      const image = join(root, "image")
      const folder = join(root, "folder")
      fs.writeFileSync(image, Buffer.alloc(1024 * 1024))
      fs.mkdirSync(folder)
      const devices = at(parsed(yield* engine.node.domainCapabilities({ machine })), "devices")
      const found: string[] = []
      let started = 0
      for (const { name: device, offers } of deviceOffers(false)) {
        const [element] = childrenOf(devices, device)
        for (const offer of offers) {
          const values = childrenOf(element ?? devices, "enum")
            .filter((one) => attributeOf(one, "name") === offer.name)
            .flatMap((one) => childrenOf(one, "value").map(textOf))
          for (const value of values) {
            if (!standAlone(device, offer, value)) continue
            const inside = (offer.wish(value).devices ?? "")
              .replace("/image", image)
              .replace("/folder", folder)
            const guest = { name: `${device}-${offer.name}-${value}`, machine, inside }
            const problem = yield* startProblem(engine, guest)
            if (problem !== undefined) found.push(problem)
            started += 1
          }
        }
      }
      expect(started).toBeGreaterThan(20)
      return found
    })
  )
  expect(problems).toEqual([])
})

test("the host's model starts as a mode, and as the named model that it is told as", async () => {
  const problems = await onHost((engine) =>
    Effect.gen(function* () {
      const root = parsed(yield* engine.node.domainCapabilities({ virtType: "qemu" }))
      const [mode] = childrenOf(at(root, "cpu"), "mode").filter(
        (one) => attributeOf(one, "name") === "host-model"
      )
      expect(mode === undefined ? "none" : attributeOf(mode, "supported")).toBe("yes")
      if (mode === undefined) return []
      const features = childrenOf(mode, "feature").map((one) => {
        const [policy, name] = [attributeOf(one, "policy"), attributeOf(one, "name")]
        return `<feature policy='${policy}' name='${name}'/>`
      })
      const model = `<model>${textOf(at(mode, "model"))}</model>`
      const named = `<cpu mode='custom' match='exact'>${model}${features.join("")}</cpu>`
      const guest = { name: "g", machine: "q35", inside: "" }
      return [
        yield* startProblem(engine, { ...guest, rest: "<cpu mode='host-model'/>" }),
        yield* startProblem(engine, { ...guest, rest: named })
      ]
    })
  )
  expect(problems).toEqual([undefined, undefined])
})

test("what there is not is a typed refusal that names it", async () => {
  const tags = await onHost(({ node }) =>
    Effect.forEach(
      [
        node.domainCapabilities({ machine: "none" }),
        node.domainCapabilities({ machine: "nonsense" }),
        node.domainCapabilities({ virtType: "nonsense" }),
        node.domainCapabilities({ virtType: "xen" }),
        node.domainCapabilities({ emulator: "qemu" }),
        node.domainCapabilities({ arch: "sparc" }),
        node.domainCapabilities({ emulator: "/nonexistent" }),
        node.compareCpu("<cpu><model>Nobody</model></cpu>"),
        node.baselineCpu([])
      ],
      (asked) => Effect.map(Effect.flip(asked), ({ _tag }) => _tag)
    )
  )
  const argument = "NodeArgumentInvalid"
  const where = ["NodeUnsupported", "ProbeFailed"]
  expect(tags).toEqual([
    argument,
    argument,
    argument,
    argument,
    argument,
    ...where,
    argument,
    argument
  ])
})

test("models are spelled out by this QEMU, and compared", async () => {
  const found = await onHost(({ node }) =>
    Effect.gen(function* () {
      const cpu = (model: string) => `<cpu><model>${model}</model></cpu>`
      const names = yield* node.cpuModelNames("x86_64")
      const qemu = { virtType: "qemu" }
      return {
        names,
        small: yield* node.compareHypervisorCpu(qemu, cpu("qemu64")),
        huge: yield* node.compareHypervisorCpu(qemu, cpu("Icelake-Server")),
        failing: yield* Effect.flip(
          node.compareHypervisorCpu(qemu, cpu("Icelake-Server"), { isFailing: true })
        ),
        common: yield* node.baselineCpu([cpu("Penryn"), cpu("Nehalem")])
      }
    })
  )
  expect(found.names).toContain("qemu64")
  expect(found.names).not.toContain("host")
  expect(found).toMatchObject({ small: "superset", huge: "incompatible" })
  expect(found.failing._tag).toBe("CpuIncompatible")
  expect(found.common).toContain("<model fallback='forbid'>Penryn</model>")
})
