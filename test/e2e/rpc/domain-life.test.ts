// Goal: a guest lives as its user tells it to by virsh, and virsh says what users of libvirt know.
// Method: a real daemon, Debian's virsh, and real QEMU with a guest that obeys the power button.
import { expect, test } from "vitest"
import { python, stage, until } from "./stage.ts"

test("virsh takes a guest through its whole life", async () => {
  const { ok, definition, serial } = await stage()
  const state = () => ok("domstate", "web", "--reason")
  expect(await ok("define", definition("web"))).toMatch(/^Domain 'web' defined from /)
  expect(await state()).toBe("shut off (unknown)")
  expect(await ok("start", "web")).toBe("Domain 'web' started")
  expect(await state()).toBe("running (booted)")
  await until("the guest to be up", () => serial("web").includes("TROUPE GUEST UP"))
  await ok("suspend", "web")
  expect(await state()).toBe("paused (user)")
  await ok("suspend", "web")
  await ok("resume", "web")
  expect(await state()).toBe("running (unpaused)")
  await ok("reset", "web")
  const ups = () => serial("web").split("TROUPE GUEST UP").length - 1
  await until("the guest to be up again", () => ups() > 1)
  expect(await ok("reboot", "web", "--mode", "acpi")).toBe("Domain 'web' is being rebooted")
  await until("the guest to have rebooted", () => ups() > 2)
  expect(await ok("shutdown", "web")).toBe("Domain 'web' is being shutdown")
  await until("the guest to be off", async () => (await state()) === "shut off (shutdown)")
  await ok("start", "web", "--paused")
  expect(await state()).toBe("paused (user)")
  expect(await ok("destroy", "web", "--graceful")).toBe("Domain 'web' destroyed")
  expect(await state()).toBe("shut off (destroyed)")
  expect(await ok("undefine", "web")).toBe("Domain 'web' has been undefined")
  expect(await ok("list", "--all", "--name")).toBe("")
})

test("what becomes of a guest that ends is changed while it runs", async () => {
  const { ok, fails, virsh, definition, serial } = await stage()
  const ups = () => serial("web").split("TROUPE GUEST UP").length - 1
  const set = ["set-lifecycle-action", "web"]
  await ok("define", definition("web"))
  await ok("start", "web")
  await until("the guest to be up", () => ups() > 0)
  await ok(...set, "poweroff", "restart", "--live")
  await ok("shutdown", "web", "--mode", "acpi")
  await until("the guest to be up again", () => ups() > 1)
  expect(await ok("dumpxml", "web")).toContain("<on_poweroff>restart</on_poweroff>")
  expect(await ok("dumpxml", "web", "--inactive")).toContain("<on_poweroff>destroy</on_poweroff>")
  expect(await fails(...set, "reboot", "destroy", "--live")).toMatch("exclude each other")
  expect(await fails(...set, "crash", "coredump-destroy")).toMatch("not done here")
  await ok(...set, "poweroff", "destroy", "--live")
  await ok(...set, "reboot", "destroy", "--live")
  // QEMU ends for a reset now, perhaps before it has answered.
  await virsh("reset", "web")
  await until("the guest to be off", async () => (await ok("domstate", "web")) === "shut off")
  expect(await fails(...set, "crash", "restart", "--live")).toMatch("domain is not running")
})

test("dominfo and the lists tell what there is", async () => {
  const { ok, definition } = await stage()
  await ok("define", definition("idle"))
  await ok("create", definition("busy"))
  const info = Object.fromEntries(
    (await ok("dominfo", "busy")).split("\n").map((line) => line.split(/:\s+/))
  )
  expect(info).toMatchObject({
    Id: "1",
    Name: "busy",
    "OS Type": "hvm",
    State: "running",
    "CPU(s)": "1",
    "Max memory": "32768 KiB",
    "Used memory": "32768 KiB",
    Persistent: "no",
    Autostart: "disable",
    "Managed save": "no"
  })
  const names = async (...flags: readonly string[]) =>
    (await ok("list", "--name", ...flags)).split("\n").filter((name) => name !== "")
  expect(await names()).toEqual(["busy"])
  expect(await names("--all")).toEqual(["busy", "idle"])
  expect(await names("--all", "--transient")).toEqual(["busy"])
  expect(await names("--inactive")).toEqual(["idle"])
  expect(await names("--all", "--state-shutoff", "--persistent")).toEqual(["idle"])
  expect(await names("--all", "--autostart")).toEqual([])
  expect(await names("--all", "--with-snapshot")).toEqual([])
  expect(await names("--all", "--without-managed-save")).toEqual(["busy", "idle"])
  expect(await ok("domid", "busy")).toBe("1")
  expect(await ok("domname", "1")).toBe("busy")
})

test("a guest of create --autodestroy is gone when its client is", async () => {
  const { ok, runs, definition } = await stage()
  const client = runs()
  client.say(`create ${definition("brief")} --autodestroy`)
  await until("the guest to run", async () => (await ok("list", "--name")) === "brief")
  client.say("quit")
  await until("the guest to be gone", async () => (await ok("list", "--all", "--name")) === "")
})

test("what is not possible is refused with libvirt's code and words", async () => {
  const on = await stage()
  on.definition("web")
  const refused = await python(
    on,
    `
c = libvirt.open(uri)
d = c.defineXML(open(directory + "/web.xml").read())
off = [outcome(work) for work in (d.suspend, d.resume, d.shutdown, d.reset, d.reboot, d.destroy)]
flags = [outcome(lambda: d.state(4)), outcome(lambda: d.createWithFlags(32)),
         outcome(lambda: d.undefineFlags(1 << 9)), outcome(lambda: d.destroyFlags(2))]
d.create()
on = [outcome(work) for work in (d.create, d.resume, lambda: d.rename("other"))]
d.destroy()
d.undefine()
gone = [outcome(work) for work in (d.create, d.info, lambda: c.lookupByName("web"),
        lambda: c.lookupByID(7))]
says({"off": off, "flags": flags, "on": on, "gone": gone})
`
  )
  const notRunning = [55, "Requested operation is not valid: domain is not running"]
  const missing = "Domain not found: no domain with matching"
  const byUuid = [42, expect.stringMatching(`^${missing} uuid '[0-9a-f-]{36}' \\(web\\)$`)]
  expect(refused).toEqual({
    off: Array(6).fill(notRunning),
    flags: [
      [8, "unsupported flags (0x4) in function virDomainGetState"],
      [8, "unsupported flags (0x20) in function virDomainCreateWithFlags"],
      [8, "unsupported flags (0x200) in function virDomainUndefineFlags"],
      [8, "unsupported flags (0x2) in function virDomainDestroyFlags"]
    ],
    on: [
      [55, "Requested operation is not valid: domain is already running"],
      [55, "Requested operation is not valid: domain is already running"],
      [55, "Requested operation is not valid: cannot rename active domain"]
    ],
    gone: [byUuid, byUuid, [42, `${missing} name 'web'`], [42, `${missing} id 7`]]
  })
})
