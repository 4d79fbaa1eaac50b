/**
 * A guest's own firmware variables: made from their template at its first start, and kept. Nothing
 * that is there is ever overwritten.
 */
import * as Effect from "effect/Effect"
import { Files } from "../../src/host/files.ts"
import type { Domain } from "../../src/model/domain.ts"
import { Store } from "../../src/store/store.ts"

/** The largest firmware variables file that is copied from its template. OVMF's has 528 KiB. */
const nvramBytesMax = 64 * 1024 * 1024

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf("/"))

/** The folder of variables is ours to make; any other has to be there. */
const prepareFolder = Effect.fnUntraced(function* (path: string) {
  const files = yield* Files
  const { layout } = yield* Store
  if (path === `${layout.lib}/qemu/nvram`) yield* files.makeDirectory(path, 0o711)
})

/** Copies the template, whole or not at all. */
const copy = Effect.fnUntraced(function* (template: string, path: string) {
  const files = yield* Files
  const bytes = yield* files.read(template, nvramBytesMax)
  const half = `${path}.new`
  yield* Effect.acquireUseRelease(
    files.open(half, "write", 0o600),
    (file) => Effect.andThen(files.write(file, bytes), files.sync(file)),
    (file) => files.close(file)
  )
  yield* files.rename(half, path)
  yield* files.syncDirectory(parentOf(path))
}, Effect.uninterruptible)

/** The guest's own firmware variables, from their template when there are none yet. */
export const prepareNvram = Effect.fnUntraced(function* ({ os: { nvram } }: Domain) {
  if (nvram?.path === undefined || nvram.template === undefined) return
  const files = yield* Files
  const { path, template } = nvram
  if ((yield* Effect.option(files.stat(path)))._tag === "Some") return
  yield* prepareFolder(parentOf(path))
  yield* copy(template, path)
})
