/**
 * Goal: whatever QEMU says, however it is cut, however late, and however its connection ends, each
 * command ends once with what belongs to it, and its listener hears every event in order and the
 * end once and last.
 * Method: random commands to a scripted QEMU over a socket whose reads are cut at random, with a
 * listener that has room now and then, in random orders of deliveries.
 */
import fc from "fast-check"
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import { type Monitor, open } from "../../../actors/monitor.ts"
import { Sockets } from "../../../src/host/socket.ts"
import type { Kernel } from "../../../src/kernel/kernel.ts"
import type { World } from "../../../src/testing/world.ts"
import { choiceList, stage } from "./clients.ts"
import { ScriptedSocket } from "./scripted-socket.ts"

const timeoutMs = 100

interface Command {
  readonly atMs: number
  readonly answer: "ok" | "refused" | "late" | "never"
  readonly delayMs: number
  readonly eventsBefore: number
}

interface Script {
  readonly commands: readonly Command[]
  readonly end: "none" | "eof" | "garbage" | "close"
  readonly endAtMs: number
  readonly sizes: readonly number[]
  /** Events that the listener takes before it must rest. */
  readonly room: number
  readonly restMs: number
}

const script: fc.Arbitrary<Script> = fc.record({
  commands: fc.array(
    fc.record({
      atMs: fc.nat(60),
      answer: fc.constantFrom("ok", "ok", "refused", "late", "never"),
      delayMs: fc.nat(50),
      eventsBefore: fc.nat(4)
    }),
    { maxLength: 6 }
  ),
  end: fc.constantFrom("none", "eof", "garbage", "close"),
  endAtMs: fc.nat(300),
  sizes: fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 6 }),
  room: fc.integer({ min: 1, max: 5 }),
  restMs: fc.constantFrom(0, 0, 1, 5, 20)
})

const greeting = {
  QMP: { version: { qemu: { major: 7, minor: 2, micro: 22 }, package: "" }, capabilities: ["oob"] }
}
const timestamp = { seconds: 1, microseconds: 0 }

/** QEMU, as the script has it. */
class ScriptedQemu {
  readonly socket: ScriptedSocket
  sent = 0
  private readonly world: World
  private readonly script: Script

  constructor(world: World, one: Script) {
    this.world = world
    this.script = one
    this.socket = new ScriptedSocket(world, one.sizes, (line) => this.take(line))
    this.socket.send(greeting)
  }

  private take(line: string): void {
    const { id, execute } = JSON.parse(line) as { readonly id: number; readonly execute: string }
    if (execute === "qmp_capabilities") return this.socket.send({ return: {}, id })
    const index = Number(execute.replace("x-", ""))
    const { answer, delayMs, eventsBefore } = this.script.commands[index] ?? {
      answer: "never",
      delayMs: 0,
      eventsBefore: 0
    }
    const afterMs = answer === "late" ? timeoutMs + 1 + delayMs : delayMs
    const speak = Effect.sync(() => {
      for (let count = 0; count < eventsBefore; count++) this.tell()
      if (answer === "ok" || answer === "late") this.socket.send({ return: { index }, id })
      const error = { class: "GenericError", desc: `no ${index}` }
      if (answer === "refused") this.socket.send({ error, id })
    })
    this.world.fork(Effect.andThen(Effect.sleep(afterMs), speak))
  }

  private tell(): void {
    if (this.socket.hasEnded) return
    this.socket.send({ event: "RTC_CHANGE", data: { offset: this.sent++ }, timestamp })
  }
}

type Told = number | "silent" | "heard" | "end"

/** Takes some events, and then none for a while. */
const restingListener = (world: World, { room, restMs }: Script, told: Told[]) => {
  let left = room
  let resume: (() => void) | undefined
  const take = (what: Told): boolean => {
    if (left === 0) return false
    left--
    told.push(what)
    if (left === 0)
      world.fork(
        Effect.andThen(
          Effect.sleep(restMs),
          Effect.sync(() => {
            left = room
            const again = resume
            resume = undefined
            again?.()
          })
        )
      )
    return true
  }
  return {
    onEvent: (event: { readonly _tag: string }) =>
      take("offsetSeconds" in event ? Number(event.offsetSeconds) : -1),
    whenRoom: (again: () => void) => {
      if (left > 0) world.schedule("room", again)
      else resume = again
    },
    onSilent: () => void told.push("silent"),
    onHeard: () => void told.push("heard"),
    onEnd: () => take("end")
  }
}

