/**
 * What QEMU tells unasked, typed. One row per event that Troupe acts on or passes on; an event that
 * is not in the table, or not of its documented shape, is kept as `Other` with its data.
 */
import { isObject, type Json, type JsonObject } from "./json.ts"
import type { EventTime } from "./message.ts"

/** Past this an event's data is left out: no event of QEMU comes near it, a hostile one might. */
export const eventBytesMax = 64 * 1024

/** Reads members; one that is not there or of another type marks the event as unreadable. */
class Fields {
  isReadable = true
  readonly #data: JsonObject

  constructor(data: JsonObject) {
    this.#data = data
  }

  #value(name: string): Json | undefined {
    return Object.hasOwn(this.#data, name) ? this.#data[name] : undefined
  }

  #unreadable<A>(substitute: A): A {
    this.isReadable = false
    return substitute
  }

  text(name: string): string {
    const value = this.#value(name)
    return typeof value === "string" ? value : this.#unreadable("")
  }

  textOr<A>(name: string, absent: A): string | A {
    return this.#value(name) === undefined ? absent : this.text(name)
  }

  flag(name: string): boolean {
    const value = this.#value(name)
    return typeof value === "boolean" ? value : this.#unreadable(false)
  }

  flagOr(name: string, absent: boolean): boolean {
    return this.#value(name) === undefined ? absent : this.flag(name)
  }

  /** 64 bits wide in QEMU: what a number would round is refused. */
  integer(name: string): number {
    const value = this.#value(name)
    return typeof value === "number" && Number.isSafeInteger(value) ? value : this.#unreadable(0)
  }

  integerOr<A>(name: string, absent: A): number | A {
    return this.#value(name) === undefined ? absent : this.integer(name)
  }

  struct(name: string): JsonObject {
    const value = this.#value(name)
    return isObject(value) ? value : {}
  }
}

const blockJob = (fields: Fields) => ({
  /** The job's id; `device` on the wire, for history's sake. */
  job: fields.text("device"),
  type: fields.text("type"),
  error: fields.textOr("error", undefined)
})

const unplugRefused = (fields: Fields) =>
  ({
    _tag: "DeviceUnplugRefused",
    device: fields.textOr("device", undefined),
    path: fields.textOr("path", undefined)
  }) as const

