/** Mutants of class C11: one slow peer blocks the rest. */
import type { Mutant } from "./mutant.ts"

const handle = "src/engine/handle.ts"

export const hangs: readonly Mutant[] = [
  {
    id: "M-Z115",
    zoo: ["Z115", "Z117"],
    title: "a look at a domain waits until its job is done",
    shows: "setTitle(A) on a slow disk, info(A)",
    expects: ["I11", "I10"],
    shape: "looked at while it is written",
    edits: [
      {
        file: handle,
        find: "    const { context, chart } = DomainActor.view(ref)\n",
        replace: `    while (!DomainActor.view(ref).chart.includes("job.idle")) yield* Effect.sleep(100)
    const { context, chart } = DomainActor.view(ref)
`
      }
    ]
  },
  {
    id: "M-Z115b",
    zoo: ["Z115"],
    title: "destroy waits for the change of the definition that is being written",
    shows: "setTitle(A) on a slow disk, destroy(A)",
    expects: ["I15", "I10"],
    shape: "written meanwhile",
    edits: [
      {
        file: "machines/domain/guest.ts",
        find: `  destroy: {
    guard: "isThisEpoch" as const,
    target: "#stopping",
    actions: [joinDestroy, because("destroyed")]
  },`,
        replace: `  destroy: [
    { guard: not("isJobIdle"), actions: "postpone" as const },
    {
      guard: "isThisEpoch" as const,
      target: "#stopping",
      actions: [joinDestroy, because("destroyed")]
    }
  ],`
      },
      {
        file: "machines/domain/guest.ts",
        find: 'import { and, assign } from "xstate"',
        replace: 'import { and, assign, not } from "xstate"'
      }
    ]
  },
  {
    id: "M-Z120",
    zoo: ["Z120"],
    title: "an asker waits without limit for an actor that waits for its disk",
    shows: "start(A) while A ends and QEMU hangs in the kernel: no deadline, no answer",
    expects: ["I10"],
    shape: "clocks that jump",
    edits: [
      {
        file: "src/kernel/desk.ts",
        find: "    enquiry.timer ??= this.owner.kernel.timers.at(",
        replace: "    if (enquiry.deadlineMs === 0) enquiry.timer ??= this.owner.kernel.timers.at("
      }
    ]
  },
  {
    id: "M-Z121",
    zoo: ["Z121", "Z116"],
    title: "a look at a running domain asks QEMU first",
    shows: "QEMU hangs; info(A)",
    expects: ["I11", "I10"],
    shape: "silent QEMU",
    edits: [
      {
        file: handle,
        find: "    const { context, chart } = DomainActor.view(ref)\n",
        replace: `    const { monitor } = ref.belongings.find(DomainActor.view(ref).context.epoch) ?? {}
    if (monitor !== undefined) yield* Effect.ignore(monitor.execute({ execute: "query-status" }))
    const { context, chart } = DomainActor.view(ref)
`
      }
    ]
  },
  {
    id: "M-Z123",
    zoo: ["Z123", "Z118"],
    title: "a listing asks the QEMU of each guest",
    shows: "one of several QEMUs hangs; list",
    expects: ["I11", "I10"],
    shape: "silent QEMU",
    edits: [
      {
        file: "src/engine/engine.ts",
        find: `  list: (filter) =>
    reading(driver, "connectListAllDomains", (parts) => Reads.summaries(parts, filter)),`,
        replace: `  list: (filter) =>
    driver.call(makeCall("connectListAllDomains"), (parts) =>
      Effect.gen(function* () {
        for (const { ref } of parts.domains.all()) {
          const { monitor } = ref?.belongings.find(DomainActor.view(ref).context.epoch) ?? {}
          if (monitor) yield* Effect.ignore(monitor.execute({ execute: "query-status" }))
        }
        return Reads.summaries(parts, filter)
      })
    ),`
      }
    ]
  },
  {
    id: "M-Z123b",
    zoo: ["Z123", "Z122"],
    title: "a command of the monitor has no deadline",
    shows: "QEMU hangs; suspend(A), and everything after it",
    expects: ["I10", "I14", "I11"],
    shape: "one that hangs",
    edits: [
      {
        file: "actors/monitor.ts",
        find: `      { type: "write", params: { key: id, bytes } },
      { type: "deadline", params: { key: id, timeoutMs } }
`,
        replace: `      { type: "write", params: { key: id, bytes } }
`
      }
    ]
  },
  {
    id: "M-Z125",
    zoo: ["Z125", "Z124"],
    title: "a start keeps its place in the lane until its guest runs",
    shows: "starts whose QEMUs never greet, as many as the lane is wide; start(B)",
    expects: ["I11", "I10"],
    shape: "one that hangs",
    edits: [
      {
        file: "actors/domain/start.ts",
        find: `  return yield* Effect.mapError(inStartLane(bring(domain, request, self)), (failure) =>`,
        replace: `  const { epoch, starter } = request
  const whole = Effect.flatMap(bring(domain, request, self), (brought) =>
    awaken({ domain, self, epoch }, brought, starter)
  )
  return yield* Effect.mapError(inStartLane(whole), (failure) =>`
      },
      {
        file: "actors/domain/start.ts",
        find: `    const brought = yield* inLane(domain, request, self)
    return yield* awaken({ domain, self, epoch }, brought, starter)`,
        replace: "    return yield* inLane(domain, request, self)"
      }
    ]
  },
  {
    id: "M-I10",
    zoo: [],
    title: "deadlines follow the wall clock",
    shows: "the clock is set back while start(A) waits for A to end",
    expects: ["I10"],
    shape: "clocks that jump",
    edits: [
      {
        file: "src/kernel/timers.ts",
        find: "this.clock.monotonicTimeNanosUnsafe()",
        replace: "this.clock.currentTimeNanosUnsafe()"
      }
    ]
  },
  {
    id: "M-I37",
    zoo: ["Z028"],
    title: "nothing holds back a guest whose events come in a flood",
    shows: "QEMU tells thousands of events at once",
    expects: ["I37"],
    shape: "flood",
    edits: [
      {
        file: "src/kernel/actor.ts",
        find: '    if (this.desk.mailbox.length("events") >= eventsLengthMax) return false\n',
        replace: ""
      }
    ]
  },
  {
    id: "M-I20",
    zoo: ["Z028"],
    title: "what a domain has no room for is dropped",
    shows: "QEMU tells thousands of events at once, and then that the guest powered off",
    expects: ["I20", "I37"],
    shape: "flood",
    edits: [
      {
        file: "actors/domain/ear.ts",
        find: "    if (this.isOpen && this.held.length === 0) return this.owner.offer(fact)\n    if",
        replace: `    if (this.isOpen && this.held.length === 0) {
      this.owner.offer(fact)
      return true
    }
    if`
      }
    ]
  },
  {
    id: "M-I20b",
    zoo: [],
    title: "a listener that is too slow is not told what it has missed",
    shows: "QEMU tells thousands of events at once to a listener that takes its time",
    expects: ["I20"],
    shape: "flood",
    edits: [
      {
        file: "actors/event-bus.ts",
        find: "    if (this.missed > 0) this.waiting.push(this.gap())",
        replace: "    if (this.missed > 0) this.gap()"
      },
      {
        file: "actors/event-bus.ts",
        find: "    if (this.missed > 0) return resume(Effect.succeed(this.gap()))\n",
        replace: ""
      }
    ]
  }
]
