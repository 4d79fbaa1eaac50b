/**
 * Goal: whatever a definition holds, its values reach QEMU as they are, and none becomes an option
 * or another value's part.
 * Method: values of any characters are encoded and read back as QEMU reads them; hostile names,
 * paths and serials go through the whole command line.
 */
import fc from "fast-check"
import { expect, test } from "vitest"
import type { Disk } from "../../../src/model/device/disk.ts"
import { jsonText, keyValues } from "../../../src/qemu/argv/arg.ts"
import { argv, domain, objectsOf, valuesOf } from "../../unit/qemu-argv/fixture.ts"

/** QEMU's own reading of key=value text: a comma ends a value, two of them are one. */
const read = (text: string): readonly (readonly [string, string])[] => {
  const pairs: [string, string][] = []
  let rest = text
  while (rest !== "") {
    const equals = rest.indexOf("=")
    const key = rest.slice(0, equals)
    let value = ""
    let at = equals + 1
    while (at < rest.length) {
      if (rest[at] !== ",") value += rest[at]
      else if (rest[at + 1] === ",") {
        value += ","
        at += 1
      } else break
      at += 1
    }
    pairs.push([key, value])
    rest = rest.slice(at + 1)
  }
  return pairs
}

const hostile = fc.oneof(
  fc.string({ unit: "binary", minLength: 1 }),
  fc.constantFrom(",", ",,", "a,b=c", "=", "-S", '"', "'", "\n", "名前", "x,id=y", "{}", "\\")
)

const key = fc.stringMatching(/^[a-z][a-z-]{0,8}$/)

test("key=value text reads back as what was encoded", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(key, hostile), { minLength: 1 }), (pairs) => {
      expect(read(keyValues(undefined, pairs))).toEqual(pairs)
    })
  )
})

test("JSON text reads back as what was encoded, members without a value left out", () => {
  fc.assert(
    fc.property(fc.dictionary(key, fc.oneof(hostile, fc.integer(), fc.boolean())), (value) => {
      expect(JSON.parse(jsonText({ ...value, absent: undefined }))).toEqual({ ...value })
    })
  )
})

test("a number past what a double holds keeps all its digits", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (wwn) => {
      expect(jsonText({ wwn })).toBe(`{"wwn":${wwn}}`)
    })
  )
})

const options = new Set(
  argv(domain([{ kind: "serial", source: { type: "pty" }, target: {} }])).filter((word) =>
    word.startsWith("-")
  )
)
for (const more of ["-blockdev", "-chardev", "-netdev"]) options.add(more)

const disk = (path: string, serial: string): Disk => ({
  kind: "disk",
  device: "disk",
  source: { type: "file", file: path },
  target: { dev: "vda", bus: "virtio" },
  serial,
  isReadonly: false,
  isShareable: false,
  isTransient: false
})

test("hostile names, paths and serials reach QEMU unchanged and become no option", () => {
  fc.assert(
    fc.property(fc.tuple(hostile, hostile, hostile, hostile), ([name, path, serial, port]) => {
      const words = argv(
        domain(
          [
            disk(path, serial),
            { kind: "serial", source: { type: "file", path }, target: {} },
            {
              kind: "channel",
              source: { type: "unix", mode: "bind", path },
              target: { type: "virtio", name: port }
            }
          ],
          { name }
        )
      )
      expect(read(valuesOf(words, "-name")[0] ?? "")[0]).toEqual(["guest", name])
      const [storage] = objectsOf(words, "-blockdev")
      expect(storage?.["filename"]).toBe(path)
      const devices = objectsOf(words, "-device")
      expect(devices.find(({ id }) => id === "virtio-disk0")?.["serial"]).toBe(serial)
      expect(devices.find(({ id }) => id === "channel0")?.["name"]).toBe(port)
      const backEnds = valuesOf(words, "-chardev").map((text) =>
        Object.fromEntries(read(text.slice(text.indexOf(",") + 1)))
      )
      expect(backEnds.map((one) => one["path"])).toEqual([path, path])
      // Every second word after the program is an option, but for those that stand alone.
      const alone = new Set(["-S", "-no-user-config", "-nodefaults", "-no-shutdown", "-no-acpi"])
      for (let at = 1; at < words.length; at += alone.has(words[at] ?? "") ? 1 : 2) {
        expect(options).toContain(words[at])
      }
    })
  )
})
