/**
 * Goal: no text, however hostile, does more than fail with a place and a reason in bounded time.
 * Method: one document for each known attack and bound; random damage to a good document.
 */
import * as fc from "fast-check"
import * as Result from "effect/Result"
import { expect, test } from "vitest"
import { parseDomain } from "../../../src/xml/domain.ts"
import type { XmlError } from "../../../src/xml/error.ts"
import { attributesMax, depthMax, devicesMax, elementsMax } from "../../../src/xml/limits.ts"
import { decodeText } from "../../../src/xml/text.ts"

const good = `<domain type='qemu'>
  <name>a</name>
  <uuid>c7a5fdbd-edaf-9455-926a-d65c16db1809</uuid>
  <memory unit='MiB'>64</memory>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
  </os>
  <devices>
    <disk type='file' device='disk'>
      <source file='/a'/>
      <target dev='vda'/>
    </disk>
  </devices>
</domain>
`

const refusal = (text: string): XmlError => {
  const result = parseDomain(text)
  if (Result.isSuccess(result)) throw new Error("was accepted")
  return result.failure
}

const inDevices = (text: string) => good.replace("</devices>", `${text}</devices>`)

const bomb = [
  "<!DOCTYPE d [<!ENTITY a 'aaaaaaaa'>",
  ...[..."bcdefgh"].map((name, at) => `<!ENTITY ${name} '${`&${"abcdefg"[at]};`.repeat(10)}'>`),
  "]>"
].join("")

const attacks: readonly (readonly [string, string, Partial<XmlError>])[] = [
  ["nothing", "", { problem: "malformed", line: 1, column: 1 }],
  ["text", "hello", { problem: "malformed", line: 1 }],
  ["two roots", "<domain/><domain/>", { problem: "malformed", line: 1 }],
  ["another root", "\n <network/>", { problem: "invalid", line: 2, column: 2 }],
  ["a namespace at the root", "<domain xmlns='urn:x'/>", { problem: "invalid", line: 1 }],
  ["an end that is missing", good.replace("</domain>", ""), { problem: "malformed", line: 14 }],
  ["an end that does not fit", good.replace("</os>", "</so>"), { problem: "malformed", line: 7 }],
  ["a DOCTYPE", `\n<!DOCTYPE domain>\n${good}`, { problem: "forbidden", line: 2, column: 1 }],
  ["an entity bomb", `${bomb}<domain>&h;</domain>`, { problem: "forbidden", line: 1, column: 1 }],
  [
    "an entity from outside",
    `<!DOCTYPE d [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>${good.replace(">a<", ">&x;<")}`,
    { problem: "forbidden", line: 1, column: 1 }
  ],
  ["an entity nobody declared", good.replace(">a<", ">&x;<"), { problem: "malformed", line: 2 }],
  ["NUL", good.replace(">a<", ">a\0<"), { problem: "malformed", line: 2, column: 10 }],
  ["NUL as a reference", good.replace(">a<", ">&#0;<"), { problem: "malformed", line: 2 }],
  ["half a character", good.replace(">a<", ">\ud800<"), { problem: "malformed", line: 2 }],
  [
    "an attribute twice",
    good.replace("<domain type", "<domain type='kvm' type"),
    { problem: "malformed", line: 1 }
  ],
  ["a prefix nobody declared", inDevices("<a:b/>"), { problem: "malformed", line: 13 }],
  ["depth", "<a>".repeat(10_000), { problem: "tooLarge", line: 1, column: depthMax * 3 + 1 }],
  ["a million elements", inDevices("<a/>".repeat(1_000_000)), { problem: "tooLarge", line: 13 }],
  ["as many elements as fit", inDevices("<a/>".repeat(elementsMax - 10)), { problem: "tooLarge" }],
  ["many devices", inDevices("<a/>".repeat(devicesMax)), { problem: "tooLarge", line: 8 }],
  ["a long attribute", `<domain a='${"x".repeat(10_000_000)}'/>`, { problem: "tooLarge" }],
  ["a long name", `<${"x".repeat(4_000_000)}/>`, { problem: "tooLarge", line: 1, column: 1 }],
  ["a long attribute name", `<a ${"x".repeat(4_000_000)}=''/>`, { problem: "tooLarge", line: 1 }],
  [
    "many attributes",
    `<domain ${Array.from({ length: attributesMax + 1 }, (_, n) => `a${n}=''`).join(" ")}/>`,
    { problem: "tooLarge", line: 1 }
  ],
  ["absurd memory", good.replace(">64<", `>${"9".repeat(400)}<`), { problem: "invalid", line: 4 }],
  ["memory with a sign", good.replace(">64<", ">-64<"), { problem: "invalid", line: 4, column: 3 }],
  ["memory of no unit", good.replace("'MiB'", "'elephants'"), { problem: "invalid", line: 4 }],
  ["no name", good.replace("<name>a</name>", ""), { problem: "missing", line: 1, column: 1 }],
  [
    "a type of no meaning",
    good.replace("'qemu'", "'xen'"),
    { problem: "invalid", line: 1, column: 9 }
  ],
  [
    "a disk without target",
    good.replace("<target dev='vda'/>", ""),
    { problem: "missing", line: 9 }
  ],
  ["a target of no bus", good.replace("'vda'", "'../x'"), { problem: "invalid", line: 9 }]
]

