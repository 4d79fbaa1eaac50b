/** Mutants of class C13, and of C05 and C06 where a connection ends: callbacks, replies, framing. */
import type { Mutant } from "./mutant.ts"

export const connections: readonly Mutant[] = [
  {
    id: "M-Z037",
    zoo: ["Z037", "Z132"],
    title: "a guest is bound to a connection that is closed already",
    shows: "start(A) bound to its connection; the client goes before the start is taken up",
    expects: ["I28"],
    shape: "gone before it begins",
    edits: [
      {
        file: "actors/connections.ts",
        find: "  return closed.includes(callback.connection)\n",
        replace: '  return closed.includes("")\n'
      }
    ]
  },
  {
    id: "M-Z039",
    zoo: ["Z039"],
    title: "the binding of a guest to a connection outlives the guest",
    shows: "start(A) bound to its connection, destroy(A)",
    expects: ["I28", "I26"],
    shape: "gone with its client",
    edits: [
      {
        file: "actors/domain/stop.ts",
        find: "    connections.ended({ uuid: domain.uuid, epoch })\n",
        replace: '    connections.ended({ uuid: domain.uuid, epoch: "" })\n'
      }
    ]
  },
  {
    id: "M-Z039b",
    zoo: ["Z039", "Z036"],
    title: "a connection that closes takes a later start of the guest with it",
    shows: "start(A) bound to client 1, destroy(A), start(A) by client 2; client 1 goes",
    expects: ["I28", "I04"],
    shape: "gone with its client",
    edits: [
      {
        file: "actors/domain/stop.ts",
        find: "    connections.ended({ uuid: domain.uuid, epoch })\n",
        replace: '    connections.ended({ uuid: domain.uuid, epoch: "" })\n'
      },
      {
        file: "machines/domain/base.ts",
        find: "(event.epoch === undefined || event.epoch === context.epoch)",
        replace: "(event.epoch === undefined || context.epoch !== undefined)"
      }
    ]
  },
  {
    id: "M-Z131",
    zoo: ["Z131"],
    title: "the lease of a call that its client left is never given back",
    shows: "start(A) is left by its client; the engine is told to end",
    expects: ["I26", "I08", "I10"],
    shape: "gone with its client",
    edits: [
      {
        file: "actors/driver/driver.ts",
        find: `    return Effect.ensuring(
      Effect.andThen(enter, Effect.raceFirst(body, Deferred.await(ended))),
      Effect.sync(`,
        replace: `    return Effect.tap(
      Effect.andThen(enter, Effect.raceFirst(body, Deferred.await(ended))),
      () => Effect.sync(`
      }
    ]
  },
  {
    id: "M-Z133",
    zoo: ["Z133"],
    title: "the late answer to a command that was given up answers the next one",
    shows: "suspend(A) is not answered in time, resume(A); then the answer to `stop` comes",
    expects: ["I22", "I06", "I17"],
    shape: "late answer",
    edits: [
      {
        file: "src/qmp/session.ts",
        find: "  const inFlight = new Map(session.inFlight).set(id, { ...waiting, isAbandoned: true })\n",
        replace: `  const inFlight = new Map(session.inFlight)
  inFlight.delete(id)
`
      },
      {
        file: "src/qmp/session.ts",
        find: "  const id = session.nextId\n",
        replace: "  const id = session.inFlight.size + 1\n"
      },
      {
        file: "src/qmp/session.ts",
        find: '  assert(id < session.nextId, "only ids that were issued are in flight")\n',
        replace: '  assert(id > 0, "only ids that were issued are in flight")\n'
      }
    ]
  },
  {
    id: "M-Z133b",
    zoo: ["Z133"],
    title: "a message of QEMU that comes in two parts is read from the second on",
    shows: "the bytes of an event or of a reply are split on their way",
    expects: ["I22", "I21", "I20"],
    shape: "words in pieces",
    edits: [
      {
        file: "src/qmp/frame.ts",
        find: "    if (end < 0) return { frame: { last, size }, lines, problem: undefined }",
        replace: "    if (end < 0) return { frame: emptyFrame, lines, problem: undefined }"
      }
    ]
  }
]
