/** Mutants of class C07: an engine that opens again loses, mistakes, kills or orphans guests. */
import type { Mutant } from "./mutant.ts"

const start = "actors/domain/start.ts"
const recover = "actors/driver/recover.ts"
const boot = "actors/driver/boot.ts"

export const restart: readonly Mutant[] = [
  {
    id: "M-Z064",
    zoo: ["Z064"],
    title: "guests are taken over before their definitions are known",
    shows: "the engine is down, QEMU dies, the engine opens: the domain leaves the list",
    expects: ["I29", "I30", "I02"],
    shape: "restart order",
    edits: [
      {
        file: boot,
        find: `    const entry = parts.domains.byUuid(uuid)
    if (entry !== undefined) {`,
        replace: `    const entry = parts.domains.byUuid("")
    if (entry !== undefined) {`
      }
    ]
  },
  {
    id: "M-Z065",
    zoo: ["Z065", "Z093"],
    title: "a QEMU of ours that no record tells of is left alone",
    shows: "the engine is killed between the spawn and the status record",
    expects: ["I30", "I01", "I26"],
    shape: "crash between spawn and status",
    edits: [
      {
        file: recover,
        find: "  const orphans = living.filter((one) => !explained.has(one))",
        replace: "  const orphans = living.filter((one) => !living.includes(one))"
      }
    ]
  },
  {
    id: "M-Z065b",
    zoo: ["Z065"],
    title: "a start is answered before its status record is on disk",
    shows: "start(A) answered, the engine is killed at the next write: the guest counts as orphan",
    expects: ["I30", "I29", "I07"],
    shape: "answered before it is written",
    edits: [
      {
        file: start,
        find: `      at("record")(record(mine, status))
`,
        replace: `      Effect.sync(() => {
        mine.owe(
          "status record",
          Effect.suspend(() => dropRecord(mine, status.epoch))
        )
        mine.record = status
      })
`
      },
      {
        file: start,
        find: `  const news = known.isNews ? at("record")(record(mine, settled)) : Effect.void
`,
        replace: `  mine.record = settled
  const news = Effect.void
`
      }
    ]
  },
  {
    id: "M-Z065c",
    zoo: ["Z065"],
    title: "a paused start is answered before the record says that it is one",
    shows: "start(A, paused) answered, the engine is killed at the next write: it is ended",
    expects: ["I30", "I07"],
    shape: "answered before it is written",
    edits: [
      {
        file: start,
        find: `  if (isPaused) yield* at("record")(record(mine, { ...settled, phase: "paused" }))
`,
        replace: ""
      }
    ]
  },
  {
    id: "M-Z065d",
    zoo: ["Z065", "Z101"],
    title: "a domain may be started while its orphan is still being ended",
    shows: "the engine is killed after a spawn; it opens, and the orphan takes its time to die",
    expects: ["I01", "I16"],
    shape: "orphan that does not die",
    edits: [
      {
        file: "actors/driver/leftovers.ts",
        find: "    if (ref === undefined || live === undefined || !DomainActor.isSettled(ref)) {",
        replace: "    if (ref === undefined || live === undefined || process.pid > 0) {"
      }
    ]
  },
  {
    id: "M-Z067",
    zoo: ["Z067"],
    title: "the ports of adopted guests are given away again",
    shows: "start(A), the engine is killed and opens, start(B): both have one display port",
    expects: ["I31", "I23"],
    shape: "given twice",
    edits: [
      {
        file: "actors/driver/holdings.ts",
        find: "    yield* Effect.ignore(ports.take({ range: { min: port, max: port }, token }))\n",
        replace: ""
      }
    ]
  },
  {
    id: "M-Z067b",
    zoo: ["Z067", "Z066"],
    title: "the devices of adopted guests are given away again",
    shows: "start(A), the engine is killed and opens, start(B), which wants the same device",
    expects: ["I23", "I31"],
    shape: "given twice",
    edits: [
      {
        file: "actors/driver/holdings.ts",
        find: "    yield* Effect.ignore(pool.adopt(wishes, holder))\n",
        replace: ""
      }
    ]
  },
  {
    id: "M-Z068",
    zoo: ["Z068"],
    title: "what a guest tells while it is sought overtakes the answer how it is",
    shows: "the engine opens, QEMU answers `running` and is paused by a disk error at once",
    expects: ["I17", "I18", "I21"],
    shape: "a word on the way",
    edits: [
      {
        file: "actors/domain/reattach.ts",
        find: "    const ear = earOf(mine, self, false)\n",
        replace: "    const ear = earOf(mine, self, true)\n"
      },
      {
        file: "actors/domain/reattach.ts",
        find: "      ear.close()\n",
        replace: "      ear.open()\n"
      }
    ]
  },
  {
    id: "M-Z072",
    zoo: ["Z072", "Z071"],
    title: "a guest whose monitor cannot be connected at the first try is ended",
    shows: "the engine is killed and opens while QEMU hangs, or its host has no descriptor left",
    expects: ["I30", "I21"],
    shape: "found again",
    edits: [
      {
        file: "actors/domain/reattach.ts",
        find: `      yield* Effect.sleep(pauseMs)
`,
        replace: `      if (found._tag === "None")
        return { type: "exited" as const, epoch, isClean: false, why: "it does not answer" }
      yield* Effect.sleep(pauseMs)
`
      }
    ]
  },
  {
    id: "M-Z074",
    zoo: ["Z074"],
    title: "a rename removes the old definition before the new one is there",
    shows: "rename(A to C), the engine is killed between the two files",
    expects: ["I29"],
    shape: "the power goes",
    edits: [
      {
        file: "src/store/rename.ts",
        find: `    yield* begin(disk, rename)
    const { to, uuid, xml } = rename
`,
        replace: `    yield* begin(disk, rename)
    const { to, uuid, xml } = rename
    const path = definitionPath(disk.layout, rename.from)
    yield* removeDurably(disk, { deed: deedOf(rename), path, mode: 0o600 })
`
      }
    ]
  },
  {
    id: "M-Z076",
    zoo: ["Z076"],
    title: "guests end with the engine",
    shows: "start(A), the engine is told to end",
    expects: ["I30"],
    shape: "shutdown in init",
    edits: [
      {
        file: "actors/driver/shut-down.ts",
        find: "    return stopsGuests || autoDestroy !== undefined || !DomainActor.isSettled(ref)",
        replace: '    return epoch !== ""'
      }
    ]
  },
  {
    id: "M-Z078",
    zoo: ["Z078", "Z077"],
    title: "a monitor that closes is taken for a guest that is gone",
    shows: "the monitor closes and QEMU lives on",
    expects: ["I21", "I30", "I17"],
    shape: "lost and found",
    edits: [
      {
        file: "actors/domain/connect.ts",
        find: `      onEnd: (why) => ear.hear({ type: "monitorEnded", epoch, why })`,
        replace: `      onEnd: (why) => ear.hear({ type: "exited", epoch, isClean: false, why })`
      }
    ]
  },
  {
    id: "M-I33",
    zoo: [],
    title: "one torn status record keeps the engine from opening",
    shows: "start(A), the power goes while its record is only in the cache of the kernel",
    expects: ["I33", "I30"],
    shape: "torn record",
    edits: [
      {
        file: "src/store/status.ts",
        find: `      if (Result.isFailure(parsed)) return quarantine(parsed.failure.reason, parsed.failure.head)
`,
        replace: `      if (Result.isFailure(parsed)) throw new Error(parsed.failure.reason)
`
      }
    ]
  },
  {
    id: "M-I33b",
    zoo: [],
    title: "a guest whose record cannot be read counts as orphan and is ended",
    shows: "start(A), the engine is killed; it opens, and cannot read the record",
    expects: ["I30", "I33"],
    shape: "unreadable record",
    edits: [
      {
        file: recover,
        find: `    if (head !== undefined)
      unreadable.push({ head, record: undefined, living: livingOf(living, head) })
`,
        replace: ""
      }
    ]
  },
  {
    id: "M-I31",
    zoo: [],
    title: "a recovery removes a record once it has read it",
    shows: "the engine is killed, opens, and is killed again before it has written the record anew",
    expects: ["I31", "I30"],
    shape: "killed while it recovers",
    edits: [
      {
        file: recover,
        find: `    yield* fill(parts, mine, { head: record, record, held: record.reservations })
    mine.process = living`,
        replace: `    yield* fill(parts, mine, { head: record, record, held: record.reservations })
    yield* Effect.ignore(parts.store.removeStatus(record.epoch))
    mine.process = living`
      }
    ]
  },
  {
    id: "M-I31b",
    zoo: [],
    title: "what a client has paused is shown as running after a restart",
    shows: "start(A), suspend(A), the engine is killed and opens; info(A) before QEMU is found",
    expects: ["I31", "I07"],
    shape: "record on a slow disk",
    edits: [
      {
        file: "machines/domain/guest.ts",
        find: `  entry: [...noteStatus("paused"), ...disappoint],
  states: {`,
        replace: `  entry: [...disappoint],
  states: {`
      }
    ]
  }
]
