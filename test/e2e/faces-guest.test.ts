/**
 * Goal: what the promise face asks of a running guest reaches it: figures, orders, keys of its
 * monitor, QEMU's own events, its console's bytes. Method: engines in this process, QEMU under TCG,
 * Troupe's own test guest, which counts seconds on its serial line and obeys single letters.
 */
import { expect, test } from "vitest"
import { guestLines, guestOrders } from "../../src/cli/demo/guest.ts"
import {
  AgentNotConfigured,
  ConsoleBusy,
  type Console,
  NotRunning,
  OperationFailed,
  Troupe
} from "../../src/index.ts"
import { setStage, type Stage } from "./faces-stage.ts"

const withTerminal = (stage: Stage, name: string): string =>
  stage.definition(name).replace(/<serial[\s\S]*<\/serial>/, "<serial type='pty'/>")

/** Reads until the guest has said it. */
const says = async (line: Console, pattern: RegExp): Promise<string> => {
  let said = ""
  for await (const bytes of line) {
    said += new TextDecoder("latin1").decode(bytes)
    if (pattern.test(said)) return said
  }
  throw new Error(`it ended, and said only: ${said}`)
}

test("a guest is asked for its figures, and its definition changes while it runs", async () => {
  await using stage = setStage()
  await using troupe = await Troupe.open({ root: stage.root, guests: "stop" })
  const web = await troupe.define(stage.definition("web"))
  await expect(web.guest.blockStats("vda")).rejects.toThrow(NotRunning)
  await web.start()
  expect((await web.guest.blockStats("vda")).readRequests).toBeGreaterThanOrEqual(0)
  expect(await web.guest.blockInfo("vda")).toMatchObject({ capacity: 1024 * 1024 })
  expect(await web.guest.vcpuCount()).toBe(1)
  expect(await web.guest.vcpuCount({ isMaximum: true, config: true })).toBe(1)
  const status: unknown = JSON.parse(
    await web.guest.monitorCommand('{"execute":"query-status"}', { operationId: "a look" })
  )
  expect(status).toMatchObject({ return: { status: "running" } })
  expect(await web.guest.monitorCommand("info status", { isHuman: true })).toContain("running")
  await expect(web.guest.monitorCommand("{}", { signal: AbortSignal.abort() })).rejects.toThrow(
    "aborted"
  )
  await web.guest.setMemory(16 * 1024, { config: true })
  expect(await web.xml({ isInactive: true })).toContain("<currentMemory unit='KiB'>16384<")
  await expect(web.agent.hostname()).rejects.toThrow(AgentNotConfigured)
})

test("figures of all domains come in one answer, and what is published at once", async () => {
  await using stage = setStage()
  await using troupe = await Troupe.open({ root: stage.root, guests: "stop" })
  const web = await troupe.create(stage.definition("web"))
  await troupe.define(stage.definition("off"))
  const [first, ...others] = await troupe.domainStats({ groups: ["state"] })
  expect([first?.name, others[0]?.name, others.length]).toEqual(["off", "web", 1])
  expect(await troupe.domainStats({ filter: { isActive: true } })).toMatchObject([{ name: "web" }])
  const published = troupe.published()
  expect(published?.byName("web")).toMatchObject({ uuid: web.uuid, state: "running" })
  expect(published?.all()).toHaveLength(2)
  const { argv } = await troupe.toNative(await web.xml({ isInactive: true }))
  expect(argv).toContain("guest=web,debug-threads=on")
  await troupe.close({ guests: "stop" })
  expect(troupe.published()).toBeUndefined()
})

test("QEMU's own events come by name, from when they were asked for", async () => {
  await using stage = setStage()
  await using troupe = await Troupe.open({ root: stage.root, guests: "stop" })
  const web = await troupe.create(stage.definition("web"))
  await using events = troupe.monitorEvents({
    domain: web.uuid,
    isMeant: (event) => ["STOP", "RESUME"].includes(event)
  })
  await web.suspend()
  await web.resume()
  const heard = [await events.next(), await events.next()]
  expect(heard.map(({ value }) => value)).toMatchObject([{ event: "STOP" }, { event: "RESUME" }])
})

test("a console carries bytes both ways, to one user, and ends with its guest", async () => {
  await using stage = setStage()
  await using troupe = await Troupe.open({ root: stage.root, guests: "stop" })
  const web = await troupe.create(withTerminal(stage, "web"))
  await using line = await web.openConsole({ device: "serial0" })
  await says(line, /tick \d+\r\n/)
  await line.write(guestOrders.reboot)
  await says(line, new RegExp(`${guestLines.reboot}[^]*${guestLines.up}`))
  await expect(web.openConsole()).rejects.toThrow(ConsoleBusy)
  const second = await web.openConsole({ force: true })
  expect(await line.ended).toBe("taken over")
  await expect(line.write("o")).rejects.toThrow(OperationFailed)
  await second.close()
  await using third = await web.openConsole()
  // QEMU looks once a second whether somebody is at its terminal; before that it says nothing.
  await says(third, /tick \d+\r\n/)
  const writer = third.writable.getWriter()
  await writer.write(new TextEncoder().encode(guestOrders.powerOff))
  let rest = ""
  for await (const bytes of third.readable) rest += new TextDecoder("latin1").decode(bytes)
  expect(rest).toContain(guestLines.off)
  expect(await third.ended).toBe("guest ended")
})

test("the host tells its size, its guests and its devices", async () => {
  await using stage = setStage()
  await using troupe = await Troupe.open({ root: stage.root })
  const { node } = troupe
  const { cpus, memoryKiB } = await node.info()
  expect([cpus, memoryKiB].every((figure) => figure > 0)).toBe(true)
  expect(await node.freeMemory()).toBeTypeOf("bigint")
  expect(await node.capabilities()).toMatch(/^<capabilities>/)
  expect(await node.domainCapabilities({ arch: "x86_64" })).toContain("<arch>x86_64</arch>")
  await expect(node.cpuStats(1_000_000)).rejects.toMatchObject({ _tag: "NodeArgumentInvalid" })
  expect((await node.devices.list()).map(({ name }) => name)).toContain("computer")
  await using events = await node.devices.events()
  const first = events.next()
  await troupe.close()
  expect(await first).toEqual({ done: true, value: undefined })
})
