// Goal: the disk in memory is like the real one, so that what is proven on it holds.
// Method: random rows of primitives on both, step by step the same answers and the same errors, and
// in the end the same tree.
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import fc from "fast-check"
import { expect, test } from "vitest"
import { type FileError, Files } from "../../../src/host/files.ts"
import * as LiveFiles from "../../../src/host/files.live.ts"
import { MemoryDisk } from "../../../src/testing/host/disk.ts"
import { MemoryProcess } from "./stepped.ts"

type FilesService = Files["Service"]

const place = fc.constantFrom(
  "a",
  "b",
  "d",
  "d/a",
  "d/b",
  "d/e",
  "d/e/x",
  "missing/x",
  "a/under-a-file",
  "d/../b",
  "n".repeat(256)
)
const target = fc.constantFrom("a", "../a", "d", "e", "nowhere", "b")
const text = fc.constantFrom("", "one", "two and more")

const command = fc.oneof(
  fc.record({
    type: fc.constant("put" as const),
    at: place,
    flag: fc.constantFrom("write" as const, "create" as const, "append" as const),
    text
  }),
  fc.record({ type: fc.constant("read" as const), at: place }),
  fc.record({
    type: fc.constant("readAt" as const),
    at: place,
    from: fc.nat(5),
    most: fc.integer({ min: 1, max: 5 })
  }),
  fc.record({ type: fc.constant("rename" as const), at: place, to: place }),
  fc.record({ type: fc.constant("unlink" as const), at: place }),
  fc.record({ type: fc.constant("symlink" as const), at: place, target }),
  fc.record({ type: fc.constant("readLink" as const), at: place }),
  fc.record({ type: fc.constant("makeDirectory" as const), at: place }),
  fc.record({ type: fc.constant("removeDirectory" as const), at: place }),
  fc.record({ type: fc.constant("list" as const), at: place }),
  fc.record({ type: fc.constant("stat" as const), at: place }),
  fc.record({ type: fc.constant("syncDirectory" as const), at: place }),
  fc.record({ type: fc.constant("truncate" as const), at: place, size: fc.nat(6) }),
  fc.record({ type: fc.constant("chmod" as const), at: place })
)

type Command = typeof command extends fc.Arbitrary<infer A> ? A : never

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** What the command answers, as text; paths are given relative to `base`. */
const perform = (
  files: FilesService,
  base: string,
  one: Command
): Effect.Effect<unknown, FileError> => {
  const at = `${base}/${one.at}`
  switch (one.type) {
    case "put":
      return Effect.flatMap(files.open(at, one.flag, 0o600), (file) =>
        files
          .write(file, new TextEncoder().encode(one.text))
          .pipe(Effect.andThen(files.sync(file)), Effect.ensuring(files.close(file)))
      )
    case "read":
      return Effect.map(files.read(at, 5), textOf)
    case "readAt":
      return Effect.flatMap(files.open(at, "read"), (file) =>
        Effect.ensuring(files.readAt(file, one.from, one.most), files.close(file))
      ).pipe(Effect.map(textOf))
    case "rename":
      return files.rename(at, `${base}/${one.to}`)
    case "unlink":
      return files.unlink(at)
    case "symlink":
      return files.symlink(one.target, at)
    case "readLink":
      return files.readLink(at)
    case "makeDirectory":
      return files.makeDirectory(at, 0o700)
    case "removeDirectory":
      return files.removeDirectory(at)
    case "list":
      return files.list(at)
    case "stat":
      return Effect.map(files.stat(at), ({ kind, size, mode }) =>
        kind === "file" ? { kind, size, mode } : { kind }
      )
    case "syncDirectory":
      // Of anything but a directory no more is asked than an error or nothing.
      return Effect.andThen(files.list(at), files.syncDirectory(at))
    case "truncate":
      return files.truncate(at, one.size)
    case "chmod":
      return files.chmod(at, 0o640)
  }
}

/** All answers in order, errors by their code. */
const answers = (files: FilesService, base: string, commands: readonly Command[]) =>
  Effect.forEach(commands, (one) =>
    Effect.map(Effect.result(perform(files, base, one)), (result) =>
      Result.isSuccess(result) ? { answer: result.success } : { code: result.failure.code }
    )
  )

const realTree = (base: string, at = ""): readonly string[] =>
  fs
    .readdirSync(path.join(base, at), { withFileTypes: true })
    .flatMap((entry) => {
      const below = path.join(at, entry.name)
      return entry.isDirectory() ? [below, ...realTree(base, below)] : [below]
    })
    .toSorted()

test("answers as the real file system does, in every order of primitives", async () => {
  const live = Effect.runSync(
    Effect.provide(Files.pipe(Effect.map((files) => files)), LiveFiles.layer)
  )
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 25 }), async (commands) => {
      const base = fs.mkdtempSync(path.join(os.tmpdir(), "troupe-files-"))
      try {
        const disk = new MemoryDisk()
        disk.makeDirectory("/base", 0o700)
        const { files } = new MemoryProcess(disk)
        const expected = await Effect.runPromise(answers(live, base, commands))
        expect(Effect.runSync(answers(files, "/base", commands))).toEqual(expected)
        const tree = Object.keys(disk.tree())
          .filter((one) => one.startsWith("/base/"))
          .map((one) => one.slice("/base/".length))
        expect(tree.toSorted()).toEqual(realTree(base))
      } finally {
        fs.rmSync(base, { recursive: true })
      }
    }),
    { numRuns: 300 }
  )
})
