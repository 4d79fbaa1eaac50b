/**
 * The status record of one epoch of one running guest: what the next engine needs to find its QEMU
 * and to go on with it. Written before QEMU may run and at each change, removed when the guest is
 * released.
 *
 * A record is replaced by rename but not synced: it has to survive our death, which the kernel's
 * cache does, and not the host's, for that is QEMU's death too.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { assert } from "../base/assert.ts"
import { indexConcurrency, statusBytesMax } from "../base/limits.ts"
import { writeVisibly } from "./atomic.ts"
import { bytesOf, type Disk, readText } from "./disk.ts"
import { type StoreError, storeError } from "./error.ts"
import { statusPath } from "./layout.ts"

/** The version that is written. The reader takes this one, and the one before once there is one. */
export const statusVersion = 1

/** `GENERATION.COUNTER`, without leading zeros: one start of one guest, never used again. */
export const epochPattern = /^(0|[1-9][0-9]{0,9})\.(0|[1-9][0-9]{0,9})$/

const Epoch = Schema.String.check(Schema.isPattern(epochPattern))
const Strings = Schema.Array(Schema.String)

/** What QEMU's process is, once it was spawned. */
const Process = Schema.Struct({
  pid: Schema.Int,
  /** Field 22 of `/proc/PID/stat`, in ticks since boot: tells a reused pid from this one. */
  startTime: Schema.String
})

const Reservations = Schema.Struct({
  /** `0000:03:00.0` */
  pci: Strings,
  /** `BUS:DEVICE` */
  usb: Strings,
  /** `HOST:BUS:TARGET:UNIT` */
  scsi: Schema.optionalKey(Strings),
  /** uuids */
  mdev: Schema.optionalKey(Strings),
  ports: Schema.Array(Schema.Int)
})

const Account = Schema.Struct({ uid: Schema.Int, gid: Schema.Int })

/** A file that was given to the account QEMU runs as. */
const Owner = Schema.Struct({ path: Schema.String, from: Account, to: Account })

/**
 * A host device that was plugged into the running guest: written before QEMU is told. Whether the
 * guest has it, QEMU alone knows.
 */
const Plugged = Schema.Struct({
  /** Its name in QEMU. */
  alias: Schema.String,
  /** Which pool has it, by what name, and whether the engine gives it back to its driver. */
  pool: Schema.Literals(["pci", "usb", "scsi", "mdev"]),
  device: Schema.String,
  isManaged: Schema.Boolean,
  /** Its node, where QEMU could not have opened it. */
  owners: Schema.optionalKey(Schema.Array(Owner))
})

const FunctionSettings = Schema.Struct({ mac: Schema.String, vlan: Schema.Int })
/** What the epoch has changed on the host outside its own directory, to be given back. */
const Holds = Schema.Struct({
  /** Files that were given to the account QEMU runs as. */
  owners: Schema.Array(Owner),
  taps: Strings,
  /** Virtual functions that were given the MAC address and VLAN of the guest's card. */
  cards: Schema.optionalKey(
    Schema.Array(
      Schema.Struct({
        device: Schema.String,
        card: Schema.String,
        index: Schema.Int,
        from: FunctionSettings,
        to: FunctionSettings
      })
    )
  ),
  /** Sockets at places of the definition's choosing. */
  sockets: Schema.Array(
    Schema.Struct({ path: Schema.String, inode: Schema.optionalKey(Schema.Int) })
  ),
  /** Of this epoch alone. */
  directories: Strings,
  cgroup: Schema.optionalKey(Schema.String),
  /** What QEMU appends to and the engine keeps within its bound. */
  logs: Strings
})

/**
 * What one epoch is, as far as it is needed to find or to end its QEMU, even when the rest is
 * damaged.
 */
const Head = Schema.Struct({
  version: Schema.Literal(statusVersion),
  uuid: Schema.String,
  name: Schema.String,
  epoch: Epoch,
  /**
   * Chosen for this epoch and part of QEMU's command line, so that the process can prove itself.
   */
  token: Schema.String,
  process: Schema.optionalKey(Process),
  monitorPath: Schema.String,
  /** The connection whose end destroys the guest. */
  autoDestroy: Schema.optionalKey(Schema.String)
})

const Status = Schema.Struct({
  ...Head.fields,
  /** The number that clients know a running domain by. */
  id: Schema.Int,
  /** How far the start had come; only from `running` or `paused` on is it a guest. */
  phase: Schema.Literals(["launching", "launched", "running", "paused"]),
  /** libvirt's word for the state and for its reason. */
  state: Schema.String,
  reason: Schema.String,
  isTransient: Schema.Boolean,
  /** The live definition as XML. */
  definition: Schema.String,
  reservations: Reservations,
  plugged: Schema.optionalKey(Schema.Array(Plugged)),
  holds: Schema.optionalKey(Holds),
  startedAtMs: Schema.Number,
  /** What was set at run time in place of the definition's actions. */
  actions: Schema.optionalKey(
    Schema.Struct({
      onPoweroff: Schema.optionalKey(Schema.String),
      onReboot: Schema.optionalKey(Schema.String),
      onCrash: Schema.optionalKey(Schema.String)
    })
  )
})

