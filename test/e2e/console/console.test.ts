/**
 * Goal: a guest's console carries bytes both ways, to one user at a time, and is free afterwards.
 * Method: the demonstration's guest under TCG, by a terminal and by a socket; it counts seconds on
 * its serial line and obeys single letters.
 */
import { readFileSync } from "node:fs"
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import { type GuestSerial, guestDomainXml } from "../../../src/cli/demo/guest.ts"
import { bytesOf, listenTo, onStage, type Stage } from "./stage.ts"

const patience = { timeout: 120_000 }

const started = ({ engine, diskPath, directory }: Stage, kind: "pty" | "unix") =>
  Effect.gen(function* () {
    const serial: GuestSerial =
      kind === "pty" ? { kind } : { kind, path: `${directory}/serial.sock` }
    const domain = yield* engine.defineXML(guestDomainXml({ name: "web", diskPath, serial }))
    yield* domain.start()
    return domain
  })

const threads = (): number =>
  Number(/Threads:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1])

test.each(["pty", "unix"] as const)("bytes go both ways, by %s", patience, (kind) =>
  onStage((stage) =>
    Effect.gen(function* () {
      const domain = yield* started(stage, kind)
      const before = threads()
      const channel = yield* domain.openConsole()
      expect(channel.device).toBe("serial0")
      const heard = listenTo(channel)
      yield* heard.says(/tick \d+\r\n/)
      expect(threads()).toBe(before)
      // An echo or a line discipline would give the letter back, or hold it until a newline.
      channel.write(bytesOf("r"))
      yield* heard.says(/reboot\r\n(.|\r|\n)*TROUPE GUEST UP\r\n/)
      expect(heard.text()).not.toMatch(/rreboot|\r\r\n/)
      channel.write(bytesOf("o"))
      yield* heard.ends
      expect(heard.ending()).toBe("guest ended")
    })
  )
)

test.each(["pty", "unix"] as const)("one user at a time, by %s", patience, (kind) =>
  onStage((stage) =>
    Effect.gen(function* () {
      const domain = yield* started(stage, kind)
      const first = yield* domain.openConsole({ device: "serial0" })
      const heard = listenTo(first)
      yield* heard.says(/tick/)
      const refused = yield* Effect.flip(domain.openConsole())
      expect(refused).toMatchObject({ _tag: "ConsoleBusy", device: "serial0" })
      const second = yield* domain.openConsole({ force: true, safe: true })
      expect(heard.ending()).toBe("taken over")
      const also = listenTo(second)
      yield* also.says(/tick/)
      // The former one's end takes nothing from who has it now.
      first.close()
      expect(first.write(bytesOf("o"))).toBe(false)
      expect(yield* Effect.flip(domain.openConsole())).toMatchObject({ _tag: "ConsoleBusy" })
      second.close()
      second.close()
      const third = yield* domain.openConsole()
      yield* listenTo(third).says(/tick/)
      third.close()
    })
  )
)

test("what cannot be opened is refused with its reason", patience, () =>
  onStage(({ engine, diskPath, directory }) =>
    Effect.gen(function* () {
      const serial: GuestSerial = { kind: "file", path: `${directory}/serial.log` }
      const domain = yield* engine.defineXML(guestDomainXml({ name: "web", diskPath, serial }))
      expect(yield* Effect.flip(domain.openConsole())).toMatchObject({ _tag: "NotRunning" })
      yield* domain.start()
      const tagged = { _tag: "ConsoleUnavailable" }
      expect(yield* Effect.flip(domain.openConsole())).toMatchObject({
        ...tagged,
        why: "it is neither a terminal nor a socket, but 'file'"
      })
      expect(yield* Effect.flip(domain.openConsole({ device: "serial7" }))).toMatchObject(tagged)
      expect(yield* Effect.flip(domain.openChannel())).toMatchObject(tagged)
      expect(yield* Effect.flip(domain.agent.time)).toMatchObject({ _tag: "AgentNotConfigured" })
    })
  )
)
