/**
 * Folders of one epoch outside its run directory: where memory that is a file lives. Made for
 * QEMU's account, and removed with what is in them.
 */
import * as Effect from "effect/Effect"
import { Files } from "../../src/host/files.ts"
import type { Domain } from "../../src/model/domain.ts"
import type { ArgvConfig } from "../../src/qemu/argv/context.ts"
import { hugepageFolder, mountOf } from "../../src/qemu/argv/memory.ts"
import type { Account } from "./account.ts"

/** The folders that the command line names, each new to this epoch. */
export const memoryFolders = (
  live: Domain,
  config: ArgvConfig,
  shortName: string
): readonly string[] => {
  const { memoryBacking } = live
  if (memoryBacking === undefined || memoryBacking.source === "memfd") return []
  const pages = memoryBacking.hugepages?.pages
  if (pages !== undefined) {
    const sizes = pages.length === 0 ? ["default" as const] : pages.map(({ sizeKiB }) => sizeKiB)
    const mounts = sizes.flatMap((size) => mountOf(config.hugepageMounts, size)?.path ?? [])
    return [...new Set(mounts)].map((mount) => hugepageFolder(mount, shortName))
  }
  return memoryBacking.source === "file" ? [`${config.memoryBackingDir}/${shortName}`] : []
}

const throughMode = 0o711
const ownMode = 0o700

/** Makes the folder and those above it that are missing. */
export const makeFolder = Effect.fnUntraced(function* (path: string, account: Account | undefined) {
  const files = yield* Files
  const parts = path.split("/").slice(1)
  for (let depth = 1; depth < parts.length; depth++) {
    const above = `/${parts.slice(0, depth).join("/")}`
    if ((yield* Effect.option(files.stat(above)))._tag === "Some") continue
    yield* files.makeDirectory(above, throughMode)
  }
  yield* files.makeDirectory(path, ownMode)
  if (account !== undefined) yield* files.chown(path, account.uid, account.gid)
})