/** The part of a record that suffices to find or to end its QEMU. */
export type StatusHead = Omit<typeof Head.Type, "version">

/** One epoch of one guest. The version is the file's matter. */
export type StatusRecord = Omit<typeof Status.Type, "version">

/** A file that could not be read or understood. It stays where it is. */
export interface QuarantinedStatus {
  readonly path: string
  readonly reason: string
  /** What could still be read of it. */
  readonly head: StatusHead | undefined
}

export interface StatusListing {
  readonly records: readonly StatusRecord[]
  readonly quarantined: readonly QuarantinedStatus[]
}

/** Why a text is no status record, and what could still be read of it. */
export interface StatusMalformed {
  readonly reason: string
  readonly head: StatusHead | undefined
}

const decodeStatus = Schema.decodeUnknownResult(Status)
const decodeHead = Schema.decodeUnknownResult(Head)
const decodeJson = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Unknown))
const decodeVersion = Schema.decodeUnknownResult(Schema.Struct({ version: Schema.Int }))

const withoutVersion = <A extends { readonly version: number }>(file: A): Omit<A, "version"> => {
  const { version, ...rest } = file
  assert(version === statusVersion, "a record of this version was decoded")
  return rest
}

export const encodeStatus = (record: StatusRecord): string =>
  `${JSON.stringify({ version: statusVersion, ...record })}\n`

const refuse = (reason: string, head?: StatusHead): Result.Result<never, StatusMalformed> =>
  Result.fail({ reason, head })

/** The record in a file's text, or why there is none. */
export const parseStatus = (text: string): Result.Result<StatusRecord, StatusMalformed> => {
  const json = decodeJson(text)
  if (Result.isFailure(json)) return refuse("not JSON")
  const version = decodeVersion(json.success)
  if (Result.isFailure(version)) return refuse("no version")
  const found = version.success.version
  if (found !== statusVersion) return refuse(`version ${found} is not known`)
  const status = decodeStatus(json.success)
  if (Result.isSuccess(status)) return Result.succeed(withoutVersion(status.success))
  const reason = status.failure.message.replaceAll(/\s+/g, " ")
  const head = decodeHead(json.success)
  return refuse(reason, Result.isSuccess(head) ? withoutVersion(head.success) : undefined)
}

const deedOf = (name: string): string => `write the status of '${name}'`

/** Replaces the record of the epoch. Visible to the next engine as soon as this succeeds. */
export const writeStatus = (disk: Disk, record: StatusRecord): Effect.Effect<void, StoreError> =>
  writeVisibly(disk, {
    deed: deedOf(record.name),
    path: statusPath(disk.layout, record.epoch),
    bytes: bytesOf(encodeStatus(record)),
    mode: 0o600
  })

/** Removes the record of the epoch. Absent is fine. */
export const removeStatus = (disk: Disk, epoch: string): Effect.Effect<void, StoreError> =>
  disk.files
    .unlink(statusPath(disk.layout, epoch))
    .pipe(Effect.asVoid, Effect.mapError(storeError(`remove the status of epoch ${epoch}`)))

const suffix = ".json"

type Listed =
  | { readonly ok: true; readonly record: StatusRecord }
  | { readonly ok: false; readonly quarantined: QuarantinedStatus }

const readStatus = (disk: Disk, fileName: string): Effect.Effect<Listed> => {
  const path = `${disk.layout.statuses}/${fileName}`
  const quarantine = (reason: string, head?: StatusHead): Listed => ({
    ok: false,
    quarantined: { path, reason, head }
  })
  return readText(disk, { deed: "read a status", path, bytesMax: statusBytesMax }).pipe(
    Effect.map((text) => {
      const parsed = parseStatus(text)
      if (Result.isFailure(parsed)) return quarantine(parsed.failure.reason, parsed.failure.head)
      const record = parsed.success
      return `${record.epoch}${suffix}` === fileName
        ? { ok: true as const, record }
        : quarantine(`it is a record of epoch ${record.epoch}`, record)
    }),
    Effect.catch((error) => Effect.succeed(quarantine(error.because)))
  )
}

/** All records; what cannot be read is quarantined by path and reason, and never removed. */
export const listStatuses = (disk: Disk): Effect.Effect<StatusListing, StoreError> =>
  Effect.gen(function* () {
    const names = yield* disk.files
      .list(disk.layout.statuses)
      .pipe(Effect.mapError(storeError("list the statuses")))
    const candidates = names.filter((name) => !name.startsWith("."))
    const all = yield* Effect.forEach(candidates, (name) => readStatus(disk, name), {
      concurrency: indexConcurrency
    })
    return {
      records: all.flatMap((one) => (one.ok ? [one.record] : [])),
      quarantined: all.flatMap((one) => (one.ok ? [] : [one.quarantined]))
    }
  })
