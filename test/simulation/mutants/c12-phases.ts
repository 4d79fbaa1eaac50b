/** Mutants of class C12: the engine ends, opens or reloads in the middle of something. */
import type { Mutant } from "./mutant.ts"

const driver = "machines/driver.ts"
const config = "machines/config.ts"

export const phases: readonly Mutant[] = [
  {
    id: "M-Z126",
    zoo: ["Z126"],
    title: "an engine that ends leaves what it does on its own running",
    shows: "the engine is told to end while it starts domains by itself",
    expects: ["I08", "I26"],
    shape: "ended while it starts domains",
    edits: [
      {
        file: "actors/driver/shut-down.ts",
        find: "  yield* FiberSet.clear(parts.errands)\n",
        replace: ""
      }
    ]
  },
  {
    id: "M-Z127",
    zoo: ["Z127"],
    title: "an engine that is told to end while it opens forgets that it was told",
    shows: "the engine is closed while it opens",
    expects: ["engine closes", "I06"],
    shape: "shutdown in init",
    edits: [
      {
        file: driver,
        find: `    enter: { actions: "postpone" },
    close: { actions: "postpone" }
  }
})

const running`,
        replace: `    enter: { actions: "postpone" },
    close: {}
  }
})

const running`
      }
    ]
  },
  {
    id: "M-Z127b",
    zoo: ["Z127", "Z099"],
    title: "a status record that was taken away comes back with a write that was under way",
    shows: "setTitle(A) on the running guest beside destroy(A)",
    expects: ["I26", "I31", "I30"],
    shape: "written meanwhile",
    edits: [
      {
        file: "actors/domain/status.ts",
        find: "      if (now === undefined) return yield* store.removeStatus(record.epoch)\n",
        replace: "      if (now === undefined) return\n"
      }
    ]
  },
  {
    id: "M-Z128",
    zoo: ["Z128"],
    title: "an engine that ends does not wait for the calls under way",
    shows: "define(A) or start(A) while the engine is told to end",
    expects: ["I08", "I06"],
    shape: "shutdown in init",
    edits: [
      {
        file: driver,
        find: `      { guard: "isFree", target: "stopping", actions: joinClose },
      { target: "draining", actions: joinClose }`,
        replace: `      { target: "stopping", actions: joinClose }`
      }
    ]
  },
  {
    id: "M-I08",
    zoo: [],
    title: "calls are still admitted while the engine drains",
    shows: "the engine is told to end while one client calls and goes on calling",
    expects: ["I08"],
    shape: "called while it drains",
    edits: [
      {
        file: driver,
        find: `  on: {
    close: { actions: joinClose },
    overdue`,
        replace: `  on: {
    enter: running.on.enter,
    close: { actions: joinClose },
    overdue`
      }
    ]
  },
  {
    id: "M-Z129",
    zoo: ["Z129"],
    title: "what a start has made is looked for where the config of today would have it",
    shows: "start(A) with memory in a file, the config moves the folder, destroy(A)",
    expects: ["I09", "I26"],
    shape: "config flip",
    edits: [
      {
        file: "actors/domain/plan.ts",
        find: "    oweHolds(domain.belongings.of(epoch), holds)\n",
        replace: `    const surroundings = yield* Surroundings
    const mine = domain.belongings.of(epoch)
    for (const path of holds.directories)
      mine.owe(
        "folder",
        Effect.gen(function* () {
          const files = yield* Files
          const { memoryBackingDir } = surroundings.config().values
          const now = \`\${memoryBackingDir}/\${path.slice(path.lastIndexOf("/") + 1)}\`
          for (const name of yield* files.list(now)) yield* files.unlink(\`\${now}/\${name}\`)
          yield* files.removeDirectory(now)
        }).pipe(Effect.ignore)
      )
    oweHolds(mine, { ...holds, directories: [] })
`
      }
    ]
  },
  {
    id: "M-Z130",
    zoo: ["Z130"],
    title: "a reload reads the file and changes nothing",
    shows: "reloadConfig",
    expects: ["I09"],
    shape: "config flip",
    edits: [
      {
        file: config,
        find: `          actions: [assign({ snapshot: ({ event }) => event.snapshot }), ...reply("loaded")]`,
        replace: `          actions: [...reply("loaded")]`
      }
    ]
  }
]
