/** Mutants of class C09: stop, kill and start overlap; `stopped` before dead. */
import type { Mutant } from "./mutant.ts"

const life = "machines/domain/life.ts"
const guest = "machines/domain/guest.ts"
const stop = "actors/domain/stop.ts"
const kill = "src/qemu/kill.ts"

export const endings: readonly Mutant[] = [
  {
    id: "M-Z094",
    zoo: ["Z094"],
    title: "a process that is still alive after its kill counts as dead",
    shows: "destroy(A) while QEMU hangs in the kernel for longer than anybody waits",
    expects: ["I16", "I01", "I23"],
    shape: "alive after kill",
    edits: [
      {
        file: kill,
        find: "  return yield* new StillAlive({ pid: process.pid, state: info.state, waitedMs: boundMs })",
        replace: "  return"
      }
    ]
  },
  {
    id: "M-Z095",
    zoo: ["Z095", "Z102"],
    title: "what a guest had is given back while its QEMU is still dying",
    shows: "destroy(A): the process takes a moment to end",
    expects: ["I16", "I01"],
    shape: "alive after kill",
    edits: [
      {
        file: stop,
        find: "    if (mine.process !== undefined) yield* untilDead(mine, mine.process, graceMs)\n",
        replace: `    if (mine.process !== undefined)
      yield* Effect.forkDetach(untilDead(mine, mine.process, graceMs))
    mine.process = undefined
`
      }
    ]
  },
  {
    id: "M-Z096",
    zoo: ["Z096"],
    title: "readers see a copy that comes after the answer",
    shows: "start(A) answered, info(A) at once",
    expects: ["I07", "I19"],
    shape: "suspended and resumed",
    edits: [
      {
        file: "src/kernel/actor.ts",
        find: `    this.kernel.touch?.(this.name, false)
    return this.state
`,
        replace: `    this.kernel.touch?.(this.name, false)
    return this.seen ?? this.state
`
      },
      {
        file: "src/kernel/actor.ts",
        find: `    this.state = next
    this.version++
`,
        replace: `    this.seen ??= this.state
    this.state = next
    this.kernel.dispatcher.schedule("publish", () => (this.seen = next))
    this.version++
`
      }
    ]
  },
  {
    id: "M-Z097",
    zoo: ["Z097"],
    title: "destroying a domain that starts waits for its start",
    shows: "start(A) whose QEMU never greets, destroy(A)",
    expects: ["I15", "I10"],
    shape: "cancel before start",
    edits: [
      {
        file: life,
        find: `    destroy: {
      guard: "isThisEpoch",
      target: "stopping",
      actions: [
        assign({ failure:`,
        replace: `    destroy: { actions: "postpone" },
    destroyed: {
      guard: "isThisEpoch",
      target: "stopping",
      actions: [
        assign({ failure:`
      }
    ]
  },
  {
    id: "M-Z098",
    zoo: ["Z098"],
    title: "a guest that was to reboot boots again after it was told to shut down",
    shows: "reboot(A, acpi), shutdown(A, acpi); then the guest powers off",
    expects: ["I17", "I04"],
    shape: "ACPI then agent reboot",
    edits: [
      {
        file: "machines/domain/power.ts",
        find: `                if (event.signal === "shutdown") return false\n`,
        replace: ""
      }
    ]
  },
  {
    id: "M-Z099",
    zoo: ["Z099", "Z105", "Z106"],
    title: "the cleanup of a start that was given up does not wait until it has settled",
    shows: "destroy(A) while QEMU is being spawned: the cleanup finds nothing, then it is there",
    expects: ["I16", "I01", "I26"],
    shape: "given up while it starts",
    edits: [
      {
        file: stop,
        find: "    yield* self.settled\n    const mine",
        replace: "    const mine"
      }
    ]
  },
  {
    id: "M-Z100",
    zoo: ["Z100"],
    title: "a guest that is booting again can be neither destroyed nor seen to end",
    shows: "reboot(A, acpi), destroy(A) between the power-off and the boot",
    expects: ["I15", "I16", "I10"],
    shape: "destroyed while it reboots",
    edits: [
      {
        file: guest,
        find: `    ...endings,
    qmpReset: guestFacts.qmpReset,
    suspend:`,
        replace: `    qmpReset: guestFacts.qmpReset,
    suspend:`
      }
    ]
  },
  {
    id: "M-Z101",
    zoo: ["Z101", "Z095"],
    title: "a domain is started while its last QEMU is still dying",
    shows: "destroy(A) beside start(A)",
    expects: ["I01", "I16", "I17"],
    shape: "started while it dies",
    edits: [
      {
        file: life,
        find: `    start: { actions: "postpone" },
    create: { actions: "postpone" },
    released`,
        replace: `    start: { guard: "isDefined", target: "starting", actions: takeStart("persistent") },
    create: { actions: "postpone" },
    released`
      }
    ]
  },
  {
    id: "M-Z101b",
    zoo: ["Z101", "Z098"],
    title: "a guest that was rebooted once boots again when it shuts itself down",
    shows: "reboot(A, acpi); rebooted, the guest powers off by itself",
    expects: ["I17"],
    shape: "rebooted once",
    edits: [
      {
        file: guest,
        find: `    actions: [base.assign({ isRebooting: false }), happened({ type: "reboot" })]`,
        replace: `    actions: [happened({ type: "reboot" })]`
      },
      {
        file: guest,
        find: `    qmpResume: { target: "running", actions: assign({ isRebooting: false }) },
    answered`,
        replace: `    qmpResume: { target: "running" },
    answered`
      },
      {
        file: guest,
        find: `      { target: "running", actions: assign({ isRebooting: false }) }
    ]`,
        replace: `      { target: "running" }
    ]`
      }
    ]
  },
  {
    id: "M-Z104",
    zoo: ["Z104"],
    title: "destroy asks QEMU to end and never kills it",
    shows: "destroy(A) while QEMU hangs",
    expects: ["I16", "I15", "I10"],
    shape: "alive after kill",
    edits: [
      {
        file: kill,
        find: '  yield* processes.signal(process, "SIGKILL")',
        replace: '  yield* processes.signal(process, "SIGTERM")'
      }
    ]
  },
  {
    id: "M-Z106",
    zoo: ["Z106"],
    title: "whoever starts a domain that is destroyed meanwhile is not answered",
    shows: "start(A) beside destroy(A)",
    expects: ["I06", "I10", "I14"],
    shape: "cancel before start",
    edits: [
      {
        file: life,
        find: `      calls: context.starter === undefined ? [] : [context.starter.call],
      answer: failed(`,
        replace: `      calls: [],
      answer: failed(`
      }
    ]
  },
  {
    id: "M-Z107",
    zoo: ["Z107"],
    title: "a guest that was to stay paused runs",
    shows: "start(A, paused)",
    expects: ["I17", "I07"],
    shape: "started paused",
    edits: [
      {
        file: "actors/domain/start.ts",
        find: `  const goes = isPaused
    ? Effect.void
    : at(`,
        replace: `  const goes = isPaused && mine.process === undefined
    ? Effect.void
    : at(`
      }
    ]
  },
  {
    id: "M-I15",
    zoo: [],
    title: "destroying a guest that powers off waits as long as the guest may take",
    shows: "the guest powers off and QEMU hangs; destroy(A)",
    expects: ["I15", "I10"],
    shape: "powered off and stuck",
    edits: [
      {
        file: life,
        find: `          {
            guard: and(["isThisEpoch", "isHastened"]),
            target: "#stopping",
            reenter: true,
            actions: joinEnding
          },
`,
        replace: ""
      }
    ]
  }
]
