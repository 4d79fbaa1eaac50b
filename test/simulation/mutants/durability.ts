/** Mutants of the laws about what is acknowledged: files, directories, order, all or nothing. */
import type { Mutant } from "./mutant.ts"

const atomic = "src/store/atomic.ts"
const job = "machines/domain/job.ts"

export const durability: readonly Mutant[] = [
  {
    id: "M-I29a",
    zoo: [],
    title: "a definition is not synced before it takes its name",
    shows: "define(A) answered, the power goes",
    expects: ["I29"],
    shape: "the power goes",
    edits: [
      {
        file: atomic,
        find: "    yield* replace(disk, writing, true).pipe(Effect.mapError(storeError(deed)))\n    yield*",
        replace:
          "    yield* replace(disk, writing, false).pipe(Effect.mapError(storeError(deed)))\n    yield*"
      }
    ]
  },
  {
    id: "M-I29b",
    zoo: [],
    title: "the directory of a new definition is not synced",
    shows: "define(A) answered, the power goes",
    expects: ["I29"],
    shape: "the power goes",
    edits: [
      {
        file: atomic,
        find: `    yield* disk.files
      .syncDirectory(directoryOf(path))
      .pipe(Effect.catch((error) => undone(error, deed, putBack(disk, writing, previous))))
`,
        replace: ""
      }
    ]
  },
  {
    id: "M-I29c",
    zoo: [],
    title: "a definition is removed before the new one takes its place",
    shows: "define(A) again, the engine is killed between the two",
    expects: ["I29"],
    shape: "the power goes",
    edits: [
      {
        file: atomic,
        find: `  const temporary = yield* writeBeside(disk, writing, isSynced)
`,
        replace: `  const temporary = yield* writeBeside(disk, writing, isSynced)
  yield* disk.files.unlink(writing.path)
`
      }
    ]
  },
  {
    id: "M-I29d",
    zoo: [],
    title: "a definition is acknowledged before it is on disk",
    shows: "define(A), the engine is killed before the disk has answered",
    expects: ["I29", "I07"],
    shape: "the power goes",
    edits: [
      {
        file: "machines/domain/devices.ts",
        find: `export const ack = {
  type: "reply" as const,
  params: ({ context }: On) => ({ calls: callsOf(context), answer: answered() })`,
        replace: `export const ack = {
  type: "reply" as const,
  params: ({ context }: On) => ({
    calls: context.job?.change.type === "define" ? [] : callsOf(context),
    answer: answered()
  })`
      },
      {
        file: job,
        find: `                calls: context.job === undefined ? [] : [context.job.call],
                answer: failed(event.error)`,
        replace: `                calls:
                  context.job === undefined || context.job.change.type === "define"
                    ? []
                    : [context.job.call],
                answer: failed(event.error)`
      },
      {
        file: job,
        find: `          { guard: and(["isSettled", "fits"]), target: "writing", actions: takeChange },`,
        replace: `          {
            guard: and(["isSettled", "fits"]),
            target: "writing",
            actions: [
              {
                type: "reply",
                params: ({ event }) => ({
                  calls: event.change.type === "define" ? [event.call] : [],
                  answer: answered()
                })
              },
              takeChange
            ]
          },`
      }
    ]
  },
  {
    id: "M-I29e",
    zoo: [],
    title: "an undefined domain comes back when the power goes",
    shows: "undefine(A) answered, the power goes",
    expects: ["I29", "I05"],
    shape: "undefined, and the power goes",
    edits: [
      {
        file: atomic,
        find: "    yield* sync.pipe(Effect.catch((error) => undone(error, deed, restore)))\n",
        replace: ""
      }
    ]
  },
  {
    id: "M-I29f",
    zoo: [],
    title: "a change that failed at its last step stays on disk",
    shows: "define(A) again, and the directory cannot be synced; the engine is killed",
    expects: ["I29", "I07"],
    shape: "half a write",
    edits: [
      {
        file: atomic,
        find: "undone(error, deed, putBack(disk, writing, previous))",
        replace: "undone(error, deed, Effect.void)"
      }
    ]
  },
  {
    id: "M-I29g",
    zoo: [],
    title: "an autostart that was acknowledged is gone when the power was",
    shows: "setAutostart(A) answered, the power goes",
    expects: ["I29"],
    shape: "the power goes",
    edits: [
      {
        file: "src/store/definitions.ts",
        find: `  const removeNew = Effect.andThen(files.unlink(path), files.syncDirectory(layout.autostart))
  yield* files
    .syncDirectory(layout.autostart)
    .pipe(`,
        replace: `  const removeNew = Effect.andThen(files.unlink(path), files.syncDirectory(layout.autostart))
  yield* Effect.asVoid(files.stat(path)).pipe(`
      }
    ]
  },
  {
    id: "M-I29h",
    zoo: [],
    title: "a rename that a crash cut in two leaves both definitions",
    shows: "rename(A to C), the engine is killed between the two files; undefine(C)",
    expects: ["I29", "I33", "I05"],
    shape: "the power goes",
    edits: [
      {
        file: "src/store/rename.ts",
        find: "  if (isDecided && isOldThere) yield* finish(disk, readIdentity, entry.success)\n",
        replace: ""
      }
    ]
  },
  {
    id: "M-I02",
    zoo: [],
    title: "the list has the new name before the disk has",
    shows: "rename(A to C) on a full disk",
    expects: ["I02", "I07"],
    shape: "two want one name",
    edits: [
      {
        file: "actors/driver/calls.ts",
        find: "Effect.andThen(DomainActor.change(ref, change), parts.domains.commitName(token))",
        replace: "Effect.andThen(parts.domains.commitName(token), DomainActor.change(ref, change))"
      }
    ]
  },
  {
    id: "M-I17",
    zoo: [],
    title: "a suspend is acknowledged when it was asked for, and not when QEMU has stopped",
    shows: "suspend(A) that QEMU refuses",
    expects: ["I17", "I07"],
    shape: "refused",
    edits: [
      {
        file: "machines/domain/guest.ts",
        find: `            guard: "hasFailed",
            target: "steady",
            actions: refuse
          },
          { target: "#paused"`,
        replace: `            guard: ({ event }) => event.type === "start",
            target: "steady",
            actions: refuse
          },
          { target: "#paused"`
      }
    ]
  }
]
