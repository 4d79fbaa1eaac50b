/**
 * Mutants of classes C03 and C04: a lock left held, not taken, or taken in the wrong order. There is
 * no lock here; what stays held on the wrong path is a name, a job, a place, a lease.
 */
import type { Mutant } from "./mutant.ts"

const calls = "actors/driver/calls.ts"

export const held: readonly Mutant[] = [
  {
    id: "M-Z015",
    zoo: ["Z015", "Z016"],
    title: "name and uuid stay reserved when a request ends early",
    shows: "define(A) is left by its client just after the reservation; define(A) again",
    expects: ["I03", "I26", "I07"],
    shape: "left at the door",
    edits: [
      {
        file: calls,
        find: `      (existing) => use({ existing, token }),
      () => Effect.ignore(parts.domains.release(token))`,
        replace: `      (existing) => use({ existing, token }),
      () => Effect.void`
      }
    ]
  },
  {
    id: "M-Z019",
    zoo: ["Z019"],
    title: "the new name stays reserved when a rename fails",
    shows: "rename(A to C) on a full disk, then define(C)",
    expects: ["I03", "I26", "I07"],
    shape: "two want one name",
    edits: [
      {
        file: calls,
        find: `parts.domains.commitName(token))
        ),
      () => Effect.ignore(parts.domains.release(token))`,
        replace: `parts.domains.commitName(token))
        ),
      () => Effect.void`
      }
    ]
  },
  {
    id: "M-Z017",
    zoo: ["Z017", "Z018"],
    title: "a change that the disk refuses leaves its job behind",
    shows: "define(A) on a full disk, then any change of A, or its start",
    expects: ["I14", "I10", "I06"],
    shape: "full disk",
    edits: [
      {
        file: "machines/domain/job.ts",
        find: `        writeFailed: {
          target: "idle",
`,
        replace: "        writeFailed: {\n"
      }
    ]
  },
  {
    id: "M-Z022",
    zoo: ["Z022"],
    title: "of two guests that take a port, the table keeps the last",
    shows: "start(A), start(B), start(C): C is given the port of A",
    expects: ["I13", "I23", "I25"],
    shape: "twin rollback",
    edits: [
      {
        file: "actors/ports.ts",
        find: "    return { next: { ...state, [port]: token }, actions: reply(answered(port)) }",
        replace: "    return { next: { [port]: token }, actions: reply(answered(port)) }"
      }
    ]
  },
  {
    id: "M-Z031",
    zoo: ["Z031", "Z119"],
    title: "a listing waits for every domain that is between two states",
    shows: "start(A) whose QEMU never greets, beside list",
    expects: ["I11", "I10", "I12"],
    shape: "silent QEMU",
    edits: [
      {
        file: "src/engine/engine.ts",
        find: `  list: (filter) =>
    reading(driver, "connectListAllDomains", (parts) => Reads.summaries(parts, filter)),`,
        replace: `  list: (filter) =>
    driver.call(makeCall("connectListAllDomains"), (parts) =>
      Effect.gen(function* () {
        for (const { ref } of parts.domains.all())
          while (ref !== undefined && !DomainActor.isSettled(ref)) yield* Effect.sleep(10)
        return Reads.summaries(parts, filter)
      })
    ),`
      }
    ]
  },
  {
    id: "M-Z025",
    zoo: ["Z025"],
    title: "a place in the start lane is kept by a start that was given up",
    shows: "start(A) is destroyed in the lane as often as the lane is wide; start(B)",
    expects: ["I26", "I10", "I14"],
    shape: "cancel before start",
    edits: [
      {
        file: "actors/start-lane.ts",
        find: `        return Effect.ensuring(
          Effect.andThen(actor.ask("enter", { place }), work),
          Effect.sync(() => actor.tell({ type: "leave", place }))
        )`,
        replace: `        return Effect.tap(Effect.andThen(actor.ask("enter", { place }), work), () =>
          Effect.sync(() => actor.tell({ type: "leave", place }))
        )`
      }
    ]
  }
]
