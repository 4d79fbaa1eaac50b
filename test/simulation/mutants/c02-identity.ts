/** Mutants of class C02: stale identity; domain numbers, pids and generations that come again. */
import type { Mutant } from "./mutant.ts"

const kill = "src/qemu/kill.ts"

export const identity: readonly Mutant[] = [
  {
    id: "M-Z008",
    zoo: ["Z008", "Z036"],
    title: "what is told of an earlier start is taken for the present one",
    shows: "run 1 dies and its exit waits; destroy(A), start(A); then the exit is delivered",
    expects: ["I04", "I21", "I15"],
    shape: "late EOF",
    edits: [
      {
        file: "src/kernel/actor.ts",
        find: "    return epoch !== undefined && epoch !== this.behaviour.epochOf(this.state)",
        replace: "    return epoch !== undefined && epoch === ''"
      }
    ]
  },
  {
    id: "M-Z009",
    zoo: ["Z009", "Z012"],
    title: "the numbers of running domains begin at 1 in each life of the engine",
    shows: "start(A), the engine is killed, start(B): both have number 1",
    expects: ["I04", "I02"],
    shape: "given twice",
    edits: [
      {
        file: "actors/driver/boot.ts",
        find: "  const lastId = Math.max(0, ...statuses.records.map(({ id }) => id))",
        replace: "  const lastId = Math.min(0, statuses.records.length)"
      }
    ]
  },
  {
    id: "M-Z010",
    zoo: ["Z010", "Z014"],
    title: "a process is killed by its pid alone",
    shows: "a guest of an earlier engine dies, its pid is given to another process; destroy",
    expects: ["I32"],
    shape: "pid of another",
    edits: [
      {
        file: kill,
        find: '  yield* processes.signal(process, "SIGKILL")',
        replace: `  const now = yield* processes.inspect(process.pid)
  yield* processes.signal(now ?? process, "SIGKILL")`
      }
    ]
  },
  {
    id: "M-Z010b",
    zoo: ["Z010", "Z077"],
    title: "a recovery takes whoever has the recorded pid for its guest",
    shows: "few pids; the engine is killed, QEMU dies, its pid is another's when the engine opens",
    expects: ["I32", "I30", "I16"],
    shape: "pid of another",
    edits: [
      {
        file: "actors/driver/recover.ts",
        find: "  return !isAlive(found) || found.startTime !== process.startTime",
        replace: "  return !isAlive(found)"
      },
      {
        file: "actors/domain/reattach.ts",
        find: `  return found === undefined || found.startTime !== process.startTime || !isAlive(found)`,
        replace: "  return found === undefined || !isAlive(found)"
      }
    ]
  },
  {
    id: "M-Z011",
    zoo: ["Z011"],
    title: "the wait for a death goes on as long as anybody has the pid",
    shows: "few pids; an adopted guest is destroyed and its pid is given away before the next look",
    expects: ["I32", "I10", "I15"],
    shape: "pid of another",
    edits: [
      {
        file: kill,
        find: `    if (!isAlive(info) || info.startTime !== process.startTime) return
    yield* Effect.sleep`,
        replace: `    if (!isAlive(info)) return
    yield* Effect.sleep`
      },
      {
        file: kill,
        find: `  if (!isAlive(info) || info.startTime !== process.startTime) return
  return yield*`,
        replace: `  if (!isAlive(info)) return
  return yield*`
      }
    ]
  },
  {
    id: "M-Z012",
    zoo: ["Z012"],
    title: "epochs are used again in the next life of the engine",
    shows: "start(A), the engine is killed, start(B): two guests with one epoch",
    expects: ["I04", "I31"],
    shape: "opened twice",
    edits: [
      {
        file: "src/store/root.ts",
        find: "generation: last.success.generation + 1 }",
        replace: "generation: last.success.generation }"
      }
    ]
  },
  {
    id: "M-Z013",
    zoo: ["Z013"],
    title: "the old name of a renamed domain stays in the index",
    shows: "rename(A to C), then define(B) under the name of A",
    expects: ["I02", "I07"],
    shape: "two want one name",
    edits: [
      {
        file: "actors/domains.ts",
        find: `  const byName = HashMap.remove(state.byName, entry.name)
  const renamed`,
        replace: `  const { byName } = state
  const renamed`
      }
    ]
  }
]
