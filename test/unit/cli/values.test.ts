/**
 * Goal: what users write as sizes, keys and states becomes what libvirt's calls take, and what
 * comes back is told in words; numbers keep their value in every format.
 * Method: properties over numbers and units; examples of the tables.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as fc from "fast-check"
import { expect, test } from "vitest"
import { listeningPorts } from "../../../src/cli/doctor-host.ts"
import { exitCodeOf, nextStep } from "../../../src/cli/failure.ts"
import { jsonLine } from "../../../src/cli/output.ts"
import { keyCode } from "../../../src/cli/remote/keys.ts"
import { uuidBytes, uuidText } from "../../../src/cli/remote/reference.ts"
import { sizeBytes, sizeKib, sizeText, xmlText } from "../../../src/cli/remote/values.ts"
import { RemoteError } from "../../../src/rpc/client/error.ts"

const run = <A, E>(effect: Effect.Effect<A, E>) => Effect.runSync(Effect.result(effect))

test("a size counts in its unit, and in KiB where it has none", () => {
  fc.assert(
    fc.property(fc.nat(1_000_000), (number) => {
      expect(run(sizeBytes(`${number}`))).toEqual(Result.succeed(BigInt(number) * 1024n))
      expect(run(sizeBytes(`${number}MiB`))).toEqual(Result.succeed(BigInt(number) * 1024n ** 2n))
      expect(run(sizeBytes(`${number}`, "b"))).toEqual(Result.succeed(BigInt(number)))
      expect(run(sizeKib(`${number}`))).toEqual(Result.succeed(BigInt(number)))
    })
  )
  // Who asks for a byte more than a KiB gets two.
  expect(run(sizeKib("1025b"))).toEqual(Result.succeed(2n))
})

test.each(["", "-1", "1.5G", "many", "1 G", "12XB", "9999999999999999"])(
  "'%s' is no size",
  (text) => {
    expect(Result.isFailure(run(sizeBytes(text)))).toBe(true)
  }
)

test("sizes are shown in the unit that fits", () => {
  expect([0n, 1023n, 1024n, 10n * 1024n ** 2n, 3n * 1024n ** 4n].map(sizeText)).toEqual([
    "0 B",
    "1023 B",
    "1.00 KiB",
    "10.00 MiB",
    "3.00 TiB"
  ])
})

test("keys are known by Linux's names, in any case, and by number", () => {
  const keys = ["KEY_ESC", "key_enter", "KEY_LEFTCTRL", "KEY_F12", "KEY_DELETE", "0x1e", "30"]
  expect(keys.map(keyCode)).toEqual([1, 28, 29, 88, 111, 30, 30])
  expect(["KEY_NONE", "", "1e", "-1"].map(keyCode)).toEqual([
    undefined,
    undefined,
    undefined,
    undefined
  ])
})

test("a uuid is the same after its way through text", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
      expect(uuidBytes(uuidText(bytes))).toEqual(Uint8Array.from(bytes))
    })
  )
  expect(uuidBytes("web")).toBeUndefined()
})

test("what stands in XML cannot end it", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(xmlText(text)).not.toMatch(/[<>'"]/)
    })
  )
})

test("numbers past what JSON's readers hold are texts, and others are numbers", () => {
  expect(jsonLine({ a: 5n, b: 2n ** 60n })).toBe(`{"a":5,"b":"${2n ** 60n}"}\n`)
})

test("ports are those of sockets that listen", () => {
  const table = [
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid",
    "   0: 0100007F:170C 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0",
    "   1: 0100007F:4082 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0",
    "   0: 00000000000000000000000000000000:4082 0000:0000 0A 00000000:00000000 00"
  ].join("\n")
  expect(listeningPorts(table)).toEqual([5_900, 16_514])
})

test.each([
  [42, 4],
  [55, 5],
  [29, 5],
  [27, 3],
  [68, 8],
  [1, 1]
])("libvirt's error %d ends with %d", (code, exit) => {
  const error = new RemoteError({ procedure: "X", code, domain: 10, text: "what, which, why" })
  expect(exitCodeOf(error)).toBe(exit)
  if (code === 42) expect(nextStep(error)).toContain("list --all")
})