/** QEMU's name -> what is read of its data (qapi/run-state.json, block-core.json, ...). */
const table = {
  SHUTDOWN: (f: Fields) =>
    ({ _tag: "Shutdown", guest: f.flag("guest"), reason: f.text("reason") }) as const,
  RESET: (f: Fields) =>
    ({ _tag: "Reset", guest: f.flag("guest"), reason: f.text("reason") }) as const,
  POWERDOWN: () => ({ _tag: "Powerdown" }) as const,
  STOP: () => ({ _tag: "Stop" }) as const,
  RESUME: () => ({ _tag: "Resume" }) as const,
  SUSPEND: () => ({ _tag: "Suspend" }) as const,
  SUSPEND_DISK: () => ({ _tag: "SuspendDisk" }) as const,
  WAKEUP: () => ({ _tag: "Wakeup" }) as const,
  GUEST_PANICKED: (f: Fields) =>
    ({ _tag: "GuestPanicked", action: f.text("action"), info: f.struct("info") }) as const,
  GUEST_CRASHLOADED: (f: Fields) =>
    ({ _tag: "GuestCrashloaded", action: f.text("action"), info: f.struct("info") }) as const,
  WATCHDOG: (f: Fields) => ({ _tag: "Watchdog", action: f.text("action") }) as const,
  RTC_CHANGE: (f: Fields) => ({ _tag: "RtcChange", offsetSeconds: f.integer("offset") }) as const,
  BALLOON_CHANGE: (f: Fields) =>
    ({ _tag: "BalloonChange", actualBytes: f.integer("actual") }) as const,
  DEVICE_DELETED: (f: Fields) =>
    ({
      _tag: "DeviceDeleted",
      /** Absent for the parts of a device; only the event with its id ends an unplug. */
      device: f.textOr("device", undefined),
      path: f.text("path")
    }) as const,
  DEVICE_UNPLUG_GUEST_ERROR: unplugRefused,
  MEM_UNPLUG_ERROR: unplugRefused,
  DEVICE_TRAY_MOVED: (f: Fields) =>
    ({
      _tag: "DeviceTrayMoved",
      /** The device's id; `device` on the wire is the drive's old name, mostly empty. */
      id: f.text("id"),
      isOpen: f.flag("tray-open")
    }) as const,
  VSERPORT_CHANGE: (f: Fields) =>
    ({ _tag: "VserportChange", id: f.text("id"), isOpen: f.flag("open") }) as const,
  ACPI_DEVICE_OST: (f: Fields) => {
    const info = new Fields(f.struct("info"))
    const read = {
      _tag: "AcpiDeviceOst",
      device: info.textOr("device", undefined),
      slot: info.text("slot"),
      slotType: info.text("slot-type"),
      source: info.integer("source"),
      status: info.integer("status")
    } as const
    f.isReadable &&= info.isReadable
    return read
  },
  BLOCK_IO_ERROR: (f: Fields) =>
    ({
      _tag: "BlockIoError",
      device: f.textOr("device", ""),
      /** QEMU 7.2 tells the node, not the device's id. */
      node: f.textOr("node-name", undefined),
      qomPath: f.textOr("qom-path", undefined),
      operation: f.text("operation"),
      action: f.text("action"),
      isOutOfSpace: f.flagOr("nospace", false),
      reason: f.textOr("reason", "")
    }) as const,
  BLOCK_WRITE_THRESHOLD: (f: Fields) =>
    ({
      _tag: "BlockWriteThreshold",
      node: f.text("node-name"),
      thresholdBytes: f.integer("write-threshold"),
      exceededBytes: f.integer("amount-exceeded")
    }) as const,
  JOB_STATUS_CHANGE: (f: Fields) =>
    ({ _tag: "JobStatusChange", job: f.text("id"), status: f.text("status") }) as const,
  BLOCK_JOB_READY: (f: Fields) => ({ _tag: "BlockJobReady", ...blockJob(f) }) as const,
  BLOCK_JOB_COMPLETED: (f: Fields) => ({ _tag: "BlockJobCompleted", ...blockJob(f) }) as const,
  BLOCK_JOB_CANCELLED: (f: Fields) => ({ _tag: "BlockJobCancelled", ...blockJob(f) }) as const,
  BLOCK_JOB_PENDING: (f: Fields) =>
    ({ _tag: "BlockJobPending", job: f.text("id"), type: f.text("type") }) as const,
  BLOCK_JOB_ERROR: (f: Fields) =>
    ({
      _tag: "BlockJobError",
      job: f.text("device"),
      operation: f.text("operation"),
      action: f.text("action")
    }) as const,
  MIGRATION: (f: Fields) => ({ _tag: "Migration", status: f.text("status") }) as const,
  MIGRATION_PASS: (f: Fields) => ({ _tag: "MigrationPass", pass: f.integer("pass") }) as const,
  DUMP_COMPLETED: (f: Fields) =>
    ({
      _tag: "DumpCompleted",
      result: f.struct("result"),
      error: f.textOr("error", undefined)
    }) as const,
  MEMORY_DEVICE_SIZE_CHANGE: (f: Fields) =>
    ({
      _tag: "MemoryDeviceSizeChange",
      id: f.textOr("id", undefined),
      sizeBytes: f.integer("size"),
      path: f.textOr("qom-path", undefined)
    }) as const,
  NIC_RX_FILTER_CHANGED: (f: Fields) =>
    ({
      _tag: "NicRxFilterChanged",
      name: f.textOr("name", undefined),
      path: f.text("path")
    }) as const,
  MEMORY_FAILURE: (f: Fields) => {
    const flags = new Fields(f.struct("flags"))
    const read = {
      _tag: "MemoryFailure",
      recipient: f.text("recipient"),
      action: f.text("action"),
      isActionRequired: flags.flag("action-required"),
      isRecursive: flags.flag("recursive")
    } as const
    f.isReadable &&= flags.isReadable
    return read
  },
  SPICE_CONNECTED: (f: Fields) =>
    ({ _tag: "SpiceConnected", server: f.struct("server"), client: f.struct("client") }) as const,
  SPICE_INITIALIZED: (f: Fields) =>
    ({ _tag: "SpiceInitialized", server: f.struct("server"), client: f.struct("client") }) as const,
  SPICE_DISCONNECTED: (f: Fields) =>
    ({
      _tag: "SpiceDisconnected",
      server: f.struct("server"),
      client: f.struct("client")
    }) as const,
  VNC_CONNECTED: (f: Fields) =>
    ({ _tag: "VncConnected", server: f.struct("server"), client: f.struct("client") }) as const,
  VNC_INITIALIZED: (f: Fields) =>
    ({ _tag: "VncInitialized", server: f.struct("server"), client: f.struct("client") }) as const,
  VNC_DISCONNECTED: (f: Fields) =>
    ({ _tag: "VncDisconnected", server: f.struct("server"), client: f.struct("client") }) as const
}

type Table = typeof table
type Known = { [name in keyof Table]: ReturnType<Table[name]> }[keyof Table]

export type QmpEvent = (
  | Known
  | {
      readonly _tag: "Other"
      readonly name: string
      readonly data: JsonObject
      /** Bytes of data that were left out for being past `eventBytesMax`; else 0. */
      readonly omittedBytes: number
    }
) & { readonly at: EventTime }

const isKnown = (name: string): name is keyof Table => Object.hasOwn(table, name)

/** An event as QEMU tells it. */
export interface RawEvent {
  readonly name: string
  readonly data: JsonObject
  readonly at: EventTime
}

/** `sizeBytes` is the length of the line that it came in. */
export const decodeEvent = ({ name, data, at }: RawEvent, sizeBytes: number): QmpEvent => {
  if (sizeBytes > eventBytesMax) {
    return { _tag: "Other", name: name.slice(0, 128), data: {}, omittedBytes: sizeBytes, at }
  }
  const other: QmpEvent = { _tag: "Other", name, data, omittedBytes: 0, at }
  if (!isKnown(name)) return other
  const fields = new Fields(data)
  const event = table[name](fields)
  return fields.isReadable ? { ...event, at } : other
}
