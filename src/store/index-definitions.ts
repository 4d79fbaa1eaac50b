/**
 * Which definitions a root has: name, uuid and autostart of each, from the heads of their files.
 * The definitions themselves are parsed when first needed. Reads in bounded batches and leaves the
 * event loop free in between; changes nothing on the disk but links without a definition, which it
 * removes.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { definitionBytesMax, indexBatch, indexConcurrency } from "../base/limits.ts"
import { type Disk, readHeads, readText } from "./disk.ts"
import { type StoreError, storeError } from "./error.ts"
import { fileStem, nameOfStem } from "./file-name.ts"
import type { Identity, ReadIdentity } from "./identity.ts"

export interface DefinitionHead extends Identity {
  readonly isAutostart: boolean
}

/** One page: libvirt's comment, name and uuid stand in the first 400 bytes. */
const definitionHeadBytes = 4096

/** A file that is not taken for a definition. It stays where it is. */
export interface QuarantinedDefinition {
  readonly path: string
  /** The name that the file is called by, when it can be told. */
  readonly name: string | undefined
  readonly reason: string
}

export interface DefinitionIndex {
  readonly heads: readonly DefinitionHead[]
  readonly quarantined: readonly QuarantinedDefinition[]
}

const suffix = ".xml"
const isDefinitionFile = (fileName: string): boolean =>
  fileName.endsWith(suffix) && !fileName.startsWith(".")

type Found =
  | { readonly ok: true; readonly stem: string; readonly identity: Identity }
  | { readonly ok: false; readonly quarantined: QuarantinedDefinition }

export const indexDefinitions = Effect.fnUntraced(function* (
  disk: Disk,
  readIdentity: ReadIdentity
): Effect.fn.Return<DefinitionIndex, StoreError> {
  const { files, layout } = disk
  const names = yield* files
    .list(layout.definitions)
    .pipe(Effect.mapError(storeError("list the definitions")))
  const stems = names.filter(isDefinitionFile).map((name) => name.slice(0, -suffix.length))
  const links = yield* listLinks(disk, new Set(stems))
  const found: Found[] = []
  for (let from = 0; from < stems.length; from += indexBatch) {
    const batch = stems.slice(from, from + indexBatch)
    found.push(...(yield* indexSome(disk, readIdentity, batch)))
    yield* Effect.yieldNow
  }
  return withoutTwins(disk, found, links)
})

/**
 * The stems that are linked for autostart. A link without a definition is removed: it says nothing.
 */
const listLinks = Effect.fnUntraced(function* (disk: Disk, stems: ReadonlySet<string>) {
  const names = yield* disk.files
    .list(disk.layout.autostart)
    .pipe(Effect.mapError(storeError("list the autostart links")))
  const links = names.filter(isDefinitionFile).map((name) => name.slice(0, -suffix.length))
  const stemsLinked = yield* Effect.forEach(
    links,
    (stem) => {
      const path = `${disk.layout.autostart}/${stem}${suffix}`
      // Anything but a link fails here, and stays.
      const target = disk.files.readLink(path)
      const kept = stems.has(stem)
        ? Effect.map(target, (to) => fileNameOf(to) === stem)
        : Effect.as(Effect.andThen(target, disk.files.unlink(path)), false)
      return kept.pipe(
        Effect.orElseSucceed(() => false),
        Effect.map((isKept) => (isKept ? [stem] : []))
      )
    },
    { concurrency: indexConcurrency }
  )
  return new Set(stemsLinked.flat())
})

const fileNameOf = (path: string): string =>
  path.slice(path.lastIndexOf("/") + 1).replace(/\.xml$/, "")

const deed = "index a definition"

const indexSome = Effect.fnUntraced(function* (
  disk: Disk,
  readIdentity: ReadIdentity,
  stems: readonly string[]
) {
  const paths = stems.map((stem) => `${disk.layout.definitions}/${stem}${suffix}`)
  const heads = yield* readHeads(disk, { deed, paths, bytesMax: definitionHeadBytes })
  const some: Found[] = []
  for (const [index, head] of heads.entries()) {
    const [stem = "", path = ""] = [stems[index], paths[index]]
    const identity = Result.map(head, ({ text }) => readIdentity(text))
    // Not as libvirt and we write it, where both stand in the head of the file.
    const isInPart = Result.isSuccess(head) && !head.success.isWhole
    const isUnknown = Result.isSuccess(identity) && identity.success === undefined
    const known =
      isInPart && isUnknown ? yield* Effect.result(identifyAll(disk, readIdentity, path)) : identity
    some.push(foundAs(known, { stem, path }))
  }
  return some
})

const identifyAll = (disk: Disk, readIdentity: ReadIdentity, path: string) =>
  Effect.map(readText(disk, { deed, path, bytesMax: definitionBytesMax }), readIdentity)

const foundAs = (
  known: Result.Result<Identity | undefined, StoreError>,
  { stem, path }: { readonly stem: string; readonly path: string }
): Found => {
  const quarantine = (reason: string): Found => ({
    ok: false,
    quarantined: { path, name: nameOfStem(stem), reason }
  })
  if (Result.isFailure(known)) return quarantine(known.failure.because)
  const identity = known.success
  if (identity === undefined) return quarantine("it is no definition of a domain")
  const right = fileStem(identity.name)
  return right === stem
    ? { ok: true, stem, identity }
    : quarantine(`it defines '${identity.name}', which belongs into '${right}${suffix}'`)
}

/** Of two files with one uuid the first by name counts; the other is reported. */
const withoutTwins = (
  disk: Disk,
  found: readonly Found[],
  links: ReadonlySet<string>
): DefinitionIndex => {
  const heads: DefinitionHead[] = []
  const quarantined: QuarantinedDefinition[] = []
  const nameByUuid = new Map<string, string>()
  for (const one of found) {
    if (!one.ok) {
      quarantined.push(one.quarantined)
      continue
    }
    const { name, uuid } = one.identity
    const twin = nameByUuid.get(uuid)
    if (twin === undefined) {
      nameByUuid.set(uuid, name)
      heads.push({ name, uuid, isAutostart: links.has(one.stem) })
    } else {
      const path = `${disk.layout.definitions}/${one.stem}${suffix}`
      quarantined.push({ path, name, reason: `its uuid ${uuid} is that of '${twin}'` })
    }
  }
  return { heads, quarantined }
}
