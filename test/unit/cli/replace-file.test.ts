/**
 * Goal: writing what a user has named never takes the place of a device, a FIFO or a link.
 * Method: a simulated disk with one of each; what stands there afterwards.
 */
import { expect, test } from "vitest"
import { replaceFile } from "../../../src/cli/replace-file.ts"
import { hostWith, runOn } from "../node/host.ts"

const bytes = new TextEncoder().encode("new")

const written = (path: string) => {
  const host = hostWith({ "/home/old": "old" })
  const { disk } = host
  disk.special("/home/null", "character")
  disk.symlink("old", "/home/link")
  disk.symlink("/home/link", "/home/far")
  disk.symlink("absent", "/home/dangling")
  disk.symlink("null", "/home/linked-null")
  let failure: unknown
  try {
    runOn(host, replaceFile(path, { bytes, mode: 0o644 }))
  } catch (error) {
    failure = error
  }
  const kindOf = (name: string) => (disk.has(name) ? disk.node(name).kind : undefined)
  const textOf = (name: string) => {
    const node = disk.has(name) ? disk.node(name) : undefined
    return node?.kind === "file" ? new TextDecoder().decode(node.data) : undefined
  }
  return { kindOf, textOf, failure }
}

test.each([
  ["/home/old", "/home/old"],
  ["/home/fresh", "/home/fresh"],
  ["/home/link", "/home/old"],
  ["/home/far", "/home/old"],
  ["/home/dangling", "/home/absent"]
])("%s: the text stands in %s", (path, place) => {
  const { textOf, kindOf, failure } = written(path)
  expect(failure).toBeUndefined()
  expect(textOf(place)).toBe("new")
  expect(kindOf("/home/link")).toBe("symlink")
  expect(kindOf(`${place}.tmp`)).toBeUndefined()
})

test.each(["/home/null", "/home/linked-null"])("%s stays what it is", (path) => {
  const { kindOf, textOf } = written(path)
  expect(kindOf("/home/null")).toBe("character")
  expect(kindOf("/home/linked-null")).toBe("symlink")
  expect(textOf("/home/old")).toBe("old")
})
