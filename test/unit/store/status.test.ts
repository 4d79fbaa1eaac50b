// Goal: what is written of a running guest is read back the same, and what cannot be understood is
// kept and reported with as much of it as helps to find its QEMU.
// Method: random records through the file's text; damaged texts by example and by random edits.
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { encodeStatus, parseStatus, type StatusRecord } from "../../../src/store/status.ts"
import { type Choose, MemoryDisk } from "../../../src/testing/host/disk.ts"
import { live } from "../../contract/store/world.ts"

const sample: StatusRecord = {
  uuid: "c7a5fdbd-cdaf-9455-926a-d65c16db1809",
  name: "web",
  id: 7,
  epoch: "3.17",
  token: "t0k3n",
  phase: "running",
  state: "running",
  reason: "booted",
  process: { pid: 4711, startTime: "123456789" },
  monitorPath: "/root/run/3.17/monitor",
  isTransient: false,
  definition: "<domain><name>web</name></domain>",
  reservations: { pci: ["0000:03:00.0"], usb: ["1:2"], ports: [5900] },
  startedAtMs: 1_700_000_000_000,
  autoDestroy: "connection-3",
  actions: { onReboot: "destroy" }
}

const word = fc.string({ unit: "binary" })
const counter = fc.nat(999_999)
const record: fc.Arbitrary<StatusRecord> = fc.record(
  {
    uuid: word,
    name: word,
    id: fc.nat(),
    epoch: fc.tuple(counter, counter).map(([generation, start]) => `${generation}.${start}`),
    token: word,
    phase: fc.constantFrom("launching", "launched", "running", "paused"),
    state: word,
    reason: word,
    process: fc.record({ pid: fc.nat(), startTime: word }),
    monitorPath: word,
    isTransient: fc.boolean(),
    definition: word,
    reservations: fc.record({
      pci: fc.array(word),
      usb: fc.array(word),
      ports: fc.array(fc.nat(65_535))
    }),
    startedAtMs: fc.nat(),
    autoDestroy: word,
    actions: fc.record({ onPoweroff: word, onReboot: word, onCrash: word }, { requiredKeys: [] })
  },
  {
    requiredKeys: [
      "uuid",
      "name",
      "id",
      "epoch",
      "token",
      "phase",
      "state",
      "reason",
      "monitorPath",
      "isTransient",
      "definition",
      "reservations",
      "startedAtMs"
    ]
  }
)

describe("the text of a record", () => {
  test("is read back as the same record", () => {
    fc.assert(
      fc.property(record, (one) => {
        expect(Result.getOrThrow(parseStatus(encodeStatus(one)))).toEqual(one)
      })
    )
  })

  test("gives a record or a reason, whatever was done to it", () => {
    const text = encodeStatus(sample)
    const edit = fc.tuple(fc.nat(text.length), fc.nat(20), fc.string())
    fc.assert(
      fc.property(edit, ([at, cut, put]) => {
        const parsed = parseStatus(text.slice(0, at) + put + text.slice(at + cut))
        if (Result.isFailure(parsed)) expect(parsed.failure.reason).not.toBe("")
      })
    )
  })

  test("of an unknown version is not guessed at", () => {
    const later = parseStatus(encodeStatus(sample).replace('"version":1', '"version":2'))
    expect(later).toEqual(Result.fail({ reason: "version 2 is not known", head: undefined }))
  })

  test("tells how to find QEMU even when the rest is damaged", () => {
    const damaged = parseStatus(encodeStatus(sample).replace('"phase":"running"', '"phase":"?"'))
    expect(Result.isFailure(damaged) && damaged.failure.head).toEqual({
      uuid: sample.uuid,
      name: "web",
      epoch: "3.17",
      token: "t0k3n",
      process: sample.process,
      monitorPath: sample.monitorPath,
      autoDestroy: sample.autoDestroy
    })
    expect(Result.isFailure(damaged) && damaged.failure.reason).toContain("phase")
  })
})

describe("records on disk", () => {
  const put = (disk: MemoryDisk, name: string, text: string): void => {
    const file = disk.createFile(`/root/run/status/${name}`, 0o600, true)
    disk.write(file, new TextEncoder().encode(text))
  }

  const list = (disk: MemoryDisk) => {
    const outcome = live(disk, (store) => store.listStatuses)
    if (outcome.kind !== "done") throw new Error(outcome.kind)
    return outcome.value
  }

  test("survive the death of the engine, replaced whole, and go when they are removed", () => {
    const disk = new MemoryDisk()
    const paused: StatusRecord = { ...sample, phase: "paused", state: "paused", reason: "user" }
    const other: StatusRecord = { ...sample, epoch: "3.18", name: "db" }
    live(disk, (store) =>
      Effect.andThen(
        store.writeStatus(sample),
        Effect.all([store.writeStatus(paused), store.writeStatus(other)])
      )
    )
    expect(list(disk)).toEqual({ records: [paused, other], quarantined: [] })
    live(disk, (store) => store.removeStatus("3.17"))
    expect(list(disk).records).toEqual([other])
  })

  test("that a power cut tore are reported and stay, for there is no QEMU to find any more", () => {
    const disk = new MemoryDisk()
    live(disk, (store) => store.writeStatus(sample))
    const keepNamesLoseContent: Choose = (n) => (n === 2 ? 1 : 0)
    disk.powerCut(keepNamesLoseContent)
    const { records, quarantined } = list(disk)
    expect(records).toEqual([])
    expect(quarantined.map(({ reason }) => reason)).toEqual(["not JSON"])
    expect(disk.has("/root/run/status/3.17.json")).toBe(true)
  })

  test("under a wrong name, of no use, or not ours are quarantined and never removed", () => {
    const disk = new MemoryDisk()
    live(disk, (store) => store.writeStatus(sample))
    put(disk, "9.9.json", encodeStatus(sample))
    put(disk, "note", "hello")
    disk.makeDirectory("/root/run/status/folder", 0o700)
    const { records, quarantined } = list(disk)
    expect(records).toEqual([sample])
    expect(quarantined.map(({ path, reason, head }) => [path, reason, head?.epoch])).toEqual([
      ["/root/run/status/9.9.json", "it is a record of epoch 3.17", "3.17"],
      ["/root/run/status/folder", "EISDIR", undefined],
      ["/root/run/status/note", "not JSON", undefined]
    ])
    expect(
      Object.keys(disk.tree()).filter((path) => path.startsWith("/root/run/status/"))
    ).toHaveLength(4)
  })

  test("of an older epoch can be removed without touching the newer one's", () => {
    const disk = new MemoryDisk()
    const newer: StatusRecord = { ...sample, epoch: "4.1" }
    live(disk, (store) => Effect.all([store.writeStatus(sample), store.writeStatus(newer)]))
    live(disk, (store) => Effect.all([store.removeStatus("3.17"), store.removeStatus("3.17")]))
    expect(list(disk).records).toEqual([newer])
  })
})
