/**
 * Goal: a token goes into a command line and comes back, and nothing else is taken for one.
 * Method: any token; any other text.
 */
import * as fc from "fast-check"
import { expect, test } from "vitest"
import {
  monitorArguments,
  monitorId,
  monitorIdIn,
  monitorIdPrefix,
  parseMonitorId
} from "../../../src/qemu/monitor-id.ts"

const word = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/)
const token = fc.record({ root: word, epoch: word, uuid: fc.uuid() })
const words = fc.array(fc.string(), { maxLength: 10 })

test("a token is found again in any command line that holds it", () => {
  fc.assert(
    fc.property(token, words, words, fc.nat(), (wanted, before, after, fd) => {
      const id = monitorId(wanted)
      const argv = [...before, ...monitorArguments(id, fd), ...after]
      fc.pre(monitorIdIn([...before, ""]) === undefined && before.at(-1) !== "-chardev")
      expect(monitorIdIn(argv)).toBe(id)
      expect(parseMonitorId(id)).toEqual(wanted)
      expect(id.startsWith(monitorIdPrefix(wanted.root))).toBe(true)
    })
  )
})

test("QEMU accepts the id", () => {
  fc.assert(
    fc.property(token, (one) => {
      expect(monitorId(one)).toMatch(/^[A-Za-z][A-Za-z0-9._-]*$/)
    })
  )
})

test("no other text is one of ours", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(parseMonitorId(text)).toBeUndefined()
    })
  )
  for (const text of ["troupe.a.b", "troupe.a.b.c", "troupe..1.".padEnd(42, "0"), "charmonitor"]) {
    expect(parseMonitorId(text)).toBeUndefined()
  }
  expect(monitorIdIn(["-device", "socket,id=troupe.a.b.c,fd=3"])).toBeUndefined()
})

test("a part that could break out of the command line's word is a bug", () => {
  const uuid = "00000000-0000-4000-8000-000000000000"
  for (const root of ["", "a,b", "a.b", "a=b", "a b", "ä", "x".repeat(65)]) {
    expect(() => monitorId({ root, epoch: "1", uuid })).toThrow("assertion failed")
  }
})
