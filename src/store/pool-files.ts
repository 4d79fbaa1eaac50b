/**
 * Definitions of storage pools on disk, with their autostart links, laid out as libvirt does:
 * `etc/storage/NAME.xml`, `etc/storage/autostart/NAME.xml`. The folders are made when the first
 * pool is defined: an engine without pools has none and does nothing for them. Knows no XML.
 */
import * as Effect from "effect/Effect"
import { definitionBytesMax } from "../base/limits.ts"
import { removeDurably, sweep, undone, writeDurably } from "./atomic.ts"
import { bytesOf, type Disk, isAbsent, readText } from "./disk.ts"
import { StoreError, storeError } from "./error.ts"
import { fileStem } from "./file-name.ts"

const modeOfFolder = 0o700
const modeOfDefinition = 0o600

/** Definitions read at once. */
const readsAtOnce = 8

const folderOf = ({ layout }: Disk): string => `${layout.root}/etc/storage`
const linksOf = (disk: Disk): string => `${folderOf(disk)}/autostart`

export const poolPath = (disk: Disk, name: string): string =>
  `${folderOf(disk)}/${fileStem(name)}.xml`

const linkPath = (disk: Disk, name: string): string => `${linksOf(disk)}/${fileStem(name)}.xml`

const makeFolders = (disk: Disk, deed: string) => {
  const { files } = disk
  const above = `${disk.layout.root}/etc`
  return Effect.gen(function* () {
    if (yield* files.makeDirectory(folderOf(disk), modeOfFolder)) yield* files.syncDirectory(above)
    if (yield* files.makeDirectory(linksOf(disk), modeOfFolder))
      yield* files.syncDirectory(folderOf(disk))
  }).pipe(Effect.mapError(storeError(deed)))
}

export interface PoolFile {
  readonly path: string
  readonly xml: string
  readonly isAutostart: boolean
}

export interface PoolFiles {
  readonly found: readonly PoolFile[]
  /** Left as they are. */
  readonly unreadable: readonly StoreError[]
}

const namesIn = (disk: Disk, folder: string) =>
  disk.files.list(folder).pipe(
    Effect.catchIf(isAbsent, () => Effect.succeed([])),
    Effect.mapError(storeError("list the storage pools"))
  )

/** All definitions. What a crash left of unfinished writes goes first. */
export const readPools = Effect.fnUntraced(function* (disk: Disk) {
  const folder = folderOf(disk)
  yield* Effect.ignore(sweep(disk, folder))
  const names = (yield* namesIn(disk, folder)).filter(
    (name) => name.endsWith(".xml") && !name.startsWith(".")
  )
  const links = new Set(yield* namesIn(disk, linksOf(disk)))
  const read = yield* Effect.forEach(
    names,
    (name) => {
      const path = `${folder}/${name}`
      const deed = `read the storage pool '${name}'`
      const reading = readText(disk, { deed, path, bytesMax: definitionBytesMax })
      return Effect.result(
        Effect.map(reading, (xml): PoolFile => ({ path, xml, isAutostart: links.has(name) }))
      )
    },
    { concurrency: readsAtOnce }
  )
  const files: PoolFiles = {
    found: read.flatMap((one) => (one._tag === "Success" ? [one.success] : [])),
    unreadable: read.flatMap((one) => (one._tag === "Failure" ? [one.failure] : []))
  }
  return files
})

/** Writes or replaces the definition. Durable when it succeeds. */
export const writePool = Effect.fnUntraced(function* (disk: Disk, name: string, xml: string) {
  const deed = `write the storage pool '${name}'`
  const path = poolPath(disk, name)
  const bytes = bytesOf(xml)
  if (bytes.length > definitionBytesMax) {
    const because = `it has ${bytes.length} bytes, at most ${definitionBytesMax} are taken`
    return yield* new StoreError({ deed, path, fault: "tooLarge", because, isUnchanged: true })
  }
  yield* makeFolders(disk, deed)
  yield* writeDurably(disk, { deed, path, bytes, mode: modeOfDefinition })
})

/** Link first: one that stayed behind would start the next pool of that name. */
export const removePool = Effect.fnUntraced(function* (disk: Disk, name: string) {
  const deed = `remove the storage pool '${name}'`
  yield* linkPool(disk, name, false)
  yield* removeDurably(disk, { deed, path: poolPath(disk, name), mode: modeOfDefinition })
})

/** Sets or clears the autostart link. Durable when it succeeds; set or clear already is fine. */
export const linkPool = (disk: Disk, name: string, isAutostart: boolean) => {
  const { files } = disk
  const deed = `${isAutostart ? "set" : "clear"} autostart of storage pool '${name}'`
  const path = linkPath(disk, name)
  const make = files.symlink(`../${fileStem(name)}.xml`, path).pipe(
    Effect.as(true),
    Effect.catchIf(
      ({ code }) => code === "EEXIST",
      () => Effect.succeed(false)
    )
  )
  const sync = files.syncDirectory(linksOf(disk))
  const undo = isAutostart ? files.unlink(path) : files.symlink(`../${fileStem(name)}.xml`, path)
  return Effect.gen(function* () {
    yield* makeFolders(disk, deed)
    const change = isAutostart ? make : files.unlink(path)
    const isChanged = yield* change.pipe(Effect.mapError(storeError(deed)))
    const restore = isChanged ? Effect.andThen(undo, sync) : Effect.void
    yield* sync.pipe(Effect.catch((error) => undone(error, deed, restore)))
  }).pipe(Effect.uninterruptible)
}
