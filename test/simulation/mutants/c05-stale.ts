/** Mutants of class C05: something is used after it was given up, or as it was before a wait. */
import type { Mutant } from "./mutant.ts"

export const stale: readonly Mutant[] = [
  {
    id: "M-Z033",
    zoo: ["Z033", "Z044"],
    title: "QEMU dies during a suspend, and who asked for it hears nothing",
    shows: "suspend(A), and QEMU dies before it answers `stop`",
    expects: ["I06", "I21", "I10"],
    shape: "in the middle of a command",
    edits: [
      {
        file: "machines/domain/life.ts",
        find: `    { type: "stop", params: { script: "saveStatus" } },
    ...disappoint,
`,
        replace: '    { type: "stop", params: { script: "saveStatus" } },\n'
      }
    ]
  },
  {
    id: "M-Z034",
    zoo: ["Z034"],
    title: "a request that fails takes a domain off the list that others use",
    shows: "define(A) again on a full disk",
    expects: ["I02", "I05", "I07", "I29"],
    shape: "full disk",
    edits: [
      {
        file: "machines/domain/job.ts",
        find: `          {
            guard: "isShell",
            target: "unregistering",`,
        replace: `          {
            target: "unregistering",`
      }
    ]
  },
  {
    id: "M-Z035",
    zoo: ["Z035"],
    title: "an answer without an id is taken for that of the oldest command",
    shows: "suspend(A) or resume(A), and QEMU says an error without id first",
    expects: ["I22", "I17", "I07"],
    shape: "event before reply",
    edits: [
      {
        file: "src/qmp/session.ts",
        find: "  const { id } = reply\n",
        replace: "  const id = reply.id ?? [...session.inFlight.keys()][0]\n"
      }
    ]
  },
  {
    id: "M-Z041",
    zoo: ["Z041", "Z127"],
    title: "a record of before a wait replaces the one that was written meanwhile",
    shows: "setTitle(A) beside suspend(A); the engine is killed when both are on disk",
    expects: ["I31", "I13"],
    shape: "record on a slow disk",
    edits: [
      {
        file: "actors/domain/status.ts",
        find: "      if (now === record) return\n",
        replace: "      return\n"
      }
    ]
  },
  {
    id: "M-Z043",
    zoo: ["Z043", "Z042"],
    title: "a change of the running guest goes into the definition of the next start",
    shows: "start(A), setTitle(A), destroy(A), xml(A)",
    expects: ["I07", "I29"],
    shape: "written meanwhile",
    edits: [
      {
        file: "machines/domain/change.ts",
        find: "        persistent: affects.config && persistent ? edit(persistent, change)",
        replace: "        persistent: persistent ? edit(persistent, change)"
      }
    ]
  },
  {
    id: "M-Z046",
    zoo: ["Z046"],
    title: "a status that is still being written meets the next one, and the actor dies of it",
    shows: "suspend(A), resume(A) while the disk takes its time",
    expects: ["I13", "I06"],
    shape: "written meanwhile",
    edits: [
      {
        file: "machines/domain/base.ts",
        find: `  { type: "stop" as const, params: { script: "saveStatus" } },
  { type: "saveStatus" as const, params: { state } }`,
        replace: '  { type: "saveStatus" as const, params: { state } }'
      }
    ]
  }
]
