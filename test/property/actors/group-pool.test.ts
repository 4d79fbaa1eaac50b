/**
 * Goal: two functions of one IOMMU group are never two guests', and neither is with a driver of the
 * host's while a guest has the other, in whatever order guests ask and somebody gives them back.
 * Method: the real pool over a simulated host; guests that want one or both and a hand that takes
 * and gives back, in random order of deliveries. Whoever is told that it has a function may open
 * it, as QEMU would: the kernel lets it, or the pool was wrong.
 */
import * as Effect from "effect/Effect"
import fc from "fast-check"
import { expect, test } from "vitest"
import { makePciPool } from "../../../actors/pci-pool.ts"
import { DriverTurns } from "../../../src/host/driver-write.ts"
import { Kernel } from "../../../src/kernel/kernel.ts"
import type { HostdevRecord } from "../../../src/store/hostdevs.ts"
import { deviceShapes } from "../../../src/testing/host/device-shapes.ts"
import { SimulatedHost } from "../../../src/testing/host/host.ts"
import { uniform } from "../../../src/testing/strategy/uniform.ts"
import { World } from "../../../src/testing/world.ts"

const [video, sound] = ["0000:01:00.0", "0000:01:00.1"] as const
const both = [video, sound] as const

const makeStage = (seed: number) => {
  const world = new World(uniform(seed))
  const host = new SimulatedHost(world, { devices: deviceShapes.twoFunctions })
  const records = new Map<string, HostdevRecord>()
  const store = {
    writeHostdev: (record: HostdevRecord) =>
      Effect.sync(() => void records.set(record.device, record)),
    removeHostdev: (device: string) => Effect.sync(() => void records.delete(device)),
    readHostdev: (device: string) => Effect.sync(() => records.get(device))
  }
  const { context } = host.engine("engine", () => {})
  const options = { store, context, turns: new DriverTurns(), recalled: [] }
  const pool = makePciPool(new Kernel(world, world.context), options)
  return { world, host, records, pool }
}

type Stage = ReturnType<typeof makeStage>

interface Met {
  refused: number
  opened: number
}

/** Reserves, prepares, opens each as its QEMU would, and gives all of it back. */
const guest = Effect.fnUntraced(function* (
  { host, pool }: Stage,
  { pid, wants }: { readonly pid: number; readonly wants: readonly string[] },
  met: Met
) {
  const token = `g${pid}`
  const wishes = wants.map((device) => ({ device, isManaged: true }))
  const holder = { uuid: token, name: token, epoch: "1.1", token }
  const got = yield* Effect.result(
    Effect.andThen(pool.reserve(wishes, holder), pool.prepare(token))
  )
  if (got._tag === "Failure") {
    met.refused++
    expect(["DeviceBusy", "GroupNotViable"]).toContain(got.failure._tag)
    expect(wants.filter((device) => pool.holderOf(device)?.token === token)).toEqual([])
  } else {
    met.opened++
    // Throws what the kernel would answer to QEMU.
    const close = wants.map((device) => host.pci.open(device, pid))
    yield* Effect.sleep(5)
    for (const one of close) one()
  }
  yield* pool.release(token)
})

/** Somebody at a terminal; what is refused to them is theirs to read. */
const hand = Effect.fnUntraced(function* ({ pool }: Stage, devices: readonly string[]) {
  for (const device of devices) yield* Effect.ignore(pool.detach(device))
  for (const device of devices) yield* Effect.ignore(pool.reattach(device))
})

const wants = fc.constantFrom<readonly string[]>([video], [sound], both)
const plan = fc.record({
  seed: fc.nat(),
  guests: fc.array(fc.record({ wants, rounds: fc.integer({ min: 1, max: 3 }) }), {
    minLength: 2,
    maxLength: 4
  }),
  isDetached: fc.boolean(),
  hands: fc.array(fc.constantFrom<readonly string[]>([sound], [video], both), { maxLength: 4 })
})

test("a group is one guest's, or the host's, whatever the order", () => {
  const met: Met = { refused: 0, opened: 0 }
  fc.assert(
    fc.property(plan, ({ seed, guests, isDetached, hands }) => {
      const stage = makeStage(seed)
      const { world, host, pool, records } = stage
      const run = (work: Effect.Effect<unknown, unknown>) => world.fork(work)
      const first = isDetached ? both.map((device) => run(pool.detach(device))) : []
      world.drain()
      const fibers = guests.map(({ wants: wanted, rounds }, index) =>
        run(
          Effect.forEach(
            Array.from({ length: rounds }, (_, round) => 100 * (index + 1) + round),
            (pid) => guest(stage, { pid, wants: wanted }, met)
          )
        )
      )
      const others = hands.map((devices) => run(hand(stage, devices)))
      world.drain()
      for (const fiber of [...first, ...fibers, ...others])
        expect(fiber.pollUnsafe()).toMatchObject({ _tag: "Success" })
      expect(host.pci.refusals).toEqual([])
      for (const device of both) run(Effect.ignore(pool.reattach(device)))
      world.drain()
      expect(both.map((device) => host.pci.get(device)?.driver)).toEqual([
        "nouveau",
        "snd_hda_intel"
      ])
      expect([...pool.entries()]).toEqual([])
      expect([...records]).toEqual([])
    }),
    { numRuns: 150 }
  )
  expect(Math.min(met.refused, met.opened)).toBeGreaterThan(50)
})

test("of two guests that ask at once for one function each, one gets it", () => {
  for (let seed = 0; seed < 100; seed++) {
    const { world, pool } = makeStage(seed)
    for (const device of both) world.fork(pool.detach(device))
    world.drain()
    const asking = both.map((device) => {
      const holder = { uuid: device, name: device, epoch: "1.1", token: device }
      return world.fork(Effect.result(pool.reserve([{ device, isManaged: false }], holder)))
    })
    world.drain()
    const answers = asking.map((fiber) => fiber.pollUnsafe())
    const granted = answers.filter(
      (exit) => exit?._tag === "Success" && exit.value._tag === "Success"
    )
    expect(granted, `seed ${seed}`).toHaveLength(1)
    expect(Object.keys(pool.holdings())).toHaveLength(1)
  }
})
