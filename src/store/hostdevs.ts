/**
 * What is remembered of each device that was taken from its driver, in `run/hostdevs/`: written
 * before the first deed, or before QEMU gets it, removed after the last one back. Like a status
 * record it survives the engine and not the host, whose next boot gives every device to its driver
 * again: a record of another boot tells of nothing any more.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { statusBytesMax } from "../base/limits.ts"
import { writeVisibly } from "./atomic.ts"
import { bytesOf, type Disk, isAbsent, orAbsent, readText } from "./disk.ts"
import { type StoreError, storeError } from "./error.ts"

const Record = Schema.Struct({
  version: Schema.Literal(1),
  /** Absent: a PCI function. */
  kind: Schema.optionalKey(Schema.Literals(["pci", "usb"])),
  /** `0000:03:00.0`, `001:004` */
  device: Schema.String,
  /** The driver that it had; empty is none. */
  original: Schema.String,
  /** What had been said of its driver before. */
  override: Schema.String,
  /** It was taken for nobody in particular, and stays so until it is asked back. */
  isDetached: Schema.Boolean,
  /** Of a USB device: its interfaces that nobody drove before. */
  idle: Schema.optionalKey(Schema.Array(Schema.String)),
  boot: Schema.String
})

/** Version and boot are the file's matter. */
export type HostdevRecord = Omit<typeof Record.Type, "version" | "boot">

export type RememberedKind = NonNullable<HostdevRecord["kind"]>

export interface HostdevListing {
  readonly records: readonly HostdevRecord[]
  readonly unreadable: readonly { readonly path: string; readonly reason: string }[]
}

const decodeRecord = Schema.decodeUnknownResult(Schema.fromJsonString(Record))

const folderMode = 0o700
const bootIdBytesMax = 128

/** Where the records are; there is none until a device was first taken. */
export const folderOf = ({ layout }: Disk): string => `${layout.run}/hostdevs`
const pathOf = (disk: Disk, device: string, kind: RememberedKind = "pci"): string =>
  `${folderOf(disk)}/${kind}-${device}.json`

/** Where it cannot be told, every boot is the same: better a device too many looked at. */
const bootOf = ({ files }: Disk) =>
  files.read("/proc/sys/kernel/random/boot_id", bootIdBytesMax).pipe(
    Effect.map((bytes) => new TextDecoder().decode(bytes).trim()),
    Effect.orElseSucceed(() => "")
  )

/** Visible to the next engine as soon as this succeeds. */
export const writeHostdev = Effect.fnUntraced(function* (disk: Disk, record: HostdevRecord) {
  const deed = `remember host device ${record.device}`
  yield* Effect.mapError(disk.files.makeDirectory(folderOf(disk), folderMode), storeError(deed))
  const boot = yield* bootOf(disk)
  const bytes = bytesOf(`${JSON.stringify({ version: 1, ...record, boot })}\n`)
  yield* writeVisibly(disk, {
    deed,
    path: pathOf(disk, record.device, record.kind),
    bytes,
    mode: 0o600
  })
})

/** Absent is fine. */
export const removeHostdev = (
  disk: Disk,
  device: string,
  kind?: RememberedKind
): Effect.Effect<void, StoreError> =>
  disk.files
    .unlink(pathOf(disk, device, kind))
    .pipe(Effect.asVoid, Effect.mapError(storeError(`forget host device ${device}`)))

/** `undefined` when nothing is remembered of it, or nothing that is a record. */
export const readHostdev = Effect.fnUntraced(function* (
  disk: Disk,
  device: string,
  kind?: RememberedKind
) {
  const path = pathOf(disk, device, kind)
  const deed = `recall host device ${device}`
  const text = yield* orAbsent(readText(disk, { deed, path, bytesMax: statusBytesMax }))
  return text === undefined ? undefined : Result.getOrUndefined(decodeRecord(text))
})

/** All of this boot; those of an earlier one are removed. */
export const listHostdevs = Effect.fnUntraced(function* (disk: Disk) {
  const folder = folderOf(disk)
  const names = yield* disk.files.list(folder).pipe(
    Effect.catchIf(isAbsent, () => Effect.succeed([])),
    Effect.mapError(storeError("list the host devices"))
  )
  const boot = yield* bootOf(disk)
  const records: HostdevRecord[] = []
  const unreadable: { readonly path: string; readonly reason: string }[] = []
  for (const name of names.filter((one) => one.endsWith(".json") && !one.startsWith("."))) {
    const path = `${folder}/${name}`
    const deed = "recall a host device"
    const text = yield* Effect.result(readText(disk, { deed, path, bytesMax: statusBytesMax }))
    const parsed = Result.isSuccess(text) ? decodeRecord(text.success) : undefined
    if (parsed === undefined || Result.isFailure(parsed)) {
      const reason = parsed === undefined ? "it cannot be read" : "it is no record of a host device"
      unreadable.push({ path, reason })
      continue
    }
    const { version: _version, boot: written, ...record } = parsed.success
    const isOfThisBoot = written === boot || written === "" || boot === ""
    if (isOfThisBoot) records.push(record)
    else yield* Effect.ignore(removeHostdev(disk, record.device, record.kind))
  }
  const listing: HostdevListing = { records, unreadable }
  return listing
})
