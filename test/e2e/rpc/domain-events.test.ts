// Goal: clients hear of domains what libvirt's clients expect to hear, each what it asked for.
// Method: a real daemon with real QEMU; virsh event --all --loop and python3-libvirt's event loop.
import { expect, test } from "vitest"
import { python, stage, until } from "./stage.ts"

test("virsh event --all --loop tells a guest's life in order", async () => {
  const { ok, runs, definition } = await stage()
  const listener = runs("event", "--all", "--loop")
  // It does not say when it listens: a domain of no further use is defined until it is heard of.
  const probe = definition("probe")
  await until("the listener to listen", async () => {
    await ok("define", probe)
    await ok("undefine", "probe")
    return listener.said().includes("'probe'")
  })
  await ok("define", definition("web"))
  await ok("start", "web", "--paused")
  await ok("resume", "web")
  await ok("suspend", "web")
  await ok("desc", "web", "--title", "--new-desc", "t")
  await ok("resume", "web")
  await ok("destroy", "web")
  await ok("domrename", "web", "shop")
  await ok("undefine", "shop")
  await until("the last event", () => listener.said().includes("'shop': Undefined Removed"))
  await listener.interrupt()
  const told = listener
    .said()
    .split("\n")
    .filter((line) => /'(web|shop)'/.test(line) && !line.includes("rtc-change"))
    .map((line) => line.replace(/^event /, ""))
  expect(told).toEqual([
    "'lifecycle' for domain 'web': Defined Added",
    "'lifecycle' for domain 'web': Started Booted",
    "'lifecycle' for domain 'web': Suspended Paused",
    "'lifecycle' for domain 'web': Resumed Unpaused",
    "'lifecycle' for domain 'web': Suspended Paused",
    "'metadata-change' for domain 'web': type title, uri <null>",
    "'lifecycle' for domain 'web': Resumed Unpaused",
    "'lifecycle' for domain 'web': Stopped Destroyed",
    "'lifecycle' for domain 'web': Undefined Renamed",
    "'lifecycle' for domain 'shop': Defined Renamed",
    "'lifecycle' for domain 'shop': Undefined Removed"
  ])
})

test("python's event loop hears of one domain, or of all, until it asks no more", async () => {
  const on = await stage()
  on.definition("one")
  on.definition("two")
  const heard = await python(
    on,
    `
libvirt.virEventRegisterDefaultImpl()
def loop():
    while True: libvirt.virEventRunDefaultImpl()
threading.Thread(target=loop, daemon=True).start()
c = libvirt.open(uri)
def definition(name): return open(directory + "/" + name + ".xml").read()
heard = {"all": [], "one": [], "reboot": []}
def hears(key):
    return lambda _, domain, *rest: heard[key].append([domain.name(), *rest[:-1]])
one = c.defineXML(definition("one"))
ids = [c.domainEventRegisterAny(None, 0, hears("all"), None),
       c.domainEventRegisterAny(one, 0, hears("one"), None),
       c.domainEventRegisterAny(None, 1, hears("reboot"), None)]
two = c.createXML(definition("two"))
one.create()
one.reset()
one.destroy()
two.destroy()
def wait(holds):
    end = time.time() + 20
    while not holds() and time.time() < end: time.sleep(0.02)
wait(lambda: len(heard["all"]) >= 4 and len(heard["one"]) >= 2 and len(heard["reboot"]) >= 1)
for number in ids: c.domainEventDeregisterAny(number)
one.undefine()
time.sleep(0.2)
says({"ids": sorted(ids), **heard, "again": outcome(lambda: c.domainEventDeregisterAny(ids[0]))})
`
  )
  const [started, stopped] = [2, 5]
  expect(heard).toMatchObject({
    ids: [0, 1, 2],
    all: [
      ["two", started, 0],
      ["one", started, 0],
      ["one", stopped, 1],
      ["two", stopped, 1]
    ],
    one: [
      ["one", started, 0],
      ["one", stopped, 1]
    ],
    again: [8, expect.anything()]
  })
  // SeaBIOS resets once more when it is reset at once.
  expect((heard as { reboot: unknown[] }).reboot).toContainEqual(["one"])
})
