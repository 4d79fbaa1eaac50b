/**
 * Goal: a log stays bounded, what was said last is kept, and QEMU's writing is never held up.
 * Method: real files; a descriptor that appends as QEMU's does, over rotations and trims.
 */
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { afterAll, expect, test } from "vitest"
import { layer } from "../../../src/host/files.live.ts"
import { Files } from "../../../src/host/files.ts"
import { lastWords, openLog, printable, trimLog } from "../../../src/host/log-file.ts"

const directory = fs.mkdtempSync(join(tmpdir(), "tr-log-"))
afterAll(() => fs.rmSync(directory, { recursive: true, force: true }))

const run = <A, E>(effect: Effect.Effect<A, E, Files>) =>
  Effect.runPromise(Effect.provide(effect, layer))

let count = 0
const newPath = () => join(directory, `${count++}.log`)
const namesOf = (path: string) => {
  const base = path.slice(directory.length + 1)
  return fs.readdirSync(directory).filter((name) => name === base || name.startsWith(`${base}.`))
}

const limits = { bytesMax: 100, backups: 2 }

const say = (path: string, words: string) =>
  run(
    Effect.gen(function* () {
      const files = yield* Files
      const { file, offset } = yield* openLog(path, limits)
      yield* files.write(file, new TextEncoder().encode(words))
      yield* files.close(file)
      return offset
    })
  )

test("a full log is rotated at the next opening, and the oldest falls away", async () => {
  const path = newPath()
  for (const letter of ["a", "b", "c", "d"]) expect(await say(path, letter.repeat(100))).toBe(0)
  expect(namesOf(path)).toHaveLength(3)
  expect(fs.readFileSync(path, "utf8")).toBe("d".repeat(100))
  expect(fs.readFileSync(`${path}.0`, "utf8")).toBe("c".repeat(100))
  expect(fs.readFileSync(`${path}.1`, "utf8")).toBe("b".repeat(100))
})

test("a log with room is continued, and tells where its new words begin", async () => {
  const path = newPath()
  await say(path, "first\n")
  expect(await say(path, "second\n")).toBe(6)
  expect(await run(lastWords(path, { from: 6 }))).toEqual(["second"])
  expect(await run(lastWords(path, { from: 0 }))).toEqual(["first", "second"])
})

test("a flood is trimmed under the writer's hands, its end kept", async () => {
  const path = newPath()
  const writer = fs.openSync(path, "a", 0o600)
  fs.writeSync(writer, "x".repeat(5_000))
  fs.writeSync(writer, "the end".padStart(100, "."))
  expect(await run(trimLog(path, limits))).toBe(true)
  fs.writeSync(writer, "after")
  fs.closeSync(writer)
  expect(fs.readFileSync(path, "utf8")).toBe("after")
  expect(fs.readFileSync(`${path}.0`, "utf8")).toBe("the end".padStart(100, "."))
  expect(await run(trimLog(path, limits))).toBe(false)
})

test("over any writing and trimming the files stay bounded", async () => {
  const sizes = fc.array(fc.nat({ max: 300 }), { maxLength: 12 })
  const property = fc.asyncProperty(sizes, async (writes) => {
    const path = newPath()
    const writer = fs.openSync(path, "a")
    for (const size of writes) {
      fs.writeSync(writer, "x".repeat(size))
      await run(trimLog(path, limits))
    }
    fs.closeSync(writer)
    const names = namesOf(path)
    expect(names.length).toBeLessThanOrEqual(1 + limits.backups)
    for (const name of names) {
      expect(fs.statSync(join(directory, name)).size).toBeLessThanOrEqual(limits.bytesMax)
    }
  })
  await fc.assert(property, { numRuns: 30 })
})

test("last words are few, whole lines, and cannot drive a terminal", async () => {
  const path = newPath()
  const lines = Array.from({ length: 5_000 }, (_, index) => `line ${index}`)
  fs.writeFileSync(path, `${lines.join("\n")}\n\u001b[2Jgone\u202e\u0007\r\n\xff`, "latin1")
  const words = await run(lastWords(path, { from: 0, linesMax: 3 }))
  expect(words.slice(0, 2)).toEqual(["line 4999", "\\u{1b}[2Jgone.\\u{7}"])
  expect(words).toHaveLength(3)
})

test("a log that is not there, or was cut since, says what there is", async () => {
  const path = newPath()
  expect(await run(lastWords(path, { from: 0 }))).toEqual([])
  fs.writeFileSync(path, "short\n")
  expect(await run(lastWords(path, { from: 9_999 }))).toEqual(["short"])
})

test("nothing printable is lost, nothing else is left", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(printable(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
    })
  )
  expect(printable("Gäste, 日本, 🙂")).toBe("Gäste, 日本, 🙂")
})
