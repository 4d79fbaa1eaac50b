/**
 * Goal: the promise face does to real guests what it says: life cycle, definitions, events, aborts,
 * connections, and what becomes of guests when an engine closes.
 * Method: engines in this process on roots of their own, QEMU under TCG, Troupe's own test guest.
 */
import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { guestLines } from "../../src/cli/demo/guest.ts"
import {
  DomainExists,
  DomainNotFound,
  RequestDenied,
  RootLocked,
  StateNotReached,
  Troupe,
  type TroupeEvent,
  XmlError
} from "../../src/index.ts"
import { guestsIn, setStage } from "./faces-stage.ts"

const until = async (isSo: () => boolean) => {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 20))
}

test("a guest is started, paused, resumed and powered off at its button", async () => {
  await using stage = setStage()
  await using troupe = await Troupe.open({ root: stage.root, guests: "stop" })
  const web = await troupe.define(stage.definition("web"))
  const id = await web.start()
  expect(await web.summary()).toMatchObject({ id, name: "web", state: "running", reason: "booted" })
  await until(() => stage.serial("web").includes(guestLines.up))
  await web.suspend()
  expect(await web.summary()).toMatchObject({ state: "paused", reason: "user" })
  await web.resume()
  expect(await web.summary()).toMatchObject({ state: "running", reason: "unpaused" })
  const { pid, cpuTimeNs, vcpus, memoryKiB } = await web.info()
  expect(guestsIn(stage.directory)).toEqual([pid])
  expect({ vcpus, memoryKiB }).toEqual({ vcpus: 1, memoryKiB: 32 * 1024 })
  expect(cpuTimeNs).toBeGreaterThan(0)
  await web.shutdown({ mode: "acpi" })
  await web.waitFor("shutoff")
  expect(await web.summary()).toMatchObject({ id: undefined, reason: "shutdown", epoch: undefined })
  expect(stage.serial("web")).toContain(guestLines.powerButton)
  expect(guestsIn(stage.directory)).toEqual([])
})

test("a reset and a reboot keep the process, and the guest comes up again", async () => {
  await using stage = setStage()
  await using troupe = await Troupe.open({ root: stage.root, guests: "stop" })
  const web = await troupe.create(stage.definition("web"))
  const ups = () => stage.serial("web").split(guestLines.up).length - 1
  const { pid, epoch } = await web.info()
  await until(() => ups() === 1)
  await web.reset()
  await until(() => ups() === 2)
  await web.reboot({ mode: "acpi" })
  await until(() => ups() === 3)
  expect(await web.info()).toMatchObject({ pid, epoch, state: "running" })
})

test("a guest that is started paused has run no instruction until it is resumed", async () => {
  await using stage = setStage()
  await using troupe = await Troupe.open({ root: stage.root, guests: "stop" })
  const web = await troupe.define(stage.definition("web"))
  await web.start({ isPaused: true })
  expect(await web.summary()).toMatchObject({ state: "paused", reason: "user" })
  expect(stage.serial("web")).toBe("")
  await web.resume()
  await until(() => stage.serial("web").includes(guestLines.up))
})

test("definitions outlive the engine with their autostart, title, and metadata", async () => {
  await using stage = setStage()
  const uri = "https://example.org/owner"
  {
    await using troupe = await Troupe.open({ root: stage.root })
    const web = await troupe.define(stage.definition("web"))
    await web.setTitle("a web server")
    await web.setDescription("two\nlines")
    await web.setMetadata({ uri, key: "o", xml: "<owner>me</owner>" })
    await web.rename("www")
    await web.setAutostart(true)
  }
  await using troupe = await Troupe.open({ root: stage.root, guests: "stop" })
  const www = await troupe.lookup("www")
  await www.waitFor("running")
  expect(await www.title()).toBe("a web server")
  expect(await www.description()).toBe("two\nlines")
  expect(await www.metadata(uri)).toContain("<o:owner xmlns:o='https://example.org/owner'>me<")
  await www.setTitle("only now", { live: true })
  expect(await www.xml()).toContain("<title>only now</title>")
  expect(await www.xml({ isInactive: true })).toContain("<title>a web server</title>")
  expect(await troupe.list({ isAutostart: true })).toMatchObject([{ name: "www" }])
  expect(await www.xml()).toMatch(/^<domain type='qemu' id='1'>/)
  await expect(troupe.lookup("web")).rejects.toThrow(DomainNotFound)
})

test("a transient guest is gone when it ends, and stays when it is defined meanwhile", async () => {
  await using stage = setStage()
  await using troupe = await Troupe.open({ root: stage.root, guests: "stop" })
  const short = await troupe.create(stage.definition("short"))
  const kept = await troupe.create(stage.definition("kept"))
  expect(await troupe.list({ isPersistent: false })).toHaveLength(2)
  await troupe.define(await kept.xml({ isInactive: true }))
  await Promise.all([short.destroy(), kept.destroy()])
  expect(await troupe.list()).toMatchObject([{ name: "kept", state: "shutoff", isActive: false }])
  await expect(short.summary()).rejects.toThrow("there is no domain 'short'")
  await kept.undefine()
  expect(await troupe.list()).toEqual([])
})

