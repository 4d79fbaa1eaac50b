/**
 * Goal: a pool of host devices gives each to one holder, all or nothing, and takes back only what
 * a token took. Method: random clients, some of which give up, under random and (small) all orders
 * of deliveries; the history must be one of a sequential table, and no version may pass a device
 * on.
 */
import fc from "fast-check"
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import { type Holdings, makePool } from "../../../actors/host-device-pool.ts"
import { Change, emptyState } from "../../../actors/device-table.ts"
import { hostdevMachine } from "../../../machines/hostdev.ts"
import { initialStep } from "../../../src/kernel/statechart.ts"
import { explore } from "../../../src/testing/explore.ts"
import { choiceList, programOf, runClients, stage } from "./clients.ts"
import { isLinearizable, type Model } from "./linearizable.ts"

interface Reserve {
  readonly kind: "reserve"
  readonly devices: readonly string[]
  readonly token: string
}
type Input = Reserve | { readonly kind: "release"; readonly token: string }
type State = { readonly [device: string]: string }

/** What a pool is, said once more and differently. */
const model: Model<State, Input, string> = {
  initial: {},
  key: (state) => JSON.stringify(Object.entries(state).toSorted()),
  apply: (state, input) => {
    if (input.kind === "release")
      return [Object.fromEntries(Object.entries(state).filter(([, t]) => t !== input.token)), "ok"]
    const busy = input.devices.find((device) => (state[device] ?? input.token) !== input.token)
    if (busy !== undefined) return [state, `${busy} is held by ${state[busy]}`]
    return [{ ...state, ...Object.fromEntries(input.devices.map((d) => [d, input.token])) }, "ok"]
  }
}

const token = fc.constantFrom("a", "b", "c")
const device = fc.constantFrom("0000:01:00.0", "0000:02:00.0", "0000:03:00.0")
const input: fc.Arbitrary<Input> = fc.oneof(
  fc.record({
    kind: fc.constant("reserve" as const),
    devices: fc.uniqueArray(device, { maxLength: 3 }),
    token
  }),
  fc.record({ kind: fc.constant("release" as const), token })
)

const wishesOf = (devices: readonly string[]) =>
  devices.map((name) => ({ device: name, isManaged: false }))

const run = (
  program: Parameters<typeof runClients<Input, string>>[1],
  choices: readonly number[]
) => {
  const { world, kernel } = stage(choices)
  const pool = makePool(kernel, { kind: "usb" })
  const versions: Holdings[] = [pool.holdings()]
  kernel.inspection.watch(() => void versions.push(pool.holdings()))
  const holder = (name: string) => ({ uuid: name, name, epoch: "1.1", token: name })
  const perform = (one: Input): Effect.Effect<string> =>
    one.kind === "reserve"
      ? Effect.match(pool.reserve(wishesOf(one.devices), holder(one.token)), {
          onSuccess: () => "ok",
          onFailure: (error) =>
            error._tag === "DeviceBusy"
              ? `${error.device} is held by ${error.holder}`
              : error.message
        })
      : Effect.as(Effect.orDie(pool.release(one.token)), "ok")
  const history = runClients(world, program, perform)
  return { world, history, versions }
}

/** A device that goes from one holder straight to another was taken from somebody. */
const passedOn = (versions: readonly Holdings[]): readonly string[] =>
  versions.flatMap((now, index) => {
    const before = versions[index - 1] ?? {}
    return Object.keys(now).filter(
      (name) => before[name] !== undefined && before[name].token !== now[name]?.token
    )
  })

test("every history is one of a sequential table, and no device is taken from its holder", () => {
  let [busy, abandoned] = [0, 0]
  fc.assert(
    fc.property(programOf(input), choiceList, (program, choices) => {
      const { history, versions } = run(program, choices)
      expect(isLinearizable(history, model)).toBe(true)
      expect(passedOn(versions)).toEqual([])
      busy += history.filter(({ result }) => result?.includes("held") === true).length
      abandoned += history.filter(({ result }) => result === undefined).length
    }),
    { numRuns: 1500 }
  )
  expect(Math.min(busy, abandoned)).toBeGreaterThan(5)
})

test("the checker refuses a history in which two have one device", () => {
  const reserve = (by: string, from: number) => ({
    input: { kind: "reserve" as const, devices: ["0000:01:00.0"], token: by },
    result: "ok",
    from,
    until: from + 1
  })
  expect(isLinearizable([reserve("a", 1), reserve("b", 3)], model)).toBe(false)
  expect(isLinearizable([reserve("a", 1), reserve("a", 3)], model)).toBe(true)
})

test("in every order of two overlapping reservations one is whole and one took nothing", () => {
  const devices = ["0000:01:00.0", "0000:02:00.0"]
  const step = (one: Input) => ({ input: one, isAbandoned: false })
  const outcomes = new Set<string>()
  const { isComplete, runs } = explore((choices) => {
    const { world, history, versions } = run(
      [
        [step({ kind: "reserve", devices, token: "a" }), step({ kind: "release", token: "a" })],
        [step({ kind: "reserve", devices: devices.toReversed(), token: "b" })]
      ],
      choices
    )
    expect(isLinearizable(history, model)).toBe(true)
    for (const version of versions) expect([0, 2]).toContain(Object.keys(version).length)
    outcomes.add(history.map(({ input: { token: by }, result }) => `${by} ${result}`).join(", "))
    return world
  })
  expect(isComplete).toBe(true)
  expect(runs).toBeGreaterThan(10)
  expect(outcomes.size).toBeGreaterThan(2)
})

test("a pool's records say which devices moved, and from where to where", () => {
  const { world, kernel } = stage([])
  const pool = makePool(kernel, { kind: "usb" })
  const told: unknown[] = []
  kernel.inspection.watch(({ message, moved }) => void told.push([message, moved]))
  const holder = { uuid: "a", name: "a", epoch: "1.1", token: "a" }
  const program = Effect.gen(function* () {
    yield* pool.reserve(wishesOf(["one", "two"]), holder)
    yield* pool.prepare("a")
    yield* pool.release("a", "two")
  })
  world.fork(program)
  world.drain()
  const moves = (thing: string, from: string, to: string) => ({ thing, from, to })
  expect(told).toEqual([
    ["reserve", [moves("one", "host", "reserved"), moves("two", "host", "reserved")]],
    ["prepare", [moves("one", "reserved", "assigned"), moves("two", "reserved", "assigned")]],
    ["release", [moves("two", "assigned", "host")]]
  ])
})

test("a device that no pool knows of stands as its chart begins", () => {
  for (const isBound of [true, false]) {
    const device = "0000:01:00.0"
    const { next } = initialStep(hostdevMachine, { device, isBound })
    expect(new Change(emptyState, isBound).snapshot(device)).toEqual(next)
  }
})
