/**
 * Goal: what a device wrote into itself is read as it is meant, and any other bytes do no harm.
 * Method: product data built from fields and read back; bytes at random, whole and damaged.
 */
import fc from "fast-check"
import { expect, test } from "vitest"
import { configFacts } from "../../../src/host/pci-config.ts"
import { vpdOf } from "../../../src/host/pci-vpd.ts"
import { vpdBytes } from "../../unit/node/every-device.ts"

/** Without blanks at the ends, which are filling. */
const value = fc.stringMatching(/^[0-9A-Za-z\-_,.:;= ]{0,40}$/).map((text) => text.trim())

const index = fc.constantFrom(..."0123456789BCDEFGHIJKLMNOPQRSTUVWXYZ")

test("product data comes back as it was written", () => {
  fc.assert(
    fc.property(
      fc.record({ name: value, part: value, serial: value, vendor: value, tag: value, index }),
      ({ name, part, serial, vendor, tag, index: at }) => {
        const bytes = vpdBytes(
          name,
          { PN: part, SN: serial, [`V${at}`]: vendor },
          { YA: tag, [`Y${at}`]: vendor }
        )
        expect(vpdOf(bytes)).toEqual({
          name,
          readOnly: {
            partNumber: part,
            serialNumber: serial,
            vendor: [{ index: at, value: vendor }]
          },
          readWrite: { assetTag: tag, vendor: [], system: [{ index: at, value: vendor }] }
        })
      }
    )
  )
})

test("product data of which one byte is another is not taken for whole", () => {
  const bytes = vpdBytes("A card", { PN: "12345" })
  const checked = bytes.length - "YA".length - 2
  fc.assert(
    fc.property(fc.nat(checked - 1), fc.integer({ min: 1, max: 255 }), (at, by) => {
      const damaged = bytes.slice()
      damaged[at] = ((bytes[at] ?? 0) + by) % 256
      // A length that changed may hide the read-only part; never are its values believed.
      const found = vpdOf(damaged)
      expect(found?.readOnly?.partNumber).toBeUndefined()
    })
  )
})

const bytes = fc.uint8Array({ maxLength: 4096 })

test("no bytes whatsoever throw, and what is told is plain text", () => {
  fc.assert(
    fc.property(bytes, (any) => {
      for (const start of [[], [0x82, 2, 0, 65, 66, 0x90]]) {
        const found = vpdOf(Uint8Array.from([...start, ...any]))
        expect(found?.name ?? "").toMatch(/^[0-9A-Za-z \-_,.:;=]*$/)
      }
      const { express } = configFacts(any)
      expect(express?.link?.capable.width ?? 0).toBeLessThan(64)
    })
  )
})

test("a list of capabilities that runs in a circle ends", () => {
  const circle = new Uint8Array(256)
  circle[0x06] = 0x10
  circle[0x34] = 0x40
  circle[0x40] = 0x01
  circle[0x41] = 0x40
  expect(configFacts(circle)).toEqual({})
})
