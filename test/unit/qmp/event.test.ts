/**
 * Goal: an event that Troupe acts on is typed; one it does not know, or that is not as documented,
 * is kept and never a fault.
 * Method: lines as QEMU 7.2 wrote them, and the same with members missing.
 */
import { expect, test } from "vitest"
import { decodeEvent, eventBytesMax, type QmpEvent } from "../../../src/qmp/event.ts"
import { decodeMessage } from "../../../src/qmp/message.ts"

const read = (line: string): QmpEvent => {
  const message = decodeMessage(line)
  if (message._tag !== "Event") throw new Error(JSON.stringify(message))
  return decodeEvent(message, line.length)
}

const at = { seconds: 1700000000, microseconds: 12 }
const line = (event: string, data?: object) => JSON.stringify({ timestamp: at, event, data })

const known: readonly (readonly [string, object | undefined, object])[] = [
  [
    "SHUTDOWN",
    { guest: true, reason: "guest-shutdown" },
    { _tag: "Shutdown", guest: true, reason: "guest-shutdown" }
  ],
  ["RESET", { guest: false, reason: "host-qmp-system-reset" }, { _tag: "Reset", guest: false }],
  ["STOP", undefined, { _tag: "Stop" }],
  ["RESUME", undefined, { _tag: "Resume" }],
  ["POWERDOWN", undefined, { _tag: "Powerdown" }],
  ["SUSPEND", undefined, { _tag: "Suspend" }],
  ["SUSPEND_DISK", undefined, { _tag: "SuspendDisk" }],
  ["WAKEUP", undefined, { _tag: "Wakeup" }],
  ["GUEST_PANICKED", { action: "pause" }, { _tag: "GuestPanicked", action: "pause", info: {} }],
  ["WATCHDOG", { action: "reset" }, { _tag: "Watchdog", action: "reset" }],
  [
    "RTC_CHANGE",
    { offset: -3600, "qom-path": "/machine/rtc" },
    { _tag: "RtcChange", offsetSeconds: -3600 }
  ],
  ["BALLOON_CHANGE", { actual: 267386880 }, { _tag: "BalloonChange", actualBytes: 267386880 }],
  [
    "DEVICE_DELETED",
    { path: "/machine/peripheral/d/virtio-backend" },
    { _tag: "DeviceDeleted", device: undefined }
  ],
  [
    "DEVICE_DELETED",
    { device: "d", path: "/machine/peripheral/d" },
    { _tag: "DeviceDeleted", device: "d" }
  ],
  [
    "DEVICE_TRAY_MOVED",
    { device: "", id: "cd", "tray-open": true },
    { _tag: "DeviceTrayMoved", id: "cd", isOpen: true }
  ],
  [
    "VSERPORT_CHANGE",
    { id: "channel0", open: true },
    { _tag: "VserportChange", id: "channel0", isOpen: true }
  ],
  [
    "ACPI_DEVICE_OST",
    { info: { device: "dimm0", "slot-type": "DIMM", slot: "0", source: 3, status: 132 } },
    { _tag: "AcpiDeviceOst", device: "dimm0", slot: "0", source: 3, status: 132 }
  ],
  [
    "BLOCK_IO_ERROR",
    {
      device: "",
      "node-name": "b",
      operation: "write",
      action: "stop",
      nospace: true,
      reason: "No space left on device"
    },
    { _tag: "BlockIoError", node: "b", action: "stop", isOutOfSpace: true }
  ],
  [
    "JOB_STATUS_CHANGE",
    { status: "concluded", id: "j" },
    { _tag: "JobStatusChange", job: "j", status: "concluded" }
  ]
]

test.each(known)("%s is typed", (name, data, expected) => {
  expect(read(line(name, data))).toMatchObject({ ...expected, at })
})

test.each(["SHUTDOWN", "RESET", "BALLOON_CHANGE", "VSERPORT_CHANGE", "ACPI_DEVICE_OST"])(
  "%s without its members is kept as it came",
  (name) => {
    expect(read(line(name, { odd: 1 }))).toEqual({
      _tag: "Other",
      name,
      data: { odd: 1 },
      omittedBytes: 0,
      at
    })
  }
)

test.each(["NO_SUCH_EVENT", "constructor", "__proto__", "toString"])("%s is unknown", (name) => {
  expect(read(line(name, { a: 1 }))).toMatchObject({ _tag: "Other", name, data: { a: 1 } })
})

test("an event past the bound is told without its data", () => {
  const event = read(line("STOP", { padding: "x".repeat(eventBytesMax) }))
  expect(event).toMatchObject({ _tag: "Other", name: "STOP", data: {} })
  expect(event._tag === "Other" && event.omittedBytes).toBeGreaterThan(eventBytesMax)
})

test("what was not recognised is quoted short and without control characters", () => {
  const message = decodeMessage(`\u001b[31m${"x".repeat(500)}`)
  expect(message._tag).toBe("Malformed")
  expect(JSON.stringify(message).length).toBeLessThan(200)
  expect(message._tag === "Malformed" && message.problem).not.toContain("\u001b")
})