type Listener = Parameters<typeof open>[0]["listener"]

const connect = (kernel: Kernel, socket: ScriptedSocket, listener: Listener) =>
  open({ kernel, name: "monitor", path: "/m", listener }).pipe(
    Effect.provideService(Sockets, socket.sockets)
  )

const endOf = (exit: { readonly _tag: string }): string => {
  if (exit._tag === "Success") return "ok"
  const { cause } = exit as unknown as { cause: { reasons: { _tag: string; error?: object }[] } }
  const error = cause.reasons[0]?.error
  return error !== undefined && "_tag" in error ? String(error._tag) : "defect"
}

const play = (one: Script, choices: readonly number[]) => {
  const { world, kernel } = stage(choices, {})
  const qemu = new ScriptedQemu(world, one)
  const told: Told[] = []
  let closedAt = -1
  const ends: string[][] = one.commands.map(() => [])
  const ask = (monitor: Monitor, { atMs }: Command, index: number) =>
    Effect.gen(function* () {
      yield* Effect.sleep(atMs)
      const exit = yield* Effect.exit(monitor.execute({ execute: `x-${index}` }, timeoutMs))
      ends[index]?.push(endOf(exit))
      const value = exit._tag === "Success" ? exit.value : { index }
      if (JSON.stringify(value) !== JSON.stringify({ index })) ends[index]?.push("another's reply")
    })
  const program = Effect.gen(function* () {
    const monitor = yield* connect(kernel, qemu.socket, restingListener(world, one, told))
    for (const [index, command] of one.commands.entries()) world.fork(ask(monitor, command, index))
    yield* Effect.sleep(one.endAtMs)
    if (one.end === "eof") qemu.socket.end()
    if (one.end === "garbage") qemu.socket.sendText("}{ what is this\n")
    if (one.end === "close") {
      yield* monitor.close
      closedAt = told.length
    }
  })
  const exit = world.run(program)
  return { exit, qemu, told, ends, closedAt }
}

const honest: { readonly [answer: string]: string } = {
  ok: "ok",
  refused: "QmpRefused",
  late: "QmpTimeout",
  never: "QmpTimeout"
}

test("each command ends once as it should; events come in order, the end once and last", () => {
  const met = new Map<string, number>()
  fc.assert(
    fc.property(script, choiceList, (one, choices) => {
      const { exit, qemu, told, ends, closedAt } = play(one, choices)
      // Only an end can take the connection from under its opening.
      expect(exit._tag).toBe("Success")
      for (const [index, { answer }] of one.commands.entries()) {
        const [end = "none"] = ends[index] ?? []
        expect(ends[index]).toHaveLength(1)
        met.set(end, (met.get(end) ?? 0) + 1)
        // A reply waits behind events that the listener has no room for, and may come too late.
        const isSwift = one.end === "none" && one.restMs === 0
        const others =
          one.end === "none" ? ["QmpTimeout"] : ["QmpEnded", "ActorStopped", "QmpTimeout"]
        expect([honest[answer], ...(isSwift ? [] : others)]).toContain(end)
      }
      const events = told.filter((what) => typeof what === "number")
      expect(events).toEqual(events.map((_, index) => index))
      if (one.end === "none" || one.end === "eof") expect(events).toHaveLength(qemu.sent)
      const isEnded = one.end === "eof" || one.end === "garbage"
      expect(told.filter((what) => what === "end")).toHaveLength(isEnded ? 1 : 0)
      if (isEnded) expect(told.at(-1)).toBe("end")
      if (one.end === "close") expect(told).toHaveLength(closedAt)
    }),
    { numRuns: 1200 }
  )
  for (const end of ["ok", "QmpRefused", "QmpTimeout", "QmpEnded", "ActorStopped"])
    expect(met.get(end) ?? 0, end).toBeGreaterThan(1)
})
