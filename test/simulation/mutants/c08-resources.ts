/** Mutants of class C08: resources leaked, given twice, or rolled back wrongly. */
import type { Mutant } from "./mutant.ts"

const start = "actors/domain/start.ts"
const belongings = "actors/domain/belongings.ts"
const launcher = "src/qemu/launcher.ts"

export const resources: readonly Mutant[] = [
  {
    id: "M-Z083",
    zoo: ["Z083", "Z093"],
    title: "an undo is noted only once its deed is done",
    shows: "destroy(A) while its start waits for the answer to a reservation",
    expects: ["I25", "I26"],
    shape: "given up while it starts",
    edits: [
      {
        file: belongings,
        find: `      this.owe(what, undo)
      return deed
`,
        replace: "      return Effect.tap(deed, () => Effect.sync(() => this.owe(what, undo)))\n"
      }
    ]
  },
  {
    id: "M-Z084",
    zoo: ["Z084"],
    title: "a domain is off while what it had is still being given back",
    shows: "destroy(A) answered, then start(B), which wants the same device",
    expects: ["I19", "I24", "I07", "I26"],
    shape: "REMOVED too early",
    edits: [
      {
        file: "actors/domain/stop.ts",
        find: "    yield* mine.release\n",
        replace: "    yield* Effect.forkDetach(mine.release)\n"
      }
    ]
  },
  {
    id: "M-Z086",
    zoo: ["Z086"],
    title: "display ports are never given back",
    shows: "start(A), destroy(A), as often as there are ports",
    expects: ["I26"],
    shape: "twin rollback",
    edits: [
      {
        file: "actors/domain/displays.ts",
        find: `      ports.take({ range, token, avoid }),
      Effect.ignore(ports.release(token))`,
        replace: `      ports.take({ range, token, avoid }),
      Effect.void`
      }
    ]
  },
  {
    id: "M-Z088",
    zoo: ["Z088"],
    title: "devices of guests that were adopted are never given back",
    shows: "start(A), the engine is killed and opens, destroy(A), start(B) with the same device",
    expects: ["I26", "I07", "I31"],
    shape: "given twice",
    edits: [
      {
        file: "actors/driver/holdings.ts",
        find: `    mine.owe("host devices", Effect.ignore(pool.release(token)))\n`,
        replace: ""
      }
    ]
  },
  {
    id: "M-Z089",
    zoo: ["Z089"],
    title: "a failed start undoes only its last step",
    shows: "start(A) whose QEMU dies at once",
    expects: ["I25", "I26"],
    shape: "cancel before start",
    edits: [
      {
        file: belongings,
        find: "        return this.release\n",
        replace: "        return Effect.void\n"
      }
    ]
  },
  {
    id: "M-Z090",
    zoo: ["Z090"],
    title: "what a failed write has left beside the file stays there",
    shows: "define(A) on a full disk",
    expects: ["I26", "I25"],
    shape: "half a write",
    edits: [
      {
        file: "src/store/atomic.ts",
        find: "    Effect.onError(() => Effect.ignore(files.unlink(temporary)))\n",
        replace: "    Effect.onError(() => Effect.void)\n"
      }
    ]
  },
  {
    id: "M-Z091",
    zoo: ["Z091"],
    title: "each start leaves the log open in the engine",
    shows: "start(A), destroy(A)",
    expects: ["I26"],
    shape: "cancel before start",
    edits: [
      {
        file: launcher,
        find: "    files.close(log.file)\n",
        replace: "    Effect.void\n"
      }
    ]
  },
  {
    id: "M-Z092",
    zoo: ["Z092"],
    title: "a connection whose handshake fails stays open",
    shows: "the engine opens while QEMU hangs: one more connection at each try",
    expects: ["I26", "I10", "I20"],
    shape: "found again",
    edits: [
      {
        file: "actors/monitor.ts",
        find: `  yield* Effect.onError(run({ execute: "qmp_capabilities" }), () => close)`,
        replace: `  yield* run({ execute: "qmp_capabilities" })`
      }
    ]
  },
  {
    id: "M-Z093",
    zoo: ["Z093"],
    title: "a QEMU that was spawned while its start was given up is nobody's",
    shows: "destroy(A) while QEMU is being spawned",
    expects: ["I16", "I01", "I26"],
    shape: "given up while it starts",
    edits: [
      {
        file: start,
        find: `            mine.process = launched.process
            mine.onExit = launched.onExit
`,
        replace: ""
      },
      {
        file: start,
        find: `  const launched = yield* at("launch")(spawn({ domain, self, epoch }, prepared))
`,
        replace: `  const launched = yield* at("launch")(spawn({ domain, self, epoch }, prepared))
  domain.belongings.of(epoch).process = launched.process
  domain.belongings.of(epoch).onExit = launched.onExit
`
      }
    ]
  },
  {
    id: "M-I26",
    zoo: [],
    title: "an undo that was interrupted is forgotten",
    shows: "the guest powers off and is given back; a hasty destroy(A) in the middle of it",
    expects: ["I26", "I25"],
    shape: "powered off and destroyed",
    edits: [
      {
        file: belongings,
        find: `    return Effect.andThen(
      last.run,`,
        replace: `    this.undos = this.undos.filter((undo) => undo !== last)
    return Effect.andThen(
      last.run,`
      }
    ]
  }
]
