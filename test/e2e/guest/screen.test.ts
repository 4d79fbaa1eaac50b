/**
 * Goal: pictures, keys, interrupts and monitor commands reach the guest's QEMU, and a QEMU that
 * hangs costs its askers a bounded time and nobody else anything.
 * Method: guests under TCG; a key is found at the port where the guest would read it; a QEMU
 * is stopped by signal.
 */
import { readdirSync } from "node:fs"
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import { deadWithin } from "../engine/processes.ts"
import { rich, run, setScene, tagOf, until } from "./stage.ts"

test("a picture is PNG of the guest's screen, and leaves no file", async () => {
  await using scene = await setScene()
  const web = await scene.define("web", rich)
  await run(web.start())
  const { mime, bytes } = await run(web.guest.screenshot())
  expect(mime).toBe("image/png")
  expect(Buffer.from(bytes.subarray(0, 4)).toString("latin1")).toBe("\x89PNG")
  expect(await tagOf(web.guest.screenshot(1))).toBe("InvalidArgument")
  const { epoch } = await run(web.summary)
  const names = readdirSync(`${scene.stage.root}/run`, { recursive: true }).map(String)
  expect(names.some((name) => name.includes(String(epoch)))).toBe(true)
  expect(names.filter((name) => name.includes("screen"))).toEqual([])
  const blind = await scene.define("blind")
  await run(blind.start())
  expect(await tagOf(blind.guest.screenshot())).toBe("GuestUnsupported")
})

/** The controller's data port: each look takes what the keyboard said next. */
const dataPort = "i /b 0x60"

test("a key comes to the guest, whatever codeset it is told in", async () => {
  await using scene = await setScene()
  const web = await scene.define("web", rich)
  await run(web.start())
  await until("the guest", () => scene.stage.serial("web").includes("TROUPE GUEST UP"))
  const { guest } = web
  // The guest never looks at its keyboard, so what it said is still there.
  const comes = async (scanCode: string) =>
    (await run(guest.monitorCommand(dataPort, { isHuman: true }))).includes(scanCode)
  await run(guest.sendKey({ codeset: "linux", keycodes: [30], holdMs: 1 }))
  await until("the letter a", () => comes("0x1e"))
  await until("its release", () => comes("0x9e"))
  await run(guest.sendKey({ codeset: "usb", keycodes: [0x4c], holdMs: 1 }))
  await until("a prefix", () => comes("0xe0"))
  await until("the key Delete", () => comes("0x53"))
  expect(await tagOf(guest.sendKey({ codeset: "usb", keycodes: [9999] }))).toBe("InvalidArgument")
  expect(await tagOf(guest.sendKey({ codeset: "usb", keycodes: [] }))).toBe("InvalidArgument")
  await run(guest.injectNmi)
  expect((await run(web.summary)).state).toBe("running")
})

test("a monitor command is answered as QEMU answers, errors too", async () => {
  await using scene = await setScene()
  const web = await scene.define("web")
  await run(web.start({ isPaused: true }))
  const { guest } = web
  const status = JSON.parse(await run(guest.monitorCommand('{"execute":"query-status","id":7}')))
  expect(status).toMatchObject({ id: 7, return: { status: "prelaunch" } })
  const refused = JSON.parse(await run(guest.monitorCommand('{"execute":"nonsense"}')))
  expect(refused).toMatchObject({ error: { class: "CommandNotFound" } })
  expect(await run(guest.monitorCommand("info status", { isHuman: true }))).toContain("paused")
  for (const text of ["{", "[]", "{}", '{"execute":1}', '{"execute":"stop","arguments":1}'])
    expect(await tagOf(guest.monitorCommand(text))).toBe("InvalidArgument")
})

test("QEMU's own events are heard as it tells them, by those who listen", async () => {
  await using scene = await setScene()
  const web = await scene.define("web")
  await run(web.start())
  await run(
    Effect.scoped(
      Effect.gen(function* () {
        const take = yield* scene.engine.monitorEvents({
          domain: web.uuid,
          isMeant: (event) => event !== "RESUME"
        })
        yield* web.suspend
        yield* web.resume
        yield* web.reset
        expect(yield* take).toMatchObject({ event: "STOP", name: "web", details: undefined })
        const reset = yield* take
        expect(reset).toMatchObject({ event: "RESET", uuid: web.uuid })
        expect(JSON.parse((reset as { readonly details: string }).details)).toMatchObject({
          guest: false
        })
      })
    )
  )
})

test("a QEMU that hangs is told of in bounded time, alone, and is destroyed", async () => {
  await using scene = await setScene()
  const hung = await scene.define("hung", rich)
  const well = await scene.define("well", rich)
  await run(hung.start())
  await run(well.start())
  const { pid } = await run(hung.info)
  if (pid === undefined) throw new Error("it runs")
  process.kill(pid, "SIGSTOP")
  const asked = tagOf(hung.guest.blockStats("vda"))
  await until(
    "QEMU to be busy",
    async () => (await run(hung.guest.controlInfo)).state === "occupied"
  )
  expect(await run(well.guest.controlInfo)).toMatchObject({ state: "ok" })
  const all = await run(scene.engine.domainStats({ isNowait: true }))
  const fieldsOf = (name: string) =>
    all.find((one) => one.name === name)?.params.map(({ field }) => field) ?? []
  expect(fieldsOf("hung")).toContain("cpu.time")
  expect(fieldsOf("hung")).toContain("balloon.current")
  expect(fieldsOf("hung")).not.toContain("block.0.rd.reqs")
  expect(fieldsOf("well")).toContain("block.0.rd.reqs")
  // Without waiting for what was asked: its asker is told that the guest is gone.
  await run(hung.destroy())
  await deadWithin([{ pid }], 5_000)
  expect(["DomainGone", "GuestSilent"]).toContain(await asked)
  expect(await tagOf(hung.guest.blockStats("vda"))).toBe("NotRunning")
})
