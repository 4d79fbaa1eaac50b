/**
 * Goal: what a run met decides what of its history may be held against it. Method: single faults.
 */
import { expect, test } from "vitest"
import type { MetFault } from "../../../../src/testing/fault.ts"
import { circumstancesOf } from "../../../../src/testing/history/circumstances.ts"

const judged = (met: readonly MetFault[], mayTimePass = false) =>
  circumstancesOf({ met, mayTimePass, mayDieUntold: false })

const on = (fault: "EACCES" | "ENOSPC", what: string): MetFault => ({
  seam: "file",
  nth: 0,
  fault,
  what
})

test("a run is calm without a fault, when no time passed beside it", () => {
  expect(judged([]).isCalm).toBe(true)
  expect(judged([], true).isCalm).toBe(false)
  expect(judged([on("ENOSPC", "write /r/lib/.t1.tmp")]).isCalm).toBe(false)
})

test("a definition that could not be read is named; one that could not be written is not", () => {
  expect(judged([on("EACCES", "read /r/etc/qemu/d3.xml")]).unreadable).toEqual([3])
  expect(judged([on("ENOSPC", "rename /r/etc/qemu/d3.xml")]).unreadable).toEqual([])
  expect(judged([on("EACCES", "read /r/etc/qemu.conf")]).unreadable).toEqual([])
})
