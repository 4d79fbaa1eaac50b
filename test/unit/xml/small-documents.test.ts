/**
 * Goal: the readers beside the definition's own: identities for the index, metadata, written text.
 * Method: what the whole parser says is the measure; examples for the rest.
 */
import * as fc from "fast-check"
import * as Result from "effect/Result"
import { expect, test } from "vitest"
import { formatDomain, parseDomain } from "../../../src/xml/domain.ts"
import { parseElement } from "../../../src/xml/element.ts"
import { parseIdentity } from "../../../src/xml/identity.ts"
import { keepElement } from "../../../src/xml/kept.ts"
import { formatMetadata, namespaceOf, parseMetadata } from "../../../src/xml/metadata.ts"
import { toXmlText } from "../../../src/xml/text.ts"
import { writeElement } from "../../../src/xml/write.ts"
import { keptElement } from "../../property/xml/arbitrary-part.ts"
import { domain } from "../../property/xml/arbitrary-domain.ts"

test("knows name and UUID of every definition that Troupe wrote", () => {
  fc.assert(
    fc.property(domain, (value) => {
      const { name, uuid } = value
      expect(parseIdentity(formatDomain(value))).toEqual({ name, uuid })
    })
  )
})

test("agrees with the whole parser or says nothing, whatever precedes the name", () => {
  const piece = fc.constantFrom(
    "<?xml version='1.0'?>",
    "<!-- <domain><name>no</name> -->",
    "\n",
    "<domain type='qemu'>",
    "<name>a</name>",
    "<name>a&#98;c</name>",
    "<name>b&amp;c</name>",
    "<uuid>c7a5fdbd-edaf-9455-926a-d65c16db1809</uuid>",
    "<title>t</title>"
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 7 }), (pieces) => {
      const text = `${pieces.join("")}<memory>1</memory><os><type>hvm</type></os></domain>`
      const whole = parseDomain(text)
      const identity = parseIdentity(text)
      if (identity === undefined || Result.isFailure(whole)) return
      const { name, uuid } = whole.success.domain
      expect(identity).toEqual({ name, uuid })
    }),
    { numRuns: 2_000 }
  )
})

test("finds an identity in bounded time in any head", () => {
  for (const start of ["<!--", "<?", " ", "<domain ", "<!---->", "<domain><name>"]) {
    expect(parseIdentity(start.repeat(1_000_000))).toBeUndefined()
  }
})

test("gives metadata the caller's namespace, or checks that it has it", () => {
  const key = { uri: "urn:app", key: "app" }
  const bare = Result.getOrThrow(parseMetadata("<data a='1'><x/></data>", key))
  expect(formatMetadata(bare)).toBe("<app:data xmlns:app='urn:app' a='1'>\n  <app:x/>\n</app:data>")
  expect(namespaceOf(bare)).toBe("urn:app")
  const own = Result.getOrThrow(parseMetadata("<data xmlns='urn:app'/>", key))
  expect(namespaceOf(own)).toBe("urn:app")
  const wrong = parseMetadata("<data xmlns='urn:other'/>", key)
  expect(Result.isFailure(wrong) && wrong.failure.message).toBe(
    "line 1, column 1: the element's namespace is 'urn:other', not 'urn:app'"
  )
})

test("reads back any element that it wrote", () => {
  fc.assert(
    fc.property(keptElement, (element) => {
      const read = Result.getOrThrow(parseElement(writeElement(element)))
      expect(keepElement(read)).toEqual(element)
    })
  )
})

test("writes any text so that it can be read, at the cost of what XML cannot hold", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const element = { name: "a", attributes: [{ name: "b", value: text }], children: ["|", text] }
      const read = Result.getOrThrow(parseElement(writeElement(element)))
      expect(read.attributes[0]?.value).toBe(toXmlText(text))
      expect(read.children.join("")).toBe(`|${toXmlText(text)}`)
    })
  )
})
