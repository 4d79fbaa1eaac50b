/** Puts a file on a disk in memory, with the directories above it, as an administrator does. */
import type { MemoryDisk } from "./disk.ts"
import type { Attribute } from "./node.ts"

export interface Content {
  readonly text: string
  readonly mode?: number
}

/** A file of /sys, as the kernel makes it. */
export const putAttribute = (
  disk: MemoryDisk,
  path: string,
  { mode = 0o444, store, text = "" }: Partial<Content> & Attribute
): void => {
  put(disk, path, { text, mode })
  disk.fileAt(path).attribute = store === undefined ? {} : { store }
}

export const put = (disk: MemoryDisk, path: string, { text, mode = 0o644 }: Content): void => {
  disk.makeDirectories(path.slice(0, path.lastIndexOf("/")))
  const file = disk.createFile(path, mode, false)
  disk.truncate(file, 0)
  disk.write(file, new TextEncoder().encode(text))
}
