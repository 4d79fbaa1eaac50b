/**
 * Goal: what every `Files` does, the live one and a simulated one, in the same words.
 * Method: each case gets an empty directory and the service.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import { expect, test } from "vitest"
import { Files } from "../../../src/host/files.ts"

/** Where a case may work, made anew for each, and the service to work with. */
export interface FilesBench {
  readonly run: (effect: Effect.Effect<void, unknown, Files>) => Promise<void>
  readonly makeDirectory: () => string
}

const bytes = (text: string) => new TextEncoder().encode(text)
const text = (read: Uint8Array) => new TextDecoder().decode(read)

type Service = (typeof Files)["Service"]
type Case = (files: Service, at: string) => Effect.Effect<void, unknown, Scope.Scope>

const put = Effect.fnUntraced(function* (files: Service, path: string, content: string) {
  const file = yield* files.open(path, "write")
  yield* files.write(file, bytes(content))
  yield* files.sync(file)
  yield* files.close(file)
})

const codeOf = (effect: Effect.Effect<unknown, { readonly code: string }>) =>
  Effect.map(Effect.flip(effect), (error) => error.code)

const cases: { readonly [name: string]: Case } = {
  "what was written is read": Effect.fnUntraced(function* (files, at) {
    yield* put(files, `${at}/a`, "hello")
    expect(text(yield* files.read(`${at}/a`, 5))).toBe("hello")
    yield* put(files, `${at}/a`, "")
    expect(text(yield* files.read(`${at}/a`, 0))).toBe("")
  }),

  "reading past the bound is EFBIG": Effect.fnUntraced(function* (files, at) {
    yield* put(files, `${at}/a`, "hello")
    expect(yield* codeOf(files.read(`${at}/a`, 4))).toBe("EFBIG")
  }),

  "a part is read from its offset, short at the end": Effect.fnUntraced(function* (files, at) {
    yield* put(files, `${at}/a`, "hello world")
    const file = yield* files.open(`${at}/a`, "read")
    expect(text(yield* files.readAt(file, 6, 3))).toBe("wor")
    expect(text(yield* files.readAt(file, 9, 100))).toBe("ld")
    expect(text(yield* files.readAt(file, 99, 1))).toBe("")
    yield* files.close(file)
  }),

  "the heads of many files come in order, each with its own failure": Effect.fnUntraced(
    function* (files, at) {
      yield* put(files, `${at}/a`, "hello world")
      yield* put(files, `${at}/b`, "")
      yield* put(files, `${at}/c`, "me")
      const paths = ["c", "none", "b", "a", "c"].map((name) => `${at}/${name}`)
      const heads = yield* files.readHeads(paths, 5)
      const told = heads.map((head) =>
        Result.isSuccess(head) ? text(head.success) : [head.failure.code, head.failure.path]
      )
      expect(told).toEqual(["me", ["ENOENT", `${at}/none`], "", "hello", "me"])
      expect(yield* files.readHeads([], 5)).toEqual([])
    }
  ),

  "the targets of many links come in order, each with its own failure": Effect.fnUntraced(
    function* (files, at) {
      yield* put(files, `${at}/a`, "no link")
      yield* files.symlink("../x", `${at}/l`)
      yield* files.symlink("a", `${at}/m`)
      const paths = ["m", "none", "a", "l"].map((name) => `${at}/${name}`)
      const links = yield* files.readLinks(paths)
      const told = links.map((link) =>
        Result.isSuccess(link) ? link.success : [link.failure.code, link.failure.path]
      )
      expect(told).toEqual(["a", ["ENOENT", `${at}/none`], ["EINVAL", `${at}/a`], "../x"])
      expect(yield* files.readLinks([])).toEqual([])
    }
  ),

  "a part is written in place, and a gap before it reads as zeros": Effect.fnUntraced(
    function* (files, at) {
      yield* put(files, `${at}/a`, "hello")
      const file = yield* files.open(`${at}/a`, "update")
      yield* files.writeAt(file, 1, bytes("ipp"))
      yield* files.writeAt(file, 7, bytes("!"))
      yield* files.close(file)
      expect(text(yield* files.read(`${at}/a`, 100))).toBe("hippo\0\0!")
      expect((yield* files.stat(`${at}/a`)).size).toBe(8)
      expect(yield* codeOf(files.open(`${at}/none`, "update"))).toBe("ENOENT")
      yield* files.symlink("a", `${at}/link`)
      expect(yield* codeOf(files.open(`${at}/link`, "update"))).toBe("ELOOP")
    }
  ),

  "the room of a file system is told of any path in it": Effect.fnUntraced(function* (files, at) {
    const { totalBytes, freeBytes } = yield* files.room(at)
    expect(totalBytes).toBeGreaterThan(0)
    expect(freeBytes).toBeLessThanOrEqual(totalBytes)
    expect(yield* codeOf(files.room(`${at}/none`))).toBe("ENOENT")
  }),

  "append writes at the end, also after the file was cut": Effect.fnUntraced(function* (files, at) {
    yield* put(files, `${at}/a`, "one ")
    const file = yield* files.open(`${at}/a`, "append")
    yield* files.write(file, bytes("two "))
    yield* files.truncate(`${at}/a`, 0)
    yield* files.write(file, bytes("three"))
    yield* files.close(file)
    expect(text(yield* files.read(`${at}/a`, 99))).toBe("three")
  }),

  "create refuses what is there": Effect.fnUntraced(function* (files, at) {
    const file = yield* files.open(`${at}/a`, "create")
    yield* files.close(file)
    expect(yield* codeOf(files.open(`${at}/a`, "create"))).toBe("EEXIST")
  }),

  "no writing follows a link": Effect.fnUntraced(function* (files, at) {
    yield* put(files, `${at}/real`, "untouched")
    yield* files.symlink(`${at}/real`, `${at}/link`)
    expect(yield* codeOf(files.open(`${at}/link`, "write"))).toBe("ELOOP")
    expect(yield* codeOf(files.open(`${at}/link`, "append"))).toBe("ELOOP")
    expect(yield* codeOf(files.open(`${at}/link`, "create"))).toBe("EEXIST")
    expect(text(yield* files.read(`${at}/link`, 99))).toBe("untouched")
    expect(yield* files.readLink(`${at}/link`)).toBe(`${at}/real`)
    expect((yield* files.stat(`${at}/link`)).kind).toBe("symlink")
  }),

  "rename replaces": Effect.fnUntraced(function* (files, at) {
    yield* put(files, `${at}/a`, "new")
    yield* put(files, `${at}/b`, "old")
    yield* files.rename(`${at}/a`, `${at}/b`)
    yield* files.syncDirectory(at)
    expect(yield* files.list(at)).toEqual(["b"])
    expect(text(yield* files.read(`${at}/b`, 99))).toBe("new")
  }),

  "what is absent is ENOENT, and removing it is no error": Effect.fnUntraced(function* (files, at) {
    const absent = `${at}/absent`
    expect(yield* codeOf(files.read(absent, 1))).toBe("ENOENT")
    expect(yield* codeOf(files.stat(absent))).toBe("ENOENT")
    expect(yield* codeOf(files.rename(absent, `${at}/x`))).toBe("ENOENT")
    expect(yield* codeOf(files.list(absent))).toBe("ENOENT")
    expect(yield* files.unlink(absent)).toBe(false)
    expect(yield* files.removeDirectory(absent)).toBe(false)
  }),

  "a directory is made once, and removed when empty": Effect.fnUntraced(function* (files, at) {
    expect(yield* files.makeDirectory(`${at}/d`, 0o700)).toBe(true)
    expect(yield* files.makeDirectory(`${at}/d`, 0o700)).toBe(false)
    expect((yield* files.stat(`${at}/d`)).kind).toBe("directory")
    yield* put(files, `${at}/d/a`, "")
    expect(yield* codeOf(files.removeDirectory(`${at}/d`))).toBe("ENOTEMPTY")
    expect(yield* codeOf(files.makeDirectory(`${at}/d/a`, 0o700))).toBe("EEXIST")
    expect(yield* files.unlink(`${at}/d/a`)).toBe(true)
    expect(yield* files.removeDirectory(`${at}/d`)).toBe(true)
  }),

  "modes and sizes are told": Effect.fnUntraced(function* (files, at) {
    yield* put(files, `${at}/a`, "12345")
    yield* files.chmod(`${at}/a`, 0o640)
    expect(yield* files.stat(`${at}/a`)).toMatchObject({ kind: "file", size: 5, mode: 0o640 })
    yield* files.truncate(`${at}/a`, 2)
    expect(text(yield* files.read(`${at}/a`, 9))).toBe("12")
  }),

  "names are listed in order": Effect.fnUntraced(function* (files, at) {
    for (const name of ["b", "a", ".c", "ä"]) yield* put(files, `${at}/${name}`, "")
    expect(yield* files.list(at)).toEqual([".c", "a", "b", "ä"])
  }),

  "a lock is held until its scope closes": Effect.fnUntraced(function* (files, at) {
    const lock = files.lock(`${at}/lock`)
    yield* Effect.scoped(
      Effect.gen(function* () {
        yield* lock
        const second = yield* Effect.flip(Effect.scoped(lock))
        expect(second._tag).toBe("FileLocked")
      })
    )
    yield* Effect.scoped(lock)
  }),

  "a change of a watched name is heard": Effect.fnUntraced(function* (files, at) {
    yield* put(files, `${at}/a`, "1")
    let heard = 0
    yield* Effect.scoped(
      Effect.gen(function* () {
        yield* files.watch(`${at}/a`, () => void heard++)
        // By renaming, as editors and we write.
        yield* put(files, `${at}/b`, "2")
        yield* files.rename(`${at}/b`, `${at}/a`)
        while (heard === 0) yield* Effect.sleep(5)
      })
    )
    expect(heard).toBeGreaterThan(0)
  }),

  "a deed that was begun finishes though its fiber is interrupted": Effect.fnUntraced(
    function* (files, at) {
      const fiber = yield* Effect.forkChild(put(files, `${at}/a`, "x".repeat(100_000)), {
        startImmediately: true
      })
      fiber.interruptUnsafe()
      // Whatever was reached, no file is half open and the next writer succeeds.
      yield* put(files, `${at}/b`, "next")
      expect(text(yield* files.read(`${at}/b`, 9))).toBe("next")
    }
  )
}

export const filesCases = ({ run: execute, makeDirectory }: FilesBench): void => {
  for (const [name, run] of Object.entries(cases)) {
    test(name, () => {
      const body = Effect.flatMap(Files, (files) => run(files, makeDirectory()))
      return execute(Effect.scoped(body))
    })
  }
}
