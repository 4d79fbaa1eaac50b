/**
 * Goal: each planned fault comes to pass as it is described, what happens to a guest is reported,
 * and whatever goes wrong, a simulated QEMU says nothing that the model could not say.
 * Method: examples per fault; any plan, any client and any order of deliveries for the last.
 */
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { PlannedFault } from "../../../../src/testing/fault.ts"
import { accept } from "../../../../src/testing/qemu/accept.ts"
import { looksMax } from "../../../../src/testing/qemu/guest.ts"
import { floodEvents, lateMs } from "../../../../src/testing/qemu/monitor.ts"
import { Bench, uuid } from "./bench.ts"

const qmp = (fault: Extract<PlannedFault, { seam: "qmp" }>["fault"], nth = 1): PlannedFault => ({
  seam: "qmp",
  nth,
  fault
})
const status = { status: "prelaunch", singlestep: false, running: false }

test("a guest boots, obeys its power button, and ends with its QEMU", () => {
  const bench = new Bench()
  const client = bench.greeted()
  client.ask("cont")
  bench.world.advance(1_000)
  client.ask("system_powerdown")
  bench.world.advance(1_000)
  client.ask("quit")
  bench.world.drain()
  expect(client.events).toEqual(["RESUME", "POWERDOWN", "SHUTDOWN", "STOP", "SHUTDOWN"])
  expect(client.hasEnded).toBe(true)
  expect(bench.exit).toBe(0)
  expect(bench.happenings).toEqual(["qemu-started", "qemu-running", "qemu-shutdown", "qemu-exited"])
  const { pid } = bench.launched.process
  for (const { kind: _, ...who } of bench.told) expect(who).toEqual({ uuid, epoch: "e1", pid })
})

test("events carry the world's wall clock", () => {
  const bench = new Bench()
  const client = bench.greeted()
  bench.world.advance(1_234)
  client.ask("cont")
  const wallMs = bench.world.wallOriginMs + bench.world.nowMs
  const { timestamp } = client.heard.find(({ event }) => event === "RESUME") ?? {}
  expect(timestamp).toEqual({
    seconds: Math.floor(wallMs / 1000),
    microseconds: (wallMs % 1000) * 1000
  })
})

test("a world with a guest that runs for ever comes to rest", () => {
  const bench = new Bench()
  const client = bench.greeted()
  client.ask("cont")
  bench.world.drain()
  expect(client.ask("query-status")).toMatchObject({ return: { status: "running" } })
  expect(bench.faults.occurrences("guest")).toBeGreaterThanOrEqual(looksMax)
})

test("QEMU dies of a disk that is not there, before it greets", () => {
  const disk = '{"driver":"file","filename":"/nope","node-name":"disk"}'
  const bench = new Bench([], {
    words: ["-S", "-machine", "pc", "-blockdev", disk, "-msg", "timestamp=on"]
  })
  const client = bench.connect()
  bench.world.drain()
  expect(client.lines).toEqual([])
  expect(client.hasEnded).toBe(true)
  expect(bench.exit).toBe(1)
  expect(bench.log).toMatch(/^2026-01-01T00:00:00\.\d{6}Z qemu-system-x86_64: -blockdev /)
  expect(bench.log).toMatch(/: Could not open '\/nope': No such file or directory\n$/)
})

describe("at its start", () => {
  test("die: with a word, before it greets", () => {
    const bench = new Bench([{ seam: "qemu", nth: 0, fault: "die" }])
    const client = bench.connect()
    bench.world.drain()
    expect(client.lines).toEqual([])
    expect(bench.exit).toBe(1)
    expect(bench.log).toMatch(/^qemu-system-x86_64: .+\n$/)
    expect(bench.happenings).toEqual(["qemu-started", "qemu-exited"])
  })

  test("die-late: it greets, answers nothing, and dies", () => {
    const bench = new Bench([{ seam: "qemu", nth: 0, fault: "die-late" }])
    const client = bench.connect()
    client.send("qmp_capabilities")
    bench.world.drain()
    expect(client.heard).toMatchObject([{ QMP: {} }])
    expect(client.hasEnded).toBe(true)
    expect(bench.exit).toBe(1)
  })

  test("mute: takes the client, says nothing, and dies of SIGTERM", () => {
    const bench = new Bench([{ seam: "qemu", nth: 0, fault: "mute" }])
    const client = bench.connect()
    client.send("qmp_capabilities")
    bench.world.drain()
    expect([client.lines, client.hasEnded, bench.exit]).toEqual([[], false, undefined])
    bench.signal("SIGTERM")
    bench.world.drain()
    expect([client.hasEnded, bench.exit]).toEqual([true, "SIGTERM"])
  })

  test("slow: it comes all the same", () => {
    const bench = new Bench([{ seam: "qemu", nth: 0, fault: "slow" }])
    expect(bench.greeted().heard).toHaveLength(2)
    expect(bench.world.nowMs).toBeGreaterThan(5_000)
  })
})

