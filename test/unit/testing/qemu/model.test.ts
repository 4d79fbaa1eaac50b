/**
 * Goal: the machine keeps the laws that hold in every QEMU: what runs is told, what is stopped
 * stays stopped, an end is final. Method: any sequence of commands, acts and signals.
 */
import * as fc from "fast-check"
import { expect, test } from "vitest"
import {
  type Act,
  act,
  command,
  echoesMax,
  type EventWords,
  type Machine,
  type MachineCommand,
  mayAct,
  powerOn,
  signal
} from "../../../../src/testing/qemu/model.ts"

type Deed =
  | { readonly kind: "command"; readonly name: MachineCommand; readonly words?: object }
  | { readonly kind: "act"; readonly act: Act }
  | { readonly kind: "signal" }

const commands: readonly MachineCommand[] = [
  "cont",
  "stop",
  "system_reset",
  "system_powerdown",
  "system_wakeup",
  "query-status"
]
const acts: readonly Act[] = [
  ...(["boot", "echo", "obey", "hang", "settle", "again"] as const).map((name) => ({ act: name })),
  ...(["poweroff", "reset", "panic", "suspend", "watchdog"] as const).map((name) => ({
    act: name
  })),
  { act: "ioerror", node: "disk" }
]
const actions = fc.oneof(
  fc.record({ reboot: fc.constantFrom("reset", "shutdown") }),
  fc.record({ panic: fc.constantFrom("pause", "shutdown", "exit-failure", "none") }),
  fc.record({
    watchdog: fc.constantFrom("reset", "shutdown", "poweroff", "pause", "none", "inject-nmi")
  })
)

const deed: fc.Arbitrary<Deed> = fc.oneof(
  fc.record({ kind: fc.constant("command"), name: fc.constantFrom(...commands) }),
  fc.record({
    kind: fc.constant("command"),
    name: fc.constant<MachineCommand>("set-action"),
    words: actions
  }),
  fc.record({ kind: fc.constant("act"), act: fc.constantFrom(...acts) })
)

const done = (machine: Machine, { ...what }: Deed) => {
  if (what.kind === "command")
    return command(machine, what.name, { ...what.words } as { [name: string]: string })
  return what.kind === "act" ? act(machine, what.act) : signal(machine)
}

interface Step {
  readonly before: Machine
  readonly after: Machine
  readonly events: readonly EventWords[]
  readonly what: Deed
}

const walk = (deeds: readonly Deed[], look: (step: Step) => void) => {
  let machine = powerOn({ hasBoard: true, actions: { shutdown: "pause" } })
  for (const what of deeds) {
    if (machine.exit !== undefined) return
    const { next, events } = done(machine, what)
    look({ before: machine, after: next, events, what })
    machine = next
  }
}

const holds = (look: Parameters<typeof walk>[1]) =>
  fc.assert(fc.property(fc.array(deed, { maxLength: 40 }), (deeds) => walk(deeds, look)))

const names = (events: readonly EventWords[]) => events.map(({ event }) => event)

test("whatever begins or ceases to run is told by an event", () => {
  const beginnings = ["RESUME", "WAKEUP"]
  const ceasing = ["STOP", "SUSPEND"]
  holds(({ before, after, events }) => {
    const [was, is] = [before.status === "running", after.status === "running"]
    const told = names(events)
    const flips = told.filter((name) => [...beginnings, ...ceasing].includes(name))
    if (was !== is) expect(flips).toHaveLength(1)
    if (!was && is) expect(beginnings).toContain(flips[0])
    if (was && !is && after.exit === undefined) expect(ceasing).toContain(flips[0])
    // A stop that is overtaken by cont is told with the cont.
    if (was === is) expect([[], ["STOP", "RESUME"]]).toContainEqual(flips)
  })
})

test("a guest that does not run does nothing", () => {
  holds(({ before, after, events, what }) => {
    if (what.kind !== "act" || mayAct(before, what.act)) return
    expect(after).toEqual(before)
    expect(events).toEqual([])
  })
})

test("after a shutdown only a reset lets it run again", () => {
  holds(({ before, after, what }) => {
    if (before.status !== "shutdown" || after.status === "shutdown") return
    expect(what).toMatchObject({ name: "system_reset" })
    expect(after.status).toBe("prelaunch")
  })
})

test("what happened is told before the stop that it leads to", () => {
  holds(({ events }) => {
    const told = names(events)
    const stop = told.indexOf("STOP")
    if (stop < 0) return
    for (const cause of ["SHUTDOWN", "GUEST_PANICKED", "BLOCK_IO_ERROR", "WATCHDOG"])
      expect(told.indexOf(cause)).toBeLessThan(stop)
  })
})

test("with -no-shutdown only quit, a signal or the watchdog's poweroff end it", () => {
  holds(({ before, after, what }) => {
    if (after.exit === undefined) return
    expect(before.actions.watchdog).toBe("poweroff")
    expect(what).toMatchObject({ act: { act: "watchdog" } })
  })
  const machine = powerOn({ hasBoard: true })
  expect(signal(machine).next.exit).toBe(0)
  expect(command(machine, "quit").next.exit).toBe(0)
})

test("the firmware's further resets are bounded", () => {
  let { next } = command(command(powerOn({ hasBoard: true }), "cont").next, "system_reset")
  let echoes = 0
  while (mayAct(next, { act: "echo" })) {
    ;({ next } = act(next, { act: "echo" }))
    echoes++
  }
  expect(echoes).toBe(echoesMax)
})