test.each(attacks)("refuses %s with its place", (_name, text, expected) => {
  const error = refusal(text)
  expect(error).toMatchObject(expected)
  expect(error.message).toContain(`line ${error.line}, column ${error.column}`)
  expect(error.message.length).toBeLessThan(1_000)
})

test("takes in its stride what is large but within the bounds", () => {
  const unknown = inDevices("").replace("</domain>", `${"<a><b/></a>".repeat(40_000)}</domain>`)
  const inside = good.replace(">64<", `>64${"<a/>".repeat(99_000)}<`)
  const spaces = Array.from({ length: 250 }, (_, n) => `xmlns:p${n}='urn:${n}'`).join(" ")
  const scopes = good.replace(
    "</domain>",
    `${`<n:a xmlns:n='urn:n' ${spaces}>`.repeat(200)}${"</n:a>".repeat(200)}</domain>`
  )
  const disks = Array.from({ length: devicesMax - 1 }, (_, n) => {
    const letters = [...n.toString(26)].map((digit) =>
      String.fromCharCode(97 + Number.parseInt(digit, 26))
    )
    return `<disk><target dev='vd${letters.join("")}'/></disk>`
  })
  for (const text of [unknown, inside, scopes, inDevices(disks.reverse().join(""))]) {
    expect(Result.isSuccess(parseDomain(text))).toBe(true)
  }
})

test("names the byte that is not UTF-8", () => {
  const bytes = new TextEncoder().encode(good)
  const broken = bytes.with(bytes.indexOf(0x61, 25), 0xff)
  const result = decodeText(broken)
  expect(Result.isFailure(result) && result.failure).toMatchObject({
    problem: "malformed",
    line: 2
  })
})

test("decodes UTF-8 with or without a mark, and nothing else", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.boolean(), (text, hasMark) => {
      const wellFormed = text.toWellFormed().replace(/^\uFEFF+/, "")
      const bytes = new TextEncoder().encode((hasMark ? "\uFEFF" : "") + wellFormed)
      expect(Result.getOrThrow(decodeText(bytes))).toBe(wellFormed)
    })
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 8 }), (bytes) => {
      const isUtf8 = Buffer.from(
        new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes)
      ).equals(bytes)
      expect(Result.isSuccess(decodeText(bytes))).toBe(isUtf8)
    })
  )
})

test("answers any damage with a definition or a place", () => {
  const piece = fc.oneof(
    fc.string({ maxLength: 5 }),
    fc.constantFrom("<", "</", "'", "&", "<!", "]]>")
  )
  const cut = fc.tuple(fc.nat(good.length), fc.nat(20), piece)
  fc.assert(
    fc.property(fc.array(cut, { minLength: 1, maxLength: 3 }), (cuts) => {
      const text = cuts.reduce(
        (whole, [at, length, put]) => whole.slice(0, at) + put + whole.slice(at + length),
        good
      )
      const result = parseDomain(text)
      if (Result.isSuccess(result)) return
      expect(result.failure.line).toBeGreaterThan(0)
      expect(result.failure.line).toBeLessThanOrEqual(text.split("\n").length)
    }),
    { numRuns: 1_000 }
  )
})