describe("at a command", () => {
  const meet = (fault: Parameters<typeof qmp>[0], command = "query-status") => {
    const bench = new Bench([qmp(fault)])
    const client = bench.greeted()
    const reply = client.ask(command)
    return { bench, client, reply }
  }

  test("die-before and die-after", () => {
    for (const [fault, told] of [
      ["die-before", []],
      ["die-after", ["RESUME"]]
    ] as const) {
      const { bench, client, reply } = meet(fault, "cont")
      bench.world.drain()
      expect(reply).toBeUndefined()
      expect(client.events).toEqual(told)
      expect([client.hasEnded, bench.exit]).toEqual([true, "SIGABRT"])
    }
  })

  test("hang: nothing more is said or done, SIGTERM is not seen, SIGKILL is", () => {
    const { bench, client, reply } = meet("hang", "cont")
    bench.signal("SIGTERM")
    bench.world.drain()
    expect([reply, client.events, bench.exit]).toEqual([undefined, [], undefined])
    bench.signal("SIGKILL")
    bench.world.drain()
    expect(bench.exit).toBe("SIGKILL")
  })

  test("late: past every deadline, and then as if nothing had been", () => {
    const { bench, client, reply } = meet("late")
    expect(bench.world.nowMs).toBeGreaterThanOrEqual(lateMs)
    expect(reply).toMatchObject({ return: status })
    expect(client.ask("query-status")).toMatchObject({ return: status })
  })

  test("refuse: an error, and nothing is done", () => {
    const { client, reply } = meet("refuse", "cont")
    expect(reply).toMatchObject({ error: { class: "GenericError" } })
    expect(client.ask("query-status")).toMatchObject({ return: status })
  })

  test("no-id: an error that is nobody's", () => {
    const { client, reply } = meet("no-id")
    expect(reply).toBeUndefined()
    expect(client.heard.at(-1)).toMatchObject({ error: {} })
    expect(client.heard.at(-1)).not.toHaveProperty("id")
  })

  test("garbage: bytes that are no QMP", () => {
    const { client } = meet("garbage")
    expect(client.heard.length).toBeLessThan(client.lines.length)
  })

  test("flood: thousands of events, then the reply", () => {
    const { client, reply } = meet("flood")
    expect(client.events).toHaveLength(floodEvents)
    expect(client.heard.at(-1)).toEqual(reply)
  })

  test("closed: the monitor ends, QEMU does not", () => {
    const { bench, client, reply } = meet("closed", "cont")
    expect([reply, client.hasEnded, bench.exit]).toEqual([undefined, true, undefined])
    expect(bench.greeted().ask("query-status")).toMatchObject({ return: status })
  })

  test("double: an event twice, the reply once", () => {
    const { client } = meet("double", "cont")
    expect(client.events).toEqual(["RESUME", "RESUME"])
    expect(client.heard.filter(({ id }) => id === 2)).toHaveLength(1)
  })
})

describe("the guest by itself", () => {
  const whims = [
    ["poweroff", ["SHUTDOWN", "STOP"], "shutdown", "qemu-shutdown"],
    ["panic", ["GUEST_PANICKED", "STOP"], "guest-panicked", "qemu-crashed"],
    ["ioerror", ["BLOCK_IO_ERROR", "STOP"], "io-error", "qemu-stopped"],
    ["suspend", ["SUSPEND"], "suspended", "qemu-suspended"],
    ["reset", ["RESET", "RESET", "RESET"], "running", "qemu-reset"]
  ] as const

  test.each(whims)("%s", (...[fault, events, becomes, kind]) => {
    const bench = new Bench([{ seam: "guest", nth: 0, fault }])
    const client = bench.greeted()
    client.ask("cont")
    bench.world.drain()
    expect(client.events).toEqual(["RESUME", ...events])
    expect(client.ask("query-status")).toMatchObject({ return: { status: becomes } })
    expect(bench.happenings).toContain(kind)
  })

  test("ignore: the power button is not heard", () => {
    const bench = new Bench([{ seam: "guest", nth: 0, fault: "ignore" }])
    const client = bench.greeted()
    client.ask("cont")
    bench.world.advance(1_000)
    client.ask("system_powerdown")
    bench.world.drain()
    expect(client.events).toEqual(["RESUME", "POWERDOWN"])
  })
})

