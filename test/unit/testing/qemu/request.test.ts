/**
 * Goal: bytes become the same requests however they are split, and each request that can be written
 * is read back. Method: any requests, cut anywhere, between lines that are none.
 */
import * as fc from "fast-check"
import { expect, test } from "vitest"
import { type Request, Requests } from "../../../../src/testing/qemu/request.ts"

const encoder = new TextEncoder()

const json = fc.jsonValue({ maxDepth: 3, noUnicodeString: false })

const request = fc.record({
  execute: fc.string(),
  arguments: fc.dictionary(fc.string(), json),
  id: json
})

const readAll = (text: string, cuts: readonly number[]): readonly Request[] => {
  const bytes = encoder.encode(text)
  const requests = new Requests()
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted(
    (a, b) => a - b
  )
  let from = 0
  return ends.flatMap((end) => {
    const found = requests.feed(bytes.slice(from, end))
    from = end
    return found
  })
}

test("a request that was written is read back, however it was split", () => {
  fc.assert(
    fc.property(fc.array(request), fc.array(fc.nat()), (written, cuts) => {
      const text = written.map((one) => `${JSON.stringify(one)}\n`).join("")
      const read = readAll(text, cuts)
      const plain = JSON.parse(JSON.stringify(written)) as typeof written
      expect(read).toEqual(
        plain.map(({ execute, arguments: words, id }) => ({ kind: "command", execute, words, id }))
      )
    })
  )
})

test("any text is read the same however it is split, and reading goes on after it", () => {
  const piece = fc.oneof(
    fc.constantFrom("{", "}", "[", "]", ":", ",", '"', "'", "tru", "null", "-1", "01", "%", "\\"),
    fc.constantFrom(' {"execute":"stop"} ', "\n", "\u0001", "x")
  )
  fc.assert(
    fc.property(fc.array(piece), fc.array(fc.nat()), (pieces, cuts) => {
      const text = pieces.join("")
      expect(readAll(text, cuts)).toEqual(readAll(text, []))
      // Whatever is still open is closed by a stray character, which flushes it.
      const after = readAll(`${text}\u0001\n{"execute":"stop","id":"last"}\n`, cuts)
      expect(after.at(-1)).toMatchObject({ kind: "command", id: "last" })
    })
  )
})
