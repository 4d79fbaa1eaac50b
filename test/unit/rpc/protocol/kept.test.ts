/**
 * Goal: an answer that is kept says what it would say without, under every call's own serial.
 * Method: lists of domains are encoded as they are and as kept values, several times, and compared.
 */
import * as Result from "effect/Result"
import fc from "fast-check"
import { expect, test } from "vitest"
import { encodeRet } from "../../../../src/rpc/protocol/codec.ts"
import { keepEncoded } from "../../../../src/rpc/protocol/kept.ts"
import { procedure } from "../../../../src/rpc/protocol/procedures.ts"
import type { Procedures } from "../../../../src/rpc/protocol/types.ts"

type List = Procedures["remote"]["CONNECT_LIST_ALL_DOMAINS"]["ret"]

const called = procedure("remote", "CONNECT_LIST_ALL_DOMAINS")

const bytesOf = (serial: number, list: List): Uint8Array =>
  Uint8Array.from(Result.getOrThrow(encodeRet(called, serial, list)))

const domain = fc.record({
  name: fc.string({ maxLength: 40 }),
  uuid: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  id: fc.integer({ min: -1, max: 2 ** 31 - 1 })
})

test("what is kept has the bytes of what is not, for each caller", () => {
  fc.assert(
    fc.property(
      fc.array(domain, { maxLength: 20 }),
      fc.array(fc.nat(1_000_000), { minLength: 1, maxLength: 4 }),
      (domains, serials) => {
        const list: List = { domains, ret: domains.length }
        const kept = keepEncoded({ ...list })
        for (const serial of serials) expect(bytesOf(serial, kept)).toEqual(bytesOf(serial, list))
      }
    )
  )
})

test("an answer in somebody's hands is not that of the next caller", () => {
  const kept = keepEncoded<List>({ domains: [], ret: 0 })
  const first = Result.getOrThrow(encodeRet(called, 1, kept))
  const second = Result.getOrThrow(encodeRet(called, 2, kept))
  first.fill(255)
  expect(Uint8Array.from(second)).toEqual(bytesOf(2, { domains: [], ret: 0 }))
  expect(bytesOf(3, kept)).toEqual(bytesOf(3, { domains: [], ret: 0 }))
})
