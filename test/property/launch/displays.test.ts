/**
 * Goal: a password's end is the second that the definition says, and a display's ports stand where
 * the live definition says.
 * Method: seconds drawn from the years 1970 to 2500 are written by Effect's DateTime and read back;
 * ports are given to definitions with displays of any kind, and read from the result.
 */
import * as DateTime from "effect/DateTime"
import fc from "fast-check"
import { expect, test } from "vitest"
import { portsOf, secondsOf, withPorts } from "../../../actors/domain/displays.ts"
import { devicesOf } from "../../../src/model/device.ts"
import type { Graphics } from "../../../src/model/device/graphics.ts"
import { domain } from "../../unit/qemu-argv/fixture.ts"

const lastSecond = 16_725_225_600

test("every second has its number", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: lastSecond }), (seconds) => {
      const text = DateTime.formatIso(DateTime.makeUnsafe(seconds * 1000)).slice(0, 19)
      expect(secondsOf(text)).toBe(seconds)
    })
  )
})

test("what is no time has no number", () => {
  for (const text of ["", "tomorrow", "2030-01-01", "2030-01-01 00:00:00"])
    expect(secondsOf(text)).toBeUndefined()
})

const display = fc.constantFrom<Graphics>(
  { kind: "graphics", type: "vnc", autoport: true, listens: [{ type: "address" }] },
  { kind: "graphics", type: "vnc", autoport: false, websocket: -1, listens: [] },
  { kind: "graphics", type: "spice", autoport: true, listens: [{ type: "none" }], channels: [] },
  { kind: "graphics", type: "vnc", autoport: false, listens: [{ type: "socket" }] },
  { kind: "graphics", type: "egl-headless" }
)

const ports = fc.record(
  { port: fc.integer({ min: 1, max: 65_535 }), websocket: fc.integer({ min: 1, max: 65_535 }) },
  { requiredKeys: [] }
)

test("the live definition has each port at its display, and a path for each socket", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(display, ports), { maxLength: 5 }), (drawn) => {
      const taken = Object.fromEntries(drawn.map(([, own], position) => [position, own]))
      const given = domain(drawn.map(([one]) => one))
      const live = devicesOf(withPorts(given, taken, "/run/1.1"), "graphics")
      expect(live).toHaveLength(drawn.length)
      for (const [position, one] of live.entries()) {
        const own = taken[position]
        if (!("listens" in one)) continue
        if (own?.port !== undefined) expect(one.port).toBe(own.port)
        if (one.type === "vnc" && own?.websocket !== undefined)
          expect(one.websocket).toBe(own.websocket)
        for (const listen of one.listens)
          if (listen.type === "socket") expect(listen.socket).toBe(`/run/1.1/${one.type}.sock`)
      }
      const count = drawn.flatMap(([, own]) => Object.values(own)).length
      expect(portsOf(taken)).toHaveLength(count)
    })
  )
})
