/** Mutants of class C06: events lost, doubled, out of order, before the reply or the teardown. */
import type { Mutant } from "./mutant.ts"

const life = "machines/domain/life.ts"
const guest = "machines/domain/guest.ts"
const power = "machines/domain/power.ts"
const monitor = "machines/domain/monitor.ts"

const busTell = '    happened: (event) => actor.tell({ type: "happened", event }),'

export const events: readonly Mutant[] = [
  {
    id: "M-Z047",
    zoo: ["Z047", "Z048"],
    title: "a guest is told to have stopped before what it had is given back",
    shows: "destroy(A); whoever hears `stopped` starts B, which wants the same device",
    expects: ["I19", "I18", "I16"],
    shape: "REMOVED too early",
    edits: [
      {
        file: life,
        find: `    { type: "stop", params: { script: "saveStatus" } },
    ...disappoint,
    {
      type: "release",`,
        replace: `    { type: "stop", params: { script: "saveStatus" } },
    ...disappoint,
    tellStopped,
    {
      type: "release",`
      },
      {
        file: life,
        find: `          target: "#shutoff",
          actions: [tellStopped, ...closeEpoch]`,
        replace: `          target: "#shutoff",
          actions: closeEpoch`
      },
      {
        file: life,
        find: `        unregistered: { target: "#gone", actions: [tellStopped, ...closeEpoch] }`,
        replace: `        unregistered: { target: "#gone", actions: closeEpoch }`
      }
    ]
  },
  {
    id: "M-Z049",
    zoo: ["Z049"],
    title: "the end of the monitor's socket overtakes its last bytes",
    shows: "QEMU says that the guest powered off and closes at once",
    expects: ["I21", "I20", "I17"],
    shape: "ends in mid-sentence",
    edits: [
      {
        file: "actors/monitor.ts",
        find: `    onEnd: (error) => void actor.push({ type: "ended", because: error ?? "the peer closed" })`,
        replace: `    onEnd: (error) => void actor.tell({ type: "ended", because: error ?? "the peer closed" })`
      }
    ]
  },
  {
    id: "M-Z050",
    zoo: ["Z050"],
    title: "a pause that QEMU tells twice is told twice",
    shows: "the guest powers off under on_poweroff=preserve, or an event comes twice",
    expects: ["I18"],
    shape: "event before reply",
    edits: [
      {
        file: guest,
        find: `    ...guestFacts,
    qmpResume: {
      target: "running",`,
        replace: `    ...guestFacts,
    qmpStop: { actions: tellPaused },
    qmpResume: {
      target: "running",`
      }
    ]
  },
  {
    id: "M-Z053",
    zoo: ["Z053"],
    title: "each event goes its own way to those who listen",
    shows: "start(A, paused): started and suspended in one turn, delivered the other way round",
    expects: ["I18", "I20"],
    shape: "started paused",
    edits: [
      {
        file: "actors/event-bus.ts",
        find: busTell,
        replace: `    happened: (event) =>
      kernel.dispatcher.schedule("event", () => actor.tell({ type: "happened", event })),`
      }
    ]
  },
  {
    id: "M-Z054",
    zoo: ["Z054"],
    title: "a guest that has powered off is killed before QEMU has flushed its disks",
    shows: "the guest powers off; QEMU takes longer over its end than a destroy would grant",
    expects: ["I17", "I18"],
    shape: "rebooted once",
    edits: [
      {
        file: guest,
        find: `        because("shutdown"),
        base.assign({ graceMs: shutdownGraceMs })
`,
        replace: '        because("shutdown")\n'
      }
    ]
  },
  {
    id: "M-Z055",
    zoo: ["Z055"],
    title: "a second reboot that fails takes back the first",
    shows: "reboot(A, acpi), reboot(A, agent) that has no agent; then the guest powers off",
    expects: ["I17", "I13"],
    shape: "ACPI then agent reboot",
    edits: [
      {
        file: power,
        find: "                  : (context.signal?.wasRebooting ?? false),",
        replace: "                  : false,"
      }
    ]
  },
  {
    id: "M-Z056",
    zoo: ["Z056"],
    title: "the reset that the engine asked for itself is taken for the end of the guest",
    shows: "reboot(A): RESET comes before the answer to `system_reset`",
    expects: ["I17", "I18"],
    shape: "event before reply",
    edits: [
      {
        file: guest,
        find: `    ...endings,
    qmpReset: guestFacts.qmpReset,
    suspend:`,
        replace: `    ...endings,
    qmpReset: { target: "#stopping", actions: because("failed") },
    suspend:`
      }
    ]
  },
  {
    id: "M-Z056b",
    zoo: ["Z056"],
    title: "the pause that a client asked for is taken for one by the guest",
    shows: "suspend(A): STOP comes before the answer to `stop`",
    expects: ["I07", "I17"],
    shape: "suspended and resumed",
    edits: [
      {
        file: guest,
        find: `        qmpStop: { target: "#paused", actions: [because("user"), ...acknowledge, tellPaused] },
`,
        replace: ""
      }
    ]
  },
  {
    id: "M-Z056c",
    zoo: ["Z056", "Z068"],
    title: "what the guest does before its start is answered is not heard",
    shows: "start(A): the guest powers off between `cont` and its answer",
    expects: ["I20", "I17", "I16"],
    shape: "event before reply",
    edits: [
      {
        file: "actors/domain/start.ts",
        find: "    earOf(mine, self, false)\n",
        replace: "    earOf(mine, self, true)\n"
      }
    ]
  },
  {
    id: "M-Z057",
    zoo: ["Z057"],
    title: "a reset by the guest is taken for its end",
    shows: "the guest resets itself, or reset(A)",
    expects: ["I17", "I25"],
    shape: "event before reply",
    edits: [
      {
        file: guest,
        find: `  qmpReset: {
    actions: [base.assign({ isRebooting: false }), happened({ type: "reboot" })]
  },`,
        replace: `  qmpReset: { target: "#stopping", actions: because("crashed") },`
      }
    ]
  },
  {
    id: "M-Z058",
    zoo: ["Z058", "Z063", "Z132"],
    title: "after its monitor was lost and found a guest is not listened to any more",
    shows: "the monitor closes and QEMU lives on; found again, the guest powers off",
    expects: ["I20", "I17"],
    shape: "lost and found",
    edits: [
      {
        file: monitor,
        find: `    lost: { ...seek, on: { reattached: { target: "live", actions: hear } } }`,
        replace: `    lost: { ...seek, on: { reattached: { target: "live" } } }`
      }
    ]
  },
  {
    id: "M-Z058b",
    zoo: ["Z058", "Z063"],
    title: "the guests of an earlier engine are not listened to",
    shows: "start(A), the engine is killed and opens; the guest powers off",
    expects: ["I20", "I17", "I30"],
    shape: "found again",
    edits: [
      {
        file: monitor,
        find: `    connecting: { ...seek, on: { reattached: { target: "live", actions: hear } } },`,
        replace: `    connecting: { ...seek, on: { reattached: { target: "live" } } },`
      }
    ]
  },
  {
    id: "M-Z059",
    zoo: ["Z059"],
    title: "an engine that ends does not deliver its last events",
    shows: "a guest bound to a connection, the engine is told to end: its `stopped` is never heard",
    expects: ["I20"],
    shape: "last words",
    edits: [
      {
        file: "actors/event-bus.ts",
        find: `Effect.andThen(Effect.ignore(actor.ask("close", {}, "control")), actor.stop())`,
        replace: "actor.stop()"
      }
    ]
  },
  {
    id: "M-Z060",
    zoo: ["Z060"],
    title: "the end of a guest is told again by every sign of it",
    shows: "QEMU ends: SHUTDOWN, the end of its socket and its exit are each told",
    expects: ["I18"],
    shape: "started while it dies",
    edits: [
      {
        file: life,
        find: `    start: { actions: "postpone" },
    create: { actions: "postpone" },
    released: ".closing"`,
        replace: `    start: { actions: "postpone" },
    create: { actions: "postpone" },
    exited: { actions: tellStopped },
    released: ".closing"`
      }
    ]
  },
  {
    id: "M-Z061",
    zoo: ["Z061", "Z079"],
    title: "only the socket is asked whether a QEMU lives, not its process",
    shows: "start(A), the engine is killed and opens; QEMU dies",
    expects: ["I16", "I20", "I17"],
    shape: "found again",
    edits: [
      {
        file: "actors/domain/reattach.ts",
        find: "      if (yield* isGone(mine)) return yield* lastWord(mine, epoch)\n",
        replace: ""
      }
    ]
  }
]
