/** Mutants of class C10: a job left behind, a cancel that does not come through. */
import type { Mutant } from "./mutant.ts"

const life = "machines/domain/life.ts"

export const jobs: readonly Mutant[] = [
  {
    id: "M-Z108",
    zoo: ["Z108"],
    title: "a guest bound to a client outlives the engine that knew the client",
    shows: "start(A) bound to its connection, the engine is killed and opens",
    expects: ["I28", "I26"],
    shape: "gone with its client",
    edits: [
      {
        file: "actors/driver/recover.ts",
        find: "  autoDestroy === undefined\n    ? Effect.void",
        replace: "  autoDestroy !== epoch\n    ? Effect.void"
      }
    ]
  },
  {
    id: "M-Z109",
    zoo: ["Z109"],
    title: "destroying a process that does not die is not answered until it does",
    shows: "destroy(A) while QEMU hangs in the kernel",
    expects: ["I15", "I10"],
    shape: "alive after kill",
    edits: [
      {
        file: life,
        find: `        overdue: {
          target: "undead",
          actions: [`,
        replace: `        overdue: {
          actions: [],
          reenter: false
        },
        overlong: {
          target: "undead",
          actions: [`
      }
    ]
  },
  {
    id: "M-Z113",
    zoo: ["Z113"],
    title: "a change waits for a job and is never tried again",
    shows: "start(A) beside setTitle(A), or beside start(A) while A ends",
    expects: ["I10", "I14", "I06"],
    shape: "started while it dies",
    edits: [
      {
        file: "src/kernel/actor.ts",
        find: "    if (this.desk.hasPostponed && this.hasMoved(before)) this.desk.retryPostponed()",
        replace: "    if (this.desk.hasPostponed && next === before) this.desk.retryPostponed()"
      }
    ]
  },
  {
    id: "M-Z114",
    zoo: ["Z114"],
    title: "an order to a guest that hangs leaves its job behind",
    shows: "suspend(A) that QEMU refuses; suspend(A) again",
    expects: ["I14", "I10", "I06"],
    shape: "refused",
    edits: [
      {
        file: "machines/domain/guest.ts",
        find: `            guard: "hasFailed",
            target: "steady",
            actions: refuse
          },
          { target: "#paused"`,
        replace: `            guard: "hasFailed",
            actions: refuse
          },
          { target: "#paused"`
      }
    ]
  }
]