// Whatever is asked of it in whatever order.

const honest = ["die-before", "die-after", "hang", "late", "refuse", "flood", "closed"] as const

const fault: fc.Arbitrary<PlannedFault> = fc.oneof(
  fc.record({
    seam: fc.constant("qmp"),
    nth: fc.nat(12),
    fault: fc.constantFrom(...honest)
  }),
  fc.record({
    seam: fc.constant("guest"),
    nth: fc.nat(20),
    fault: fc.constantFrom("poweroff", "reset", "panic", "ioerror", "suspend", "ignore")
  }),
  fc.record({
    seam: fc.constant("qemu"),
    nth: fc.constant(0),
    fault: fc.constantFrom("die", "die-late", "mute", "slow")
  })
) as fc.Arbitrary<PlannedFault>

type Move =
  | { readonly do: "send"; readonly execute: string; readonly words?: object }
  | { readonly do: "bytes"; readonly text: string }
  | { readonly do: "connect" | "close" | "settle" }
  | { readonly do: "signal"; readonly name: "SIGTERM" | "SIGSTOP" | "SIGCONT" }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "steps"; readonly count: number }

const commands = (
  "cont stop system_reset system_powerdown system_wakeup query-status qmp_capabilities " +
  "query-chardev query-version nope quit"
).split(" ")
const send = (execute: fc.Arbitrary<string>) =>
  fc.record({ do: fc.constant("send" as const), execute })

const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 8, arbitrary: send(fc.constantFrom(...commands.slice(0, -1))) },
  { weight: 1, arbitrary: send(fc.constantFrom(...commands)) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("send" as const),
      execute: fc.constant("set-action"),
      words: fc.constantFrom(
        { reboot: "shutdown" },
        { reboot: "reset" },
        { panic: "none" },
        { shutdown: "poweroff" },
        { nope: 1 }
      )
    })
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("bytes" as const),
      text: fc.constantFrom("}\n", "hello\n", '{"execute":', '"stop"}', '{"id":3}')
    })
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom("connect" as const, "close" as const) })
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("signal" as const),
      name: fc.constantFrom("SIGTERM" as const, "SIGSTOP" as const, "SIGCONT" as const)
    })
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.nat(4_000) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("steps" as const), count: fc.nat(10) }) }
)

const playAll = (
  faults: readonly PlannedFault[],
  moves: readonly Move[],
  choices: readonly number[]
) => {
  const bench = new Bench(faults, { choices })
  let client = bench.connect()
  client.send("qmp_capabilities")
  for (const one of moves) {
    switch (one.do) {
      case "send":
        client.send(one.execute, one.words)
        break
      case "bytes":
        client.write(one.text)
        break
      case "close":
        client.connection?.close()
        break
      case "connect":
        // One at a time, as the engine does it.
        client.connection?.close()
        client = bench.tryConnect() ?? client
        client.send("qmp_capabilities")
        break
      case "signal":
        bench.signal(one.name)
        break
      case "wait":
        bench.world.advance(one.ms)
        break
      case "steps":
        for (let count = 0; count < one.count; count++) bench.world.step(bench.world.nowMs)
    }
  }
  bench.signal("SIGCONT")
  bench.world.drain()
  return bench
}

test("whatever goes wrong, it says nothing that the model could not say", () => {
  fc.assert(
    fc.property(
      fc.array(fault, { maxLength: 4 }),
      fc.array(move, { maxLength: 30 }),
      fc.array(fc.nat(7), { maxLength: 40 }),
      (faults, moves, choices) => {
        const { recorder } = playAll(faults, moves, choices)
        for (const trace of recorder.guests)
          expect(accept(trace), JSON.stringify(trace.slice(1), undefined, 1)).toMatchObject({
            isAccepted: true
          })
      }
    ),
    { numRuns: 300 }
  )
})

test("the same plan runs the same, to the byte", () => {
  fc.assert(
    fc.property(fc.array(fault), fc.array(move), fc.array(fc.nat(7)), (faults, moves, choices) => {
      const [one, other] = [playAll(faults, moves, choices), playAll(faults, moves, choices)]
      expect(one.world.trace).toEqual(other.world.trace)
      expect(one.recorder.guests).toEqual(other.recorder.guests)
      expect(one.told).toEqual(other.told)
    }),
    { numRuns: 30 }
  )
})
