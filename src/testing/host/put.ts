/** Puts a file on a disk in memory, with the directories above it, as a host's administrator does. */
import type { MemoryDisk } from "./disk.ts"

export const put = (disk: MemoryDisk, path: string, text: string, mode = 0o644): void => {
  disk.makeDirectories(path.slice(0, path.lastIndexOf("/")))
  const file = disk.createFile(path, mode, false)
  disk.truncate(file, 0)
  disk.write(file, new TextEncoder().encode(text))
}
