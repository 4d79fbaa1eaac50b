/**
 * Goal: figures, limits, key codes and CPU lists are read and made without loss, whatever they are.
 * Method: properties over generated figures, each against a plain statement of what must hold.
 */
import fc from "fast-check"
import { expect, test } from "vitest"
import { codesets, qnumOf, sendKeyWords } from "../../../src/qemu/guest-keys.ts"
import { guestStats } from "../../../src/qemu/guest-memory.ts"
import { machineCommand } from "../../../src/qemu/guest-monitor.ts"
import { cpuList } from "../../../src/qemu/guest-threads.ts"
import { tuned, tuneOf } from "../../../src/qemu/guest-tune.ts"
import { allGroups, groupsOfMask, long, statsGroup, unsignedLong } from "../../../src/qemu/stats.ts"
import { isObject, parseJson } from "../../../src/qmp/json.ts"

test("every code of every set is a key that QEMU takes", () => {
  fc.assert(
    fc.property(fc.constantFrom(...codesets), fc.nat(0xffff), (codeset, code) => {
      const qnum = qnumOf(codeset, code)
      if (qnum === undefined) return
      expect(qnum).toBeGreaterThan(0)
      expect(qnum).toBeLessThan(0x100)
      if (codeset === "qnum") expect(qnum).toBe(code)
      if (codeset === "linux" && code <= 0x53) expect(qnum).toBe(code)
    })
  )
  for (let code = 1; code <= 0x53; code++) expect(qnumOf("linux", code)).toBe(code)
})

test("Delete is one key in all sets, by its prefix where there is one", () => {
  const codes = [111, 0x153, 0xe053, 0xe071, 0x64, 0x75, 0x153, 0x4c, 0x2e, 0xd3]
  expect(codesets.map((codeset, at) => qnumOf(codeset, codes[at] ?? 0))).toEqual(
    codesets.map(() => 0xd3)
  )
  expect(sendKeyWords([0xd3], 0)).toEqual({ keys: [{ type: "number", data: 0xd3 }] })
  expect(sendKeyWords([1], 5)).toMatchObject({ "hold-time": 5 })
})

test("a list of CPUs is read as it was written", () => {
  const runs = fc.array(fc.tuple(fc.nat(500), fc.nat(5)), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(runs, (pairs) => {
      const text = pairs.map(([at, more]) => (more === 0 ? `${at}` : `${at}-${at + more}`))
      const all = pairs.flatMap(([at, more]) => Array.from({ length: more + 1 }, (_, n) => at + n))
      expect(cpuList(text.join(","))).toEqual(all)
    })
  )
  expect(cpuList("")).toEqual([])
  expect(cpuList("3-1,x")).toEqual([])
})

test("a mask of groups is the sum of its groups, and a bit that is none is seen", () => {
  fc.assert(
    fc.property(fc.subarray([...allGroups], { minLength: 1 }), (groups) => {
      const mask = groups.reduce((bits, group) => bits | statsGroup[group], 0)
      expect(groupsOfMask(mask)).toEqual(groups)
      expect(groupsOfMask(mask | 2048)).toBeUndefined()
    })
  )
  expect(groupsOfMask(0)).toEqual(allGroups)
})

test("any counter becomes a number of 64 bits", () => {
  fc.assert(
    fc.property(fc.oneof(fc.double(), fc.bigInt()), (value) => {
      const one = BigInt(unsignedLong("x", value).value.value)
      expect(one >= 0n && one < 2n ** 64n).toBe(true)
      const other = BigInt(long("x", value).value.value)
      expect(other >= -(2n ** 63n) && other < 2n ** 63n).toBe(true)
    })
  )
})

const names = ["read_bytes_sec", "write_bytes_sec", "total_iops_sec", "size_iops_sec"] as const
const limits = fc.dictionary(fc.constantFrom(...names), fc.bigInt({ min: 0n, max: 2n ** 53n - 1n }))

test("limits that are set are the limits that are read; what is not named stays", () => {
  fc.assert(
    fc.property(limits, limits, (first, second) => {
      const params = (of: { readonly [name: string]: bigint }) =>
        Object.entries(of).map(([name, value]) => unsignedLong(name, value))
      const step = (inserted: Parameters<typeof tuned>[0]["inserted"], of: typeof first) => {
        const words = tuned({ qdev: "d", inserted }, params(of))
        if (!("words" in words)) throw new Error(words.why)
        expect(words.words["id"]).toBe("d")
        return words.words
      }
      const read = Object.fromEntries(
        tuneOf(step(step({}, first), second)).map(({ field, value }) => [field, value.value])
      )
      for (const name of names) expect(read[name]).toBe(second[name] ?? first[name] ?? 0n)
    })
  )
})

test("a total and its parts are never both limited", () => {
  const both = [unsignedLong("total_iops_sec", 1), unsignedLong("read_iops_sec", 1)]
  expect(tuned({ qdev: "d", inserted: {} }, both)).toHaveProperty("why")
  const parts = tuned({ qdev: "d", inserted: { iops: 5 } }, both.slice(1))
  expect(parts).toMatchObject({ words: { iops: 0n, iops_rd: 1n } })
  const total = tuned({ qdev: "d", inserted: { iops_rd: 5, iops_wr: 6 } }, both.slice(0, 1))
  expect(total).toMatchObject({ words: { iops: 1n, iops_rd: 0n, iops_wr: 0n } })
})

test("what the guest has not told is left out, and bytes become KiB", () => {
  const untold = 2n ** 64n - 1n
  fc.assert(
    fc.property(fc.option(fc.nat()), fc.option(fc.nat()), (free, faults) => {
      const reply = {
        stats: {
          "stat-free-memory": free ?? untold,
          "stat-major-faults": faults ?? untold,
          "stat-swap-in": untold
        },
        "last-update": free === null && faults === null ? 0 : 7
      }
      expect(guestStats(reply).map(({ tag, value }) => [tag, value])).toEqual([
        ...(faults === null ? [] : [[2, faults]]),
        ...(free === null ? [] : [[4, Math.floor(free / 1024)]]),
        ...(free === null && faults === null ? [] : [[9, 7]])
      ])
    })
  )
})

test("a monitor command is taken as it stands, or not at all", () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const command = machineCommand(text)
      const parsed = parseJson(text)
      const isCommand =
        parsed._tag === "Success" &&
        isObject(parsed.success) &&
        typeof parsed.success["execute"] === "string"
      if (!isCommand) expect(command).toHaveProperty("why")
    })
  )
  expect(machineCommand('{"execute":"stop","arguments":{"a":1},"id":[1]}')).toEqual({
    execute: "stop",
    words: { a: 1 },
    id: [1]
  })
  expect(machineCommand('{"execute":"stop","control":1}')).toHaveProperty("why")
})