test("what is not possible is refused by an error that names what and why", async () => {
  await using stage = setStage()
  await using troupe = await Troupe.open({ root: stage.root, guests: "stop" })
  const xml = stage.definition("web")
  const web = await troupe.define(xml)
  await expect(web.suspend()).rejects.toThrow(RequestDenied)
  await expect(troupe.define("<domain type='qemu'>\n  <name>x</nome>")).rejects.toMatchObject({
    _tag: "XmlError",
    line: 2
  } satisfies Partial<XmlError>)
  await expect(troupe.define(xml.replace("<vcpu>", "<vcpu current='9'>"))).rejects.toThrow("vcpu")
  const other = xml.replace("</name>", `</name><uuid>${crypto.randomUUID()}</uuid>`)
  await expect(troupe.define(other)).rejects.toThrow(DomainExists)
  await web.start()
  await expect(web.rename("www")).rejects.toThrow("cannot rename 'web': it is running")
  await expect(web.start()).rejects.toThrow("the domain is active already")
  await expect(Troupe.open({ root: stage.root })).rejects.toThrow(RootLocked)
  await expect(Troupe.open({ root: stage.root })).rejects.toThrow(`pid ${process.pid}`)
  expect(await troupe.list()).toMatchObject([{ name: "web", state: "running" }])
})

test("an aborted call throws the signal's reason, and the engine goes on", async () => {
  await using stage = setStage()
  await using troupe = await Troupe.open({ root: stage.root, guests: "stop" })
  const web = await troupe.define(stage.definition("web"))
  const abort = new AbortController()
  const waiting = web.waitFor("running", { signal: abort.signal })
  abort.abort(new Error("changed my mind"))
  await expect(waiting).rejects.toThrow("changed my mind")
  await expect(web.start({ signal: abort.signal })).rejects.toThrow("changed my mind")
  expect((await web.summary()).state).toBe("shutoff")
  await expect(web.waitFor("running", { timeoutMs: 1 })).rejects.toThrow(StateNotReached)
  await web.start()
  await web.waitFor("running")
})

test("events come in order from the moment they were asked for", async () => {
  await using stage = setStage()
  await using troupe = await Troupe.open({ root: stage.root, guests: "stop" })
  const web = await troupe.define(stage.definition("web"))
  const other = await troupe.define(stage.definition("other"))
  const events = troupe.events({ domain: web.uuid, withCurrent: true })
  await other.start()
  await web.start()
  await web.destroy()
  const heard: TroupeEvent[] = []
  for await (const event of events) {
    heard.push(event)
    if (event.type === "lifecycle" && event.event === "stopped") break
  }
  expect(heard).toMatchObject([
    { type: "current", name: "web", state: "shutoff" },
    { type: "lifecycle", event: "started", detail: "booted" },
    { type: "lifecycle", event: "stopped", detail: "destroyed" }
  ])
  expect(await events.next()).toEqual({ done: true, value: undefined })
})

test("a connection that closes ends its guests and no others", async () => {
  await using stage = setStage()
  await using troupe = await Troupe.open({ root: stage.root, guests: "stop" })
  const connection = await troupe.connect()
  const bound = await troupe.create(stage.definition("bound"), { autoDestroy: connection })
  const free = await troupe.create(stage.definition("free"))
  await connection.close()
  await expect(bound.summary()).rejects.toThrow(DomainNotFound)
  expect((await free.summary()).state).toBe("running")
})

test("closing detaches: the next engine finds the same guest, and can stop it", async () => {
  await using stage = setStage()
  const first = await Troupe.open({ root: stage.root })
  const { epoch, pid } = await (await first.create(stage.definition("web"))).info()
  await first.close()
  await expect(first.list()).rejects.toThrow()
  expect(guestsIn(stage.directory)).toEqual([pid])
  const second = await Troupe.open({ root: stage.root })
  const web = await second.lookup("web")
  expect(await web.info()).toMatchObject({ epoch, pid, state: "running" })
  await web.suspend()
  await second.close({ guests: "stop" })
  expect(guestsIn(stage.directory)).toEqual([])
})

test("a configuration that is wrong changes nothing, and one that is right is taken", async () => {
  await using stage = setStage()
  await using troupe = await Troupe.open({ root: stage.root })
  const { writeFileSync } = await import("node:fs")
  const path = `${stage.root}/etc/qemu.conf`
  const before = await troupe.config()
  writeFileSync(path, "max_files = nonsense\n")
  await expect(troupe.reloadConfig()).rejects.toThrow(/qemu\.conf:1/)
  expect((await troupe.config()).values).toEqual(before.values)
  writeFileSync(path, "max_files = 4096\n")
  expect((await troupe.reloadConfig()).values.maxFiles).toBe(4096)
  expect(readFileSync(path, "utf8")).toContain("4096")
})
