/** Puts a file on a disk in memory, with the directories above it, as an administrator does. */
import type { MemoryDisk } from "./disk.ts"

export interface Content {
  readonly text: string
  readonly mode?: number
}

export const put = (disk: MemoryDisk, path: string, { text, mode = 0o644 }: Content): void => {
  disk.makeDirectories(path.slice(0, path.lastIndexOf("/")))
  const file = disk.createFile(path, mode, false)
  disk.truncate(file, 0)
  disk.write(file, new TextEncoder().encode(text))
}
